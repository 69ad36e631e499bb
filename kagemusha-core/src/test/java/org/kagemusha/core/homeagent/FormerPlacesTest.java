package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.homeagent.FreshKeysFixture.fromMobileNode;
import static org.kagemusha.core.homeagent.FreshKeysFixture.sealed;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.MS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.SECOND;
import static org.kagemusha.core.homeagent.HomeAgentFixture.tunnelled;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.homeagent.FreshKeys.Grant;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;

/** What was under way when a mobile node moved, RFC 6275 §10.4.5. */
class FormerPlacesTest {

  private final FreshKeysFixture fresh = new FreshKeysFixture();
  private final HomeAgentFixture home = fresh.home;
  private final Grant a = fresh.keys.grant("vm1", 0x1a0a, true);

  private int takenFrom(Ipv6Address careOf, int port) {
    home.clear();
    home.underlay(sealed(a, careOf, fromMobileNode(10), port));
    home.correspondentAnswers();
    return home.dataFrames().size();
  }

  private void move() {
    home.start();
    fresh.register(a, 1, CARE_OF);
    fresh.register(a, 2, OTHER_CARE_OF);
  }

  @Test
  void rfc6275_s10_4_5_protectedPacketsFromTheFormerCareOfAddressAreTakenForTheGrace() {
    move();
    assertEquals(1, takenFrom(CARE_OF, 0));
    assertEquals(1, takenFrom(CARE_OF, 4500));
    assertEquals(1, takenFrom(OTHER_CARE_OF, 0));
    home.elapse(5 * SECOND - 1);
    assertEquals(1, takenFrom(CARE_OF, 0));
    home.elapse(1);
    assertEquals(0, takenFrom(CARE_OF, 0));
    assertEquals(0, takenFrom(CARE_OF, 4500));
    assertEquals(1, takenFrom(OTHER_CARE_OF, 0));
    assertEquals(2, home.drops(DropReason.OUTER_SOURCE_WRONG));
  }

  @Test
  void clearPacketsFromThereAreNotTaken() {
    Grant clear = fresh.keys.grant("vm1", 0x1d0d, false);
    home.start();
    fresh.register(clear, 1, CARE_OF);
    fresh.register(clear, 2, OTHER_CARE_OF);
    home.clear();
    home.underlay(tunnelled(CARE_OF, fromMobileNode(10)));
    home.correspondentAnswers();
    assertEquals(0, home.dataFrames().size());
    assertEquals(1, home.drops(DropReason.OUTER_SOURCE_WRONG));
  }

  @Test
  void anAddressBeforeTheFormerIsNone() {
    move();
    fresh.register(a, 3, new Ipv6Address(CARE_OF.high(), 0x99));
    assertEquals(0, takenFrom(CARE_OF, 0));
    assertEquals(1, takenFrom(OTHER_CARE_OF, 0));
  }

  @Test
  void theEndOfTheBindingEndsTheGrace() {
    move();
    fresh.deregister(a, 3, OTHER_CARE_OF);
    assertEquals(0, takenFrom(CARE_OF, 0));
    assertEquals(0, takenFrom(OTHER_CARE_OF, 0));
  }

  @Test
  void theGraceIsTheOperators() {
    home.graceSeconds = 0;
    move();
    assertEquals(0, takenFrom(CARE_OF, 0));
    home.graceSeconds = 2;
    home.agent.settings(home.settings(), home.nowNs);
    fresh.register(a, 3, CARE_OF);
    home.elapse(1999 * MS);
    assertEquals(1, takenFrom(OTHER_CARE_OF, 0));
    home.elapse(MS);
    assertEquals(0, takenFrom(OTHER_CARE_OF, 0));
  }

  @Test
  void aStaticPairIsNoDifferent() {
    HomeAgentFixture other = new HomeAgentFixture();
    other.protectPayload(HOME_ADDRESS);
    other.start();
    other.register(1, 15, CARE_OF);
    other.register(2, 15, OTHER_CARE_OF);
    other.clear();
    other.underlay(ReverseTunnelTest.sealed(CARE_OF, fromMobileNode(10), other.mobileNodePayload));
    other.correspondentAnswers();
    assertEquals(1, other.dataFrames().size());
    other.underlay(tunnelled(CARE_OF, fromMobileNode(10)));
    assertEquals(1, other.drops(DropReason.OUTER_SOURCE_WRONG));
  }

  @Test
  void oneIsRememberedForEachBindingAndNoneForLong() {
    FormerPlaces places = new FormerPlaces();
    Random random = new Random(3);
    List<BindingCacheEntry> entries = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      entries.add(new BindingCacheEntry(new Ipv6Address(1, i)));
    }
    long now = 0;
    for (int i = 0; i < 20_000; i++) {
      now += random.nextInt(100) * MS;
      if (places.nextDeadlineNs() <= now) {
        places.onDeadline(now);
      }
      BindingCacheEntry entry = entries.get(random.nextInt(entries.size()));
      if (random.nextInt(10) == 0) {
        places.forget(entry);
      } else {
        places.left(entry, new Ipv6Address(2, random.nextInt(8)), now + 5 * SECOND);
      }
      for (int place = 0; place < 8; place++) {
        Ipv6Address address = new Ipv6Address(2, place);
        boolean remembered =
            entries.stream().anyMatch(e -> address.equals(e.formerCareOf));
        assertEquals(remembered, places.contains(2, place));
      }
      long late = now;
      assertFalse(
          entries.stream()
              .anyMatch(e -> e.formerCareOf != null && e.formerUntilNs + 5 * SECOND < late));
    }
    places.onDeadline(now + 10 * SECOND);
    assertEquals(NodeEngine.NEVER, places.nextDeadlineNs());
    for (int place = 0; place < 8; place++) {
      assertFalse(places.contains(2, place));
    }
    assertTrue(entries.stream().allMatch(e -> e.formerCareOf == null));
  }
}
