package org.kagemusha.core.neighbor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.neighbor.NeighborFixture.*;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;

/** An idle guest with full caches, two hours abroad under fake time. */
class IdleGuestSimulationTest implements PseudoHomeNetwork.GuestListener {

  private static final long STEP = SECOND / 10;
  private static final long TWO_HOURS = 7200 * SECOND;
  private static final Ipv6Address UNSEEN = Ipv6Address.parse("2001:db8:2000::77");

  private final NeighborFixture link = new NeighborFixture();
  private final Counters counters = new Counters();

  @Override
  public void onGuestAddress(Ipv6Address address, long nowNs) {}

  @Override
  public void onGuestAnnouncement(long nowNs) {}

  private PseudoHomeNetwork network(HomeRouter router, long seed) {
    return new PseudoHomeNetwork(
        new PseudoHomeNetwork.Settings(GUEST, List.of(HOME), HOME_AGENT, router, PSEUDO),
        link,
        this,
        new Random(seed),
        counters);
  }

  private static LinuxGuestModel movedGuest() {
    LinuxGuestModel guest = new LinuxGuestModel(GUEST, GUEST_LL, HOA, HOME);
    guest.knows(ROUTER_LL, ROUTER, true);
    guest.knows(HOME_AGENT, ROUTER, true);
    guest.knows(NEIGHBOR_GUA, NEIGHBOR, false);
    guest.defaultRouter = ROUTER_LL;
    // It last heard its router ten minutes ago.
    guest.defaultUntilNs = 1200 * SECOND;
    guest.validUntilNs = 85_800 * SECOND;
    guest.preferredUntilNs = 13_800 * SECOND;
    return guest;
  }

  private void run(PseudoHomeNetwork network, LinuxGuestModel guest, int[] periods, Random random) {
    for (long now = 0; now < TWO_HOURS; now += STEP) {
      network.onDeadline(now);
      exchange(network, guest, now);
      guest.tick(now);
      exchange(network, guest, now);
      long second = now / SECOND;
      if (now % SECOND == 0) {
        if (second % periods[0] == 7) {
          guest.send(OFF_LINK, now);
        }
        if (second % periods[1] == 11) {
          guest.send(NEIGHBOR_GUA, now);
        }
        if (second % periods[2] == 13) {
          guest.send(HOME_AGENT, now);
        }
        if (random.nextInt(900) == 0) {
          guest.send(UNSEEN, now);
        }
      }
      exchange(network, guest, now);
    }
  }

  private void exchange(PseudoHomeNetwork network, LinuxGuestModel guest, long now) {
    while (!guest.out.isEmpty() || !link.sent.isEmpty()) {
      List<byte[]> up = new ArrayList<>(guest.out);
      guest.out.clear();
      up.forEach(frame -> network.onGuestFrame(PacketBuffer.copyOf(frame), now));
      List<byte[]> down = new ArrayList<>(link.sent);
      link.sent.clear();
      down.forEach(frame -> guest.receive(frame, now));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void keepsItsDefaultRouteItsNeighboursAndItsAddress(long seed) {
    PseudoHomeNetwork network = network(router(), seed);
    LinuxGuestModel guest = movedGuest();
    network.start(0);
    run(network, guest, new int[] {420, 660, 47}, new Random(seed));
    assertEquals(List.of(), guest.mishaps, "seed " + seed);
    assertEquals(ROUTER_LL, guest.defaultRouter);
    assertEquals(ROUTER, guest.neighbours.get(ROUTER_LL).mac);
    assertEquals(NEIGHBOR, guest.neighbours.get(NEIGHBOR_GUA).mac);
    assertEquals(ROUTER, guest.neighbours.get(HOME_AGENT).mac);
    assertEquals(PSEUDO, guest.neighbours.get(UNSEEN).mac);
    assertEquals(1, guest.multicastSolicitations, "only for the neighbour it did not know");
    assertTrue(guest.unicastProbes > 100);
    assertEquals(1500, guest.linkMtu);
    assertTrue(guest.validUntilNs - TWO_HOURS > 80_000 * SECOND);
    assertTrue(guest.preferredUntilNs - TWO_HOURS > 13_000 * SECOND);
  }

  @Test
  void keepsItsDefaultRouteThoughNobodyToldUsOfItsRouter() {
    PseudoHomeNetwork network = network(null, 1);
    LinuxGuestModel guest = movedGuest();
    network.start(0);
    run(network, guest, new int[] {420, 660, 47}, new Random(1));
    assertEquals(List.of(), guest.mishaps);
    assertEquals(ROUTER_LL, guest.defaultRouter);
    assertEquals(ROUTER, guest.neighbours.get(ROUTER_LL).mac);
  }

  @Test
  void theModelLosesEverythingWhenNobodyAnswers() {
    PseudoHomeNetwork silent = network(router(), 1);
    LinuxGuestModel guest = movedGuest();
    run(silent, guest, new int[] {420, 660, 47}, new Random(1));
    assertFalse(guest.mishaps.isEmpty());
    assertEquals(null, guest.defaultRouter);
  }
}
