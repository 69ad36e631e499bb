package org.kagemusha.core.message;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.Protocol;

/**
 * A Handover Initiate or Handover Acknowledge, RFC 5568 §6.2.1, with the options that Kagemusha's
 * hosts need to know and trust each other. The host where the VM arrived sends the Handover
 * Initiate to the one that it left, as RFC 5949 does in its reactive mode, since no host knows
 * beforehand where a VM goes.
 *
 * <p>Options, in this order: Mobility Header IP Address/Prefix (§6.4.2) with the home address, as
 * the care-of address that the guest used at the old place and uses at the new one; in a Handover
 * Initiate the Mobility Header Link-Layer Address (§6.4.4) of the guest; our own with nonce and
 * SPI; Binding Authorization Data for FMIPv6 (§6.4.5), the last. Its Option Length counts the SPI,
 * too, so that whoever does not know the option can skip it.
 */
public final class HandoverMessage implements MobilityMessage {

  /** The MH Type of a Handover Initiate. */
  public static final int INITIATE = 14;

  /** The MH Type of a Handover Acknowledge. */
  public static final int ACKNOWLEDGE = 15;

  /** Octets of a nonce. */
  public static final int NONCE_OCTETS = 16;

  /** Octets of the authenticator. */
  public static final int AUTHENTICATOR_OCTETS = 16;

  /** Handover Accepted, use PCoA, §6.2.1.2. */
  public static final int ACCEPTED = 3;

  /** Handover Not Accepted, reason unspecified, §6.2.1.2. */
  public static final int REFUSED = 128;

  /** Administratively prohibited, §6.2.1.2. */
  public static final int PROHIBITED = 129;

  static final int OPTIONS = 10;

  private static final int SEQUENCE = 6;
  private static final int FLAGS = 8;
  private static final int CODE = 9;
  private static final int BUFFER = 0x40;

  private static final int OPTION_LINK_LAYER = 7;
  private static final int OPTION_ADDRESS = 17;
  private static final int OPTION_AUTHORIZATION = 21;
  private static final int OLD_CARE_OF = 1;
  private static final int MOBILE_NODE = 2;
  private static final int AUTHORIZATION = 22;

  private final byte[] octets;
  private int type;
  private Ipv6Address homeAddress;
  private byte[] nonce;
  private int spi;
  private int keyIndex;

  private HandoverMessage(byte[] octets) {
    this.octets = octets;
  }

  /**
   * A Handover Initiate that is not authenticated yet, with the U flag: what was buffered is
   * wanted.
   *
   * @param sequence 0 to 65535
   * @param homeAddress whose packets are wanted
   * @param guest the VM's MAC address
   * @param nonce sixteen octets that were never used before
   * @param spi under which the packets shall come; 0: in clear
   * @param keyIndex tells which key authenticates it
   */
  public static HandoverMessage initiate(
      int sequence, Ipv6Address homeAddress, MacAddress guest, byte[] nonce, int spi,
      int keyIndex) {
    ByteBuffer bytes = begin(INITIATE, 96, sequence, BUFFER, 0, homeAddress);
    bytes.put(32, (byte) OPTION_LINK_LAYER);
    bytes.put(33, (byte) (1 + MacAddress.BYTES));
    bytes.put(34, (byte) MOBILE_NODE);
    guest.write(bytes, 35);
    int data = ExperimentalOption.write(
        bytes, 41, ExperimentalOption.INITIATE, NONCE_OCTETS + Integer.BYTES);
    bytes.put(data, nonce, 0, NONCE_OCTETS);
    bytes.putInt(data + NONCE_OCTETS, spi);
    return finish(bytes, data + NONCE_OCTETS + Integer.BYTES, keyIndex);
  }

  /**
   * A Handover Acknowledge that is not authenticated yet.
   *
   * @param code 0 to 255, below 128 for acceptance
   * @param to the message that it answers
   */
  public static HandoverMessage acknowledge(int code, HandoverMessage to) {
    ByteBuffer bytes = begin(ACKNOWLEDGE, 80, to.sequence(), 0, code, to.homeAddress);
    int data =
        ExperimentalOption.write(bytes, 32, ExperimentalOption.ACKNOWLEDGE, NONCE_OCTETS);
    bytes.put(data, to.nonce);
    return finish(bytes, data + NONCE_OCTETS, to.keyIndex);
  }

  private static ByteBuffer begin(
      int type, int length, int sequence, int flags, int code, Ipv6Address homeAddress) {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    bytes.put(0, (byte) Protocol.NO_NEXT_HEADER);
    bytes.put(1, (byte) (length / 8 - 1));
    bytes.put(2, (byte) type);
    bytes.putShort(SEQUENCE, (short) sequence);
    bytes.put(FLAGS, (byte) flags);
    bytes.put(CODE, (byte) code);
    // §6.4.2: "This option has an alignment requirement of 8n+4."
    ExperimentalOption.pad(bytes, OPTIONS, 12);
    bytes.put(12, (byte) OPTION_ADDRESS);
    bytes.put(13, (byte) (2 + Ipv6Address.BYTES));
    bytes.put(14, (byte) OLD_CARE_OF);
    bytes.put(15, (byte) (8 * Ipv6Address.BYTES));
    homeAddress.write(bytes, 16);
    return bytes;
  }

  private static HandoverMessage finish(ByteBuffer bytes, int at, int keyIndex) {
    int option = bytes.capacity() - AUTHORIZATION;
    ExperimentalOption.pad(bytes, at, option);
    bytes.put(option, (byte) OPTION_AUTHORIZATION);
    bytes.put(option + 1, (byte) (AUTHORIZATION - 2));
    bytes.putInt(option + 2, keyIndex);
    return decode(bytes, 0, bytes.capacity());
  }

  static boolean isType(int type) {
    return type == INITIATE || type == ACKNOWLEDGE;
  }

  /** Reads one, or returns null if options are missing or broken. */
  static HandoverMessage decode(ByteBuffer bytes, int at, int length) {
    byte[] octets = new byte[length];
    bytes.get(at, octets);
    HandoverMessage message = new HandoverMessage(octets);
    ByteBuffer own = ByteBuffer.wrap(octets);
    own.putShort(4, (short) 0);
    return message.read(own) ? message : null;
  }

  private boolean read(ByteBuffer bytes) {
    type = bytes.get(2) & 0xff;
    int end = octets.length - AUTHORIZATION;
    // §6.4.5: "This option MUST be the last Mobility Option present."
    if (end < OPTIONS
        || bytes.get(end) != OPTION_AUTHORIZATION
        || bytes.get(end + 1) != AUTHORIZATION - 2) {
      return false;
    }
    keyIndex = bytes.getInt(end + 2);
    int at = OPTIONS;
    while (at < end) {
      if (bytes.get(at) == 0) {
        at++;
        continue;
      }
      int length = at + 2 > end ? end : bytes.get(at + 1) & 0xff;
      if (length > end - at - 2) {
        return false;
      }
      take(bytes, at, length);
      at += 2 + length;
    }
    return homeAddress != null && nonce != null;
  }

  private void take(ByteBuffer bytes, int at, int length) {
    if (bytes.get(at) == OPTION_ADDRESS
        && length == 2 + Ipv6Address.BYTES
        && bytes.get(at + 2) == OLD_CARE_OF
        && homeAddress == null) {
      homeAddress = Ipv6Address.read(bytes, at + 4);
      return;
    }
    int kind = ExperimentalOption.kind(bytes, at, length);
    if (kind == ExperimentalOption.INITIATE && type == INITIATE) {
      byte[] data = ExperimentalOption.data(bytes, at, length, NONCE_OCTETS + Integer.BYTES);
      if (data != null) {
        nonce = Arrays.copyOf(data, NONCE_OCTETS);
        spi = ByteBuffer.wrap(data).getInt(NONCE_OCTETS);
      }
    } else if (kind == ExperimentalOption.ACKNOWLEDGE && type == ACKNOWLEDGE) {
      nonce = ExperimentalOption.data(bytes, at, length, NONCE_OCTETS);
    }
  }

  @Override
  public int type() {
    return type;
  }

  /** The sequence number, 0 to 65535. */
  public int sequence() {
    return ByteBuffer.wrap(octets).getShort(SEQUENCE) & 0xffff;
  }

  /** The code; of a Handover Acknowledge, below 128 for acceptance. */
  public int code() {
    return octets[CODE] & 0xff;
  }

  /** Whose packets are forwarded. */
  public Ipv6Address homeAddress() {
    return homeAddress;
  }

  /** The nonce of the Handover Initiate. */
  public byte[] nonce() {
    return nonce.clone();
  }

  /** In a Handover Initiate, the SPI of the packets that are asked for; 0: in clear. */
  public int spi() {
    return spi;
  }

  /** Which key authenticates it: the SPI of the authorization option. */
  public int keyIndex() {
    return keyIndex;
  }

  /** What the authenticator covers beside the addresses: all, with itself and the checksum zero. */
  public byte[] covered() {
    byte[] covered = octets.clone();
    Arrays.fill(covered, covered.length - AUTHENTICATOR_OCTETS, covered.length, (byte) 0);
    return covered;
  }

  /** The authenticator as it is. */
  public byte[] authenticator() {
    return Arrays.copyOfRange(octets, octets.length - AUTHENTICATOR_OCTETS, octets.length);
  }

  /** The same message with an authenticator. */
  public HandoverMessage authenticated(byte[] authenticator) {
    byte[] signed = octets.clone();
    System.arraycopy(
        authenticator, 0, signed, signed.length - AUTHENTICATOR_OCTETS, AUTHENTICATOR_OCTETS);
    return decode(ByteBuffer.wrap(signed), 0, signed.length);
  }

  /** The whole Mobility Header with a checksum of zero. */
  byte[] octets() {
    return octets.clone();
  }
}
