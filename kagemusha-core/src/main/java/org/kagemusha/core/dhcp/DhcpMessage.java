package org.kagemusha.core.dhcp;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * A message between client and server, RFC 8415 §8.
 *
 * @param type msg-type, 0 to 255
 * @param transaction transaction-id, 24 bits
 * @param options in their order
 */
public record DhcpMessage(int type, int transaction, List<DhcpOption> options) {

  /** CONFIRM, §7.3. */
  public static final int CONFIRM = 4;

  /** RENEW. */
  public static final int RENEW = 5;

  /** REBIND. */
  public static final int REBIND = 6;

  /** REPLY. */
  public static final int REPLY = 7;

  /** INFORMATION-REQUEST. */
  public static final int INFORMATION_REQUEST = 11;

  static final int HEADER = 4;

  /**
   * Reads a message.
   *
   * @param at the absolute index of its first octet
   * @param length octets
   * @return null if it is malformed
   */
  public static DhcpMessage parse(ByteBuffer bytes, int at, int length) {
    if (length < HEADER) {
      return null;
    }
    List<DhcpOption> options = DhcpOption.read(bytes, at + HEADER, at + length);
    return options == null
        ? null
        : new DhcpMessage(bytes.get(at) & 0xff, bytes.getInt(at) & 0xff_ffff, options);
  }

  /** The data of the first option with a code, or null. */
  public byte[] first(int code) {
    for (DhcpOption option : options) {
      if (option.code() == code) {
        return option.data();
      }
    }
    return null;
  }

  /** Says whether an Identity Association of any kind is in it. */
  boolean hasAssociation() {
    return first(DhcpOption.IA_NA) != null
        || first(DhcpOption.IA_TA) != null
        || first(DhcpOption.IA_PD) != null;
  }

  /** Says whether an option is asked for, §21.7; without an Option Request option, any is. */
  boolean asksFor(int code) {
    byte[] requested = first(DhcpOption.OPTION_REQUEST);
    if (requested == null) {
      return true;
    }
    ByteBuffer codes = ByteBuffer.wrap(requested);
    while (codes.remaining() >= Short.BYTES) {
      if ((codes.getShort() & 0xffff) == code) {
        return true;
      }
    }
    return false;
  }
}
