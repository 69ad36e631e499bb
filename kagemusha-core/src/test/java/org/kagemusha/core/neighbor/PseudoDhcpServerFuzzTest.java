package org.kagemusha.core.neighbor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.neighbor.NeighborFixture.*;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.wire.Ipv6Address;

/** Whatever a guest sends to DHCPv6 servers: no exception, one small answer at most. */
class PseudoDhcpServerFuzzTest implements PseudoHomeNetwork.GuestListener {

  @Override
  public void onGuestAddress(Ipv6Address address, long nowNs) {}

  @Override
  public void onGuestAnnouncement(long nowNs) {}

  static Stream<byte[]> seeds() {
    return Stream.of(
            PseudoDhcpServerTest.RENEW,
            PseudoDhcpServerTest.REBIND,
            PseudoDhcpServerTest.CONFIRM,
            PseudoDhcpServerTest.INFO)
        .map(packet -> PseudoDhcpServerTest.hex(
            packet.substring(2 * PseudoDhcpServerTest.MESSAGE)));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void anyMessageGetsAtMostOneReplyNoLargerThanTheMinimumMtu(byte[] message) {
    if (message == null || message.length > 1400) {
      return;
    }
    NeighborFixture fuzzed = new NeighborFixture();
    PseudoHomeNetwork started =
        new PseudoHomeNetwork(
            new PseudoHomeNetwork.Settings(GUEST, List.of(HOME), HOME_AGENT, router(), PSEUDO),
            fuzzed,
            this,
            new Random(1),
            new Counters());
    started.start(0);
    fuzzed.sent.clear();
    byte[] packet =
        PseudoDhcpServerTest.with(PseudoDhcpServerTest.hex(PseudoDhcpServerTest.RENEW), message);
    started.onGuestFrame(frame(packet, PseudoDhcpServerTest.SERVERS_MAC, GUEST), SECOND);
    assertTrue(fuzzed.sent.size() <= 1);
    for (byte[] sent : fuzzed.sent) {
      assertTrue(sent.length <= 14 + 1280);
      assertEquals(GUEST, destinationOf(sent));
    }
  }
}
