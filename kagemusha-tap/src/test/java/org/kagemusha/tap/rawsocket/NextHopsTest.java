package org.kagemusha.tap.rawsocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.Protocol;

class NextHopsTest {

  private static final Ipv6Address LOCAL = Ipv6Address.parse("2001:db8:3000::2");
  private static final Ipv6Address REMOTE = Ipv6Address.parse("2001:db8:2000::1");
  private static final Ipv6Address ROUTER = Ipv6Address.parse("fe80::1");
  private static final MacAddress MAC = MacAddress.parse("02:00:00:00:00:01");
  private static final MacAddress OTHER_MAC = MacAddress.parse("02:00:00:00:00:02");
  private static final int INDEX = 7;
  private static final long MS = 1_000_000L;

  private record Question(Ipv6Address source, Ipv6Address destination, long asked) {}

  private final List<Question> questions = new ArrayList<>();
  private final NextHops hops =
      new NextHops(1, (from, to, asked) -> questions.add(new Question(from, to, asked)));
  private long now = Long.MAX_VALUE - 500 * MS;

  NextHopsTest() {
    hops.local(LOCAL, now);
  }

  private static ByteBuffer packet(Ipv6Address from, Ipv6Address to, int protocol) {
    ByteBuffer bytes = ByteBuffer.allocate(64);
    Ipv6Header.write(bytes, 8, 0, 0, 16, protocol, 64, from, to);
    return bytes;
  }

  private NextHops.Hop send(Ipv6Address to) {
    return hops.choose(packet(LOCAL, to, Protocol.ESP), 8, now);
  }

  private void answer(NextHops.Way way, String why) {
    Question last = questions.get(questions.size() - 1);
    hops.answer(last.destination(), last.asked(), way, why, now);
  }

  private void answer(MacAddress mac) {
    answer(new NextHops.Way(INDEX, ROUTER, mac), null);
  }

  private void known() {
    assertNull(send(REMOTE));
    answer(MAC);
    assertEquals(MAC.bits(), send(REMOTE).mac());
  }

  @Test
  void whatIsUnknownIsAskedForOnceAndGoesByTheRoutingTable() {
    for (int i = 0; i < 3; i++) {
      assertNull(send(REMOTE));
    }
    assertEquals(List.of(new Question(LOCAL, REMOTE, questions.get(0).asked())), questions);
    answer(MAC);
    NextHops.Hop hop = send(REMOTE);
    assertEquals(INDEX, hop.index());
    assertEquals(MAC.bits(), hop.mac());
    assertEquals(1, questions.size());
    assertEquals(1, hops.usable());
    assertEquals(1, hops.destinations());
  }

  @Test
  void signallingAndOtherSourcesGoByTheRoutingTableAndAreNotAskedFor() {
    for (int protocol :
        new int[] {
          Protocol.UDP, Protocol.ICMPV6, Protocol.DESTINATION_OPTIONS, Protocol.ROUTING,
          Protocol.MOBILITY, Protocol.FRAGMENT
        }) {
      assertNull(hops.choose(packet(LOCAL, REMOTE, protocol), 8, now));
    }
    assertNull(hops.choose(packet(ROUTER, REMOTE, Protocol.ESP), 8, now));
    assertEquals(List.of(), questions);
    known();
    assertNotNull(hops.choose(packet(LOCAL, REMOTE, Protocol.IPV6), 8, now));
    assertNull(hops.choose(packet(ROUTER, REMOTE, Protocol.IPV6), 8, now));
    assertNull(hops.choose(packet(LOCAL, REMOTE, Protocol.DESTINATION_OPTIONS), 8, now));
  }

  @Test
  void rfc4861_s7_3_onePacketASecondKeepsTheKernelsNeighbourInUse() {
    known();
    int byTable = 0;
    for (int i = 0; i < 5000; i++) {
      now += MS;
      byTable += send(REMOTE) == null ? 1 : 0;
    }
    assertEquals(5, byTable);
  }

  @Test
  void anUnresolvedNeighbourIsLeftToTheKernelUntilItHasResolvedIt() {
    assertNull(send(REMOTE));
    answer((MacAddress) null);
    assertNull(send(REMOTE));
    assertEquals("next hop not resolved", hops.obstacle());
    hops.neighbour(INDEX + 1, ROUTER, OTHER_MAC, now);
    hops.neighbour(INDEX, REMOTE, OTHER_MAC, now);
    assertNull(send(REMOTE));
    hops.neighbour(INDEX, ROUTER, MAC, now);
    assertEquals(MAC.bits(), send(REMOTE).mac());
  }

  @Test
  void rfc4861_s7_2_5_anotherLinkLayerAddressHoldsAtOnce() {
    known();
    hops.neighbour(INDEX, ROUTER, OTHER_MAC, now);
    assertEquals(OTHER_MAC.bits(), send(REMOTE).mac());
    hops.neighbour(INDEX, ROUTER, null, now);
    assertNull(send(REMOTE));
    assertEquals(0, hops.usable());
    hops.neighbour(INDEX, ROUTER, MAC, now);
    assertEquals(MAC.bits(), send(REMOTE).mac());
  }

  @Test
  void anAnswerThatMayBeOlderThanAChangeIsNotBelieved() {
    assertNull(send(REMOTE));
    final Question first = questions.get(0);
    hops.neighbour(INDEX, ROUTER, OTHER_MAC, now);
    hops.answer(REMOTE, first.asked(), new NextHops.Way(INDEX, ROUTER, MAC), null, now);
    assertNull(send(REMOTE));
    assertEquals(2, questions.size());
    hops.neighbour(INDEX, ROUTER, MAC, now);
    answer(OTHER_MAC);
    // Where changes do not end, questions have their distance.
    assertNull(send(REMOTE));
    assertEquals(2, questions.size());
    now += NextHops.PATIENCE_NS;
    assertNull(send(REMOTE));
    assertEquals(3, questions.size());
    answer(MAC);
    assertEquals(MAC.bits(), send(REMOTE).mac());
  }

  @Test
  void afterAChangeOfRoutesAllGoesByThemUntilTheNewOnesAreKnown() {
    known();
    hops.doubtAll(now);
    assertNull(send(REMOTE));
    assertEquals(0, hops.usable());
    now += NextHops.PATIENCE_NS;
    assertNull(send(REMOTE));
    assertEquals(2, questions.size());
    answer(new NextHops.Way(INDEX + 1, REMOTE, OTHER_MAC), null);
    assertEquals(INDEX + 1, send(REMOTE).index());
    hops.neighbour(INDEX, ROUTER, null, now);
    assertEquals(OTHER_MAC.bits(), send(REMOTE).mac());
  }

  @Test
  void anotherLocalAddressIsAskedForAnew() {
    known();
    hops.local(ROUTER, now);
    assertNull(send(REMOTE));
    now += NextHops.PATIENCE_NS;
    assertNull(hops.choose(packet(ROUTER, REMOTE, Protocol.ESP), 8, now));
    assertEquals(ROUTER, questions.get(1).source());
    answer(MAC);
    assertNotNull(hops.choose(packet(ROUTER, REMOTE, Protocol.ESP), 8, now));
    assertNull(send(REMOTE));
  }

  @Test
  void anAnswerHoldsForAWhileAndServesWhileItIsAskedAgain() {
    known();
    now += NextHops.HOLDS_NS;
    send(REMOTE);
    assertEquals(2, questions.size());
    assertNotNull(send(REMOTE));
    answer(null, "no route");
    assertNull(send(REMOTE));
    assertEquals("no route", hops.obstacle());
    assertEquals(2, questions.size());
  }

  @Test
  void whatFailedIsTriedAgainWhenSomethingChangesOrLater() {
    known();
    hops.failed(send(REMOTE), "ENXIO", now);
    assertNull(send(REMOTE));
    assertEquals("ENXIO", hops.obstacle());
    now += NextHops.HOLDS_NS - 1;
    assertNull(send(REMOTE));
    assertEquals(1, questions.size());
    now++;
    assertNull(send(REMOTE));
    assertEquals(2, questions.size());
    answer(MAC);
    hops.failed(send(REMOTE), "ENETDOWN", now);
    now += NextHops.PATIENCE_NS;
    hops.doubtAll(now);
    assertNull(send(REMOTE));
    assertEquals(3, questions.size());
  }

  @Test
  void destinationsWithoutAPlaceGoByTheRoutingTableUntilOthersAreUnused() {
    List<Ipv6Address> all = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      all.add(new Ipv6Address(REMOTE.high(), 0x100 + i));
      assertNull(send(all.get(i)));
    }
    assertEquals(4, questions.size());
    assertEquals(4, hops.destinations());
    for (Question question : List.copyOf(questions)) {
      hops.answer(
          question.destination(), question.asked(), new NextHops.Way(INDEX, ROUTER, MAC), null,
          now);
    }
    assertEquals(4, all.stream().filter(one -> send(one) != null).count());
    now += NextHops.HOLDS_NS;
    Ipv6Address late = all.get(63);
    assertNull(send(late));
    assertEquals(late, questions.get(4).destination());
    answer(OTHER_MAC);
    assertEquals(OTHER_MAC.bits(), send(late).mac());
    assertTrue(hops.destinations() <= 4);
    // What was displaced by now is not minded.
    hops.answer(
        questions.get(0).destination(), questions.get(0).asked(),
        new NextHops.Way(INDEX, ROUTER, MAC), null, now);
  }
}
