package org.kagemusha.core.dhcp;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Collection;

/**
 * What the home router's advertisements told of name service, as DHCPv6 options carry it.
 *
 * @param dnsServers the data of a DNS Recursive Name Server option (RFC 3646 §3), may be empty
 * @param domains the data of a Domain Search List option (RFC 3646 §4), may be empty
 */
public record DhcpInformation(byte[] dnsServers, byte[] domains) {

  private static final int RDNSS = 25;
  private static final int DNSSL = 31;
  private static final int LIFETIME = 4;
  private static final int FIRST_VALUE = 8;
  private static final int ADDRESS = 16;
  private static final int LONGEST_LABEL = 63;
  private static final int MOST_OCTETS = 256;

  /** Nothing. */
  public static final DhcpInformation NONE = new DhcpInformation(new byte[0], new byte[0]);

  /** Says whether nothing is known. */
  public boolean isEmpty() {
    return dnsServers.length == 0 && domains.length == 0;
  }

  /**
   * Takes it from options of a Router Advertisement: RDNSS and DNSSL, RFC 8106 §5. What does not
   * fit into 256 octets is left out.
   *
   * @param options whole options, type and length included
   */
  public static DhcpInformation of(Collection<byte[]> options) {
    ByteArrayOutputStream servers = new ByteArrayOutputStream();
    ByteArrayOutputStream domains = new ByteArrayOutputStream();
    for (byte[] option : options) {
      int type = option[0] & 0xff;
      // RFC 8106 §5.1: "A value of zero means that the RDNSS addresses MUST no longer be used."
      if (option.length <= FIRST_VALUE || ByteBuffer.wrap(option).getInt(LIFETIME) == 0) {
        continue;
      }
      if (type == RDNSS) {
        for (int at = FIRST_VALUE; at + ADDRESS <= option.length; at += ADDRESS) {
          append(servers, option, at, ADDRESS);
        }
      } else if (type == DNSSL) {
        names(option, domains);
      }
    }
    return new DhcpInformation(servers.toByteArray(), domains.toByteArray());
  }

  /** RFC 8106 §5.2: names one after another, zeros behind the last. */
  private static void names(byte[] option, ByteArrayOutputStream domains) {
    int start = FIRST_VALUE;
    while (start < option.length && option[start] != 0) {
      int at = start;
      while (at < option.length && option[at] != 0) {
        int label = option[at] & 0xff;
        if (label > LONGEST_LABEL) {
          return;
        }
        at += 1 + label;
      }
      if (at >= option.length) {
        return;
      }
      append(domains, option, start, at + 1 - start);
      start = at + 1;
    }
  }

  private static void append(ByteArrayOutputStream to, byte[] from, int at, int length) {
    if (to.size() + length <= MOST_OCTETS) {
      to.write(from, at, length);
    }
  }
}
