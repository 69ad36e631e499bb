package org.kagemusha.core.neighbor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.neighbor.NeighborFixture.*;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.neighbor.PseudoHomeNetwork.Verdict;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/** What holds of the pseudo home network for any frame. */
class NeighborProperties implements PseudoHomeNetwork.GuestListener {

  private static final Ipv6Address TEMPORARY = Ipv6Address.parse("2001:db8:2000::abcd:1");
  private static final List<Ipv6Address> OWN = List.of(HOA, GUEST_LL, TEMPORARY);

  private final NeighborFixture link = new NeighborFixture();
  private final Counters counters = new Counters();

  @Override
  public void onGuestAddress(Ipv6Address address, long nowNs) {}

  @Override
  public void onGuestAnnouncement(long nowNs) {}

  private PseudoHomeNetwork started() {
    PseudoHomeNetwork network =
        new PseudoHomeNetwork(
            new PseudoHomeNetwork.Settings(GUEST, List.of(HOME), HOME_AGENT, router(), PSEUDO),
            link,
            this,
            new Random(1),
            counters);
    network.start(0);
    OWN.forEach(network::declareGuestAddress);
    link.sent.clear();
    return network;
  }

  private long drops() {
    long sum = 0;
    for (DropReason reason : DropReason.values()) {
      sum += counters.drops(reason);
    }
    return sum;
  }

  @Provide
  Arbitrary<byte[]> frames() {
    Arbitrary<Ipv6Address> addresses =
        Arbitraries.of(
            HOA, GUEST_LL, TEMPORARY, ROUTER_LL, HOME_AGENT, NEIGHBOR_GUA, NEIGHBOR_LL, OFF_LINK,
            Ipv6Address.UNSPECIFIED, Ipv6Address.ALL_NODES, Ipv6Address.ALL_ROUTERS,
            HOME_AGENT.solicitedNode(), ROUTER_LL.solicitedNode());
    Arbitrary<MacAddress> macs =
        Arbitraries.of(ROUTER, NEIGHBOR, PSEUDO, ALL_NODES_MAC, GUEST, MacAddress.BROADCAST);
    Arbitrary<byte[]> icmp =
        Combinators.combine(
                Arbitraries.of(128, 129, 130, 133, 134, 135, 136, 137, 143),
                addresses,
                addresses,
                addresses,
                Arbitraries.of(1, 64, 255),
                macs,
                Arbitraries.bytes().array(byte[].class).ofMaxSize(48))
            .as(
                (type, source, destination, target, hopLimit, mac, tail) -> {
                  byte[] body = new byte[20 + tail.length];
                  System.arraycopy(target.toBytes(), 0, body, 4, 16);
                  System.arraycopy(tail, 0, body, 20, tail.length);
                  return frame(
                          NeighborFixture.icmp(type, source, destination, hopLimit, body),
                          mac,
                          GUEST)
                      .toBytes();
                });
    Arbitrary<byte[]> solicitations =
        Combinators.combine(addresses, addresses, macs, Arbitraries.of(true, false))
            .as(
                (source, target, mac, option) ->
                    frame(
                            new NeighborSolicitation(
                                source,
                                source.isUnspecified() ? target.solicitedNode() : target,
                                target,
                                option && !source.isUnspecified() ? GUEST : null),
                            mac,
                            GUEST)
                        .toBytes());
    Arbitrary<byte[]> noise =
        Arbitraries.bytes()
            .array(byte[].class)
            .ofMaxSize(120)
            .map(
                octets -> {
                  byte[] frame = new byte[14 + octets.length];
                  System.arraycopy(octets, 0, frame, 14, octets.length);
                  if (octets.length > 6) {
                    frame[14] = 0x60;
                  }
                  return frame;
                });
    return Arbitraries.oneOf(icmp, solicitations, noise);
  }

  @Property(tries = 3000)
  void atMostOneAnswerAndNoneLargerThanThreeTimesASolicitation(@ForAll("frames") byte[] octets) {
    PseudoHomeNetwork network = started();
    long before = drops();
    Verdict verdict = network.onGuestFrame(PacketBuffer.copyOf(octets), 10 * SECOND);
    assertTrue(link.sent.size() <= 1);
    if (verdict == Verdict.DATA) {
      assertTrue(link.sent.isEmpty());
      assertEquals(before, drops());
    } else {
      assertTrue(drops() - before + link.sent.size() <= 1, "dropped once, or answered");
    }
    for (byte[] answer : link.sent) {
      assertEquals(GUEST, destinationOf(answer));
      if (octets[14 + 40] == (byte) 135) {
        assertTrue(answer.length <= 3 * octets.length);
      }
    }
  }

  @Property(tries = 3000)
  void noAnswerEverNamesTheGuestsOwnAddressOrDeniesTheRouter(@ForAll("frames") byte[] octets) {
    PseudoHomeNetwork network = started();
    network.onGuestFrame(PacketBuffer.copyOf(octets), 10 * SECOND);
    for (byte[] answer : link.sent) {
      if (answer[14 + 40] == (byte) NeighborAdvertisement.TYPE) {
        NeighborMessage message = message(answer);
        NeighborAdvertisement advertisement = (NeighborAdvertisement) message;
        assertTrue(!OWN.contains(advertisement.target()));
        assertTrue(!advertisement.override());
        assertTrue(advertisement.router() || !advertisement.target().equals(ROUTER_LL));
      }
    }
  }

  @Property(tries = 1000)
  void theTestOfAnAddressThatIsNotDefendedIsNeverAnswered(@ForAll long low) {
    PseudoHomeNetwork network = started();
    Ipv6Address target = new Ipv6Address(HOME.address().high(), low);
    network.onGuestFrame(NeighborFixture.test(target, GUEST), 10 * SECOND);
    assertEquals(target.equals(HOME_AGENT) ? 1 : 0, link.sent.size());
  }

  @Property(tries = 300)
  void deadlinesComeInTheirOrderWhateverIsMovedOrCancelled(@ForAll List<Integer> operations) {
    final class Entry extends Timed {
      final int name;

      Entry(int name) {
        this.name = name;
      }
    }

    DeadlineHeap<Entry> heap = new DeadlineHeap<>();
    List<Entry> entries = new ArrayList<>();
    TreeMap<Integer, Long> expected = new TreeMap<>();
    for (int i = 0; i < 40; i++) {
      entries.add(new Entry(i));
    }
    for (int operation : operations) {
      Entry entry = entries.get(Math.floorMod(operation, 40));
      if (operation % 3 == 0) {
        heap.cancel(entry);
        expected.remove(entry.name);
      } else {
        heap.schedule(entry, operation >> 4);
        expected.put(entry.name, (long) (operation >> 4));
      }
    }
    List<Long> sorted = new ArrayList<>(expected.values());
    sorted.sort(Comparator.naturalOrder());
    List<Long> polled = new ArrayList<>();
    while (heap.nextDeadlineNs() != Long.MAX_VALUE) {
      long next = heap.nextDeadlineNs();
      Entry due = heap.pollDue(next);
      assertEquals(next, expected.get(due.name));
      polled.add(next);
    }
    assertEquals(sorted, polled);
  }
}
