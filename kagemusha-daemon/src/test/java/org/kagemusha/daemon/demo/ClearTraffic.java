package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;

/** What must not be on the wire between a hypervisor abroad and the home agent. */
final class ClearTraffic {

  /** A packet in a packet that ESP does not cover; ESP itself is never opened by the dissector. */
  private static final String TUNNELLED = "ipv6.nxt == 41 || ip.proto == 41";

  /** Handover Initiate and Acknowledge, RFC 5568. */
  private static final String HANDOVER = "mip6.mhtype == 14 || mip6.mhtype == 15";

  private static final String BETWEEN =
      "ipv6.addr == " + Topology.HOME_AGENT + " && ipv6.addr == 2001:db8:3000::/64";

  private ClearTraffic() {}

  /** No packet of the guest in clear, by dissection and by its octets. */
  static void assertNone(Wire wire, Path capture) throws Exception {
    assertEquals(List.of(), wire.packets(TUNNELLED));
    // Also not as what an ICMPv6 error quotes, nor outside of any tunnel.
    assertEquals(
        List.of(),
        wire.packets(
            "(ipv6.src == " + Topology.HOME_ADDRESS + " || ipv6.dst == " + Topology.HOME_ADDRESS
                + ") && !esp"));
    assertEquals(List.of(), wire.packets("ipv6.addr == " + Topology.CORRESPONDENT));
    assertEquals(0, EspWire.having(capture, Canary.SONG));
  }

  /**
   * Nothing but ESP, provisioning by TLS, ICMPv6 without any Mobility Header, and the messages of a
   * handover, which are authenticated and tell addresses alone.
   */
  static void assertOnlyEsp(Wire wire) throws Exception {
    assertEquals(
        List.of(),
        wire.packets(
            "(" + BETWEEN + ") && !(esp || tcp.port == 7872 || icmpv6 || " + HANDOVER + ")"));
    assertEquals(List.of(), wire.packets("mip6.mhtype && !(" + HANDOVER + ")"));
    assertEquals(
        List.of(),
        wire.packets(
            "(" + BETWEEN + ") && icmpv6.type < 128 && !(esp || tcp.port == 7872)"));
    // TLS is of version 1.3 from the first record on, so names and certificates are hidden too.
    assertEquals(List.of(), wire.packets("tcp.port == 7872 && tls.handshake.type == 11"));
  }
}
