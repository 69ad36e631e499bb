package org.kagemusha.core.neighbor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.neighbor.NeighborFixture.*;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.LogLines;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

class DuplicateAddressDetectionTest implements DuplicateAddressDetection.Listener {

  private static final MacAddress AGENT = MacAddress.parse("02:6b:61:67:65:01");

  private final NeighborFixture link = new NeighborFixture();
  private final Counters counters = new Counters();
  private final List<String> outcomes = new ArrayList<>();
  private final DuplicateAddressDetection detection =
      new DuplicateAddressDetection(AGENT, link, this, new Random(1), counters);

  @Override
  public void onUnique(Ipv6Address address, long nowNs) {
    outcomes.add("unique " + address + " at " + nowNs);
  }

  @Override
  public void onDuplicate(Ipv6Address address, MacAddress holder, long nowNs) {
    outcomes.add("duplicate " + address + " " + holder);
  }

  @Test
  void rfc4862_s5_4_2_solicitsFromTheUnspecifiedAddressToTheSolicitedNodeGroup() {
    detection.start(HOA, 0);
    byte[] frame = link.only();
    assertEquals(MacAddress.parse("33:33:ff:00:00:10"), destinationOf(frame));
    assertEquals(AGENT, sourceOf(frame));
    assertEquals(
        new NeighborSolicitation(
            Ipv6Address.UNSPECIFIED, Ipv6Address.parse("ff02::1:ff00:10"), HOA, null),
        message(frame));
    assertEquals(1, counters.get(Counter.NEIGHBOR_SOLICITATIONS_SENT));
  }

  @Test
  void rfc4862_s5_4_uniqueAfterRetransTimerWithoutAnswer() {
    detection.start(HOA, 0);
    assertTrue(detection.isTentative(HOA));
    assertEquals(SECOND, detection.nextDeadlineNs());
    detection.onDeadline(SECOND - 1);
    assertTrue(outcomes.isEmpty());
    detection.onDeadline(SECOND);
    assertEquals(List.of("unique 2001:db8:2000::10 at " + SECOND), outcomes);
    assertFalse(detection.isTentative(HOA));
    assertEquals(NodeEngine.NEVER, detection.nextDeadlineNs());
  }

  @Test
  void rfc4862_s5_4_4_anAdvertisementForATentativeAddressMakesItADuplicate() {
    detection.start(HOA, 0);
    try (LogLines log = new LogLines(DuplicateAddressDetection.class)) {
      detection.onNeighborDiscovery(announce(HOA, NEIGHBOR), SECOND / 2);
      assertEquals(
          List.of("dad failed address=" + HOA + " holder=" + NEIGHBOR), log.warnings());
    }
    assertEquals(List.of("duplicate 2001:db8:2000::10 " + NEIGHBOR), outcomes);
    detection.onDeadline(SECOND);
    assertEquals(1, outcomes.size());
  }

  @Test
  void rfc4862_s5_4_3_anothersTestOfTheSameAddressMakesItADuplicate() {
    detection.start(HOA, 0);
    detection.onNeighborDiscovery(NeighborFixture.test(HOA, NEIGHBOR), SECOND / 2);
    assertEquals(List.of("duplicate 2001:db8:2000::10 " + NEIGHBOR), outcomes);
  }

  @Test
  void rfc4862_s5_4_3_ourOwnSolicitationLoopedBackIsNoDuplicate() {
    detection.start(HOA, 0);
    detection.onNeighborDiscovery(PacketBuffer.copyOf(link.only()), SECOND / 2);
    assertTrue(outcomes.isEmpty());
  }

  @Test
  void rfc4862_s5_4_3_resolutionOfATentativeAddressIsSilentlyIgnored() {
    detection.start(HOA, 0);
    link.sent.clear();
    detection.onNeighborDiscovery(resolve(NEIGHBOR_GUA, NEIGHBOR, HOA), SECOND / 2);
    assertTrue(outcomes.isEmpty());
    assertTrue(link.sent.isEmpty());
  }

  @Test
  void othersFramesAndInvalidOnesDoNotMatter() {
    detection.start(HOA, 0);
    detection.onNeighborDiscovery(announce(NEIGHBOR_GUA, NEIGHBOR), SECOND / 2);
    PacketBuffer invalid = announce(HOA, NEIGHBOR);
    invalid.bytes().put(invalid.offset() + 14 + 7, (byte) 64);
    detection.onNeighborDiscovery(invalid, SECOND / 2);
    assertTrue(outcomes.isEmpty());
    assertEquals(1, counters.drops(DropReason.ND_INVALID));
  }

  @Test
  void aSecondStartIsIgnoredAndCancelIsSilent() {
    detection.start(HOA, 0);
    detection.start(HOA, SECOND / 2);
    assertEquals(1, link.sent.size());
    detection.cancel(HOA);
    detection.onDeadline(2 * SECOND);
    detection.onNeighborDiscovery(announce(HOA, NEIGHBOR), SECOND / 2);
    assertTrue(outcomes.isEmpty());
    assertEquals(0, detection.size());
  }

  @Test
  void manyAtOnceAreSpreadAndEachWaitsItsSecond() {
    for (int i = 0; i < 1000; i++) {
      detection.start(new Ipv6Address(HOME.address().high(), 0x1000 + i), 0);
    }
    assertEquals(64, link.sent.size());
    long now = 0;
    while (detection.nextDeadlineNs() != NodeEngine.NEVER) {
      now = detection.nextDeadlineNs();
      detection.onDeadline(now);
    }
    assertEquals(1000, link.sent.size());
    assertEquals(1000, outcomes.size());
    assertTrue(now > SECOND && now <= 2 * SECOND);
  }
}
