package org.kagemusha.core.dhcp;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A DHCPv6 option, RFC 8415 §21.1.
 *
 * @param code option-code, 0 to 65535
 * @param data option-data, at most 65535 octets; not copied
 */
public record DhcpOption(int code, byte[] data) {

  /** OPTION_CLIENTID, §21.2. */
  public static final int CLIENT_ID = 1;

  /** OPTION_SERVERID, §21.3. */
  public static final int SERVER_ID = 2;

  /** OPTION_IA_NA, §21.4: IAID, T1, T2, options. */
  public static final int IA_NA = 3;

  /** OPTION_IA_TA, §21.5: IAID, options. */
  public static final int IA_TA = 4;

  /** OPTION_IAADDR, §21.6: address, preferred and valid lifetime, options. */
  public static final int IA_ADDRESS = 5;

  /** OPTION_ORO, §21.7. */
  public static final int OPTION_REQUEST = 6;

  /** OPTION_STATUS_CODE, §21.13. */
  public static final int STATUS_CODE = 13;

  /** OPTION_DNS_SERVERS, RFC 3646 §3. */
  public static final int DNS_SERVERS = 23;

  /** OPTION_DOMAIN_LIST, RFC 3646 §4. */
  public static final int DOMAIN_LIST = 24;

  /** OPTION_IA_PD, §21.21. */
  public static final int IA_PD = 25;

  static final int HEADER = 4;

  /**
   * Reads options that follow one another.
   *
   * @param from the absolute index of the first
   * @param to the absolute index behind the last
   * @return them in their order, or null if one goes beyond the end
   */
  static List<DhcpOption> read(ByteBuffer bytes, int from, int to) {
    List<DhcpOption> options = new ArrayList<>();
    int at = from;
    while (at < to) {
      if (to - at < HEADER) {
        return null;
      }
      int length = bytes.getShort(at + 2) & 0xffff;
      if (length > to - at - HEADER) {
        return null;
      }
      byte[] data = new byte[length];
      bytes.get(at + HEADER, data);
      options.add(new DhcpOption(bytes.getShort(at) & 0xffff, data));
      at += HEADER + length;
    }
    return options;
  }
}
