package org.kagemusha.tap.careof;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.tap.careof.CareOfDecision.State;
import org.kagemusha.tap.careof.CareOfSettings.Policy;
import org.kagemusha.tap.netlink.InterfaceAddress;

class CareOfAddressSelectorTest {

  private static final int TEMPORARY = 0x01;
  private static final int DAD_FAILED = 0x08;
  private static final int DEPRECATED = 0x20;
  private static final int TENTATIVE = 0x40;

  private static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  private static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");
  private static final byte[] SECRET = "a host".getBytes(StandardCharsets.US_ASCII);

  /** What the interface has: the test plays the kernel. */
  private final List<InterfaceAddress> present = new ArrayList<>();

  private static CareOfAddressSelector selector(Policy policy) {
    return new CareOfAddressSelector(
        new CareOfSettings(policy, Optional.empty(), HOME, HOME_AGENT, SECRET));
  }

  private static CareOfAddressSelector selector(String explicit) {
    return new CareOfAddressSelector(
        new CareOfSettings(
            Policy.EXPLICIT, Optional.of(Ipv6Address.parse(explicit)), HOME, HOME_AGENT, SECRET));
  }

  private void has(String address, int length, int flags) {
    Ipv6Address parsed = Ipv6Address.parse(address);
    int scope = parsed.isLinkLocal() ? 253 : 0;
    present.removeIf(a -> a.address().equals(parsed));
    present.add(new InterfaceAddress(2, parsed, length, scope, flags, 0, 0));
  }

  private void hasNot(String address) {
    present.removeIf(a -> a.address().equals(Ipv6Address.parse(address)));
  }

  private static Optional<Ipv6Address> of(String address) {
    return Optional.of(Ipv6Address.parse(address));
  }

  @Test
  void own_isAddedDetectedAndThenUsed() {
    CareOfAddressSelector selector = selector(Policy.OWN);
    assertEquals(State.WAITING_FOR_ADDRESS, selector.decide(present).state());
    has("fe80::1", 64, 0);
    assertEquals(State.WAITING_FOR_ADDRESS, selector.decide(present).state());
    has("2001:db8:3000::2", 64, TENTATIVE);
    assertEquals(State.WAITING_FOR_DETECTION, selector.decide(present).state());
    has("2001:db8:3000::2", 64, 0);
    CareOfDecision decision = selector.decide(present);
    Ipv6Address own = decision.add().orElseThrow();
    assertTrue(Ipv6Prefix.parse("2001:db8:3000::/64").contains(own));
    assertEquals(Optional.empty(), decision.careOf());
    has(own.toString(), 128, TENTATIVE | DEPRECATED);
    decision = selector.decide(present);
    assertEquals(new CareOfDecision(
        Optional.empty(), Optional.empty(), List.of(), State.WAITING_FOR_DETECTION), decision);
    has(own.toString(), 128, DEPRECATED);
    decision = selector.decide(present);
    assertEquals(new CareOfDecision(
        Optional.of(own), Optional.empty(), List.of(), State.READY), decision);
    assertEquals(List.of(own), selector.ours());
  }

  @Test
  void rfc7217_s5_isTheSameAfterARestartAndAnotherOnAnotherHostOrForAnotherHomeAddress() {
    has("2001:db8:3000::2", 64, 0);
    Ipv6Address own = selector(Policy.OWN).decide(present).add().orElseThrow();
    assertEquals(own, selector(Policy.OWN).decide(present).add().orElseThrow());
    byte[] otherSecret = {1};
    Ipv6Address otherHome = Ipv6Address.parse("2001:db8:2000::11");
    for (CareOfSettings settings : List.of(
        new CareOfSettings(Policy.OWN, Optional.empty(), HOME, HOME_AGENT, otherSecret),
        new CareOfSettings(Policy.OWN, Optional.empty(), otherHome, HOME_AGENT, SECRET))) {
      assertNotEquals(
          own, new CareOfAddressSelector(settings).decide(present).add().orElseThrow());
    }
    // After kill -9 the address is still there, and is ours to remove.
    has(own.toString(), 128, DEPRECATED);
    CareOfAddressSelector restarted = selector(Policy.OWN);
    assertEquals(Optional.of(own), restarted.decide(present).careOf());
    assertEquals(List.of(own), restarted.ours());
  }

  @Test
  void rfc7217_s6_takesTheNextCounterAfterADuplicateAndTheHostsAddressInTheEnd() {
    has("2001:db8:3000::2", 64, 0);
    CareOfAddressSelector selector = selector(Policy.OWN);
    Ipv6Address previous = null;
    for (int i = 0; i <= CareOfAddressSelector.GENERATION_RETRIES; i++) {
      CareOfDecision decision = selector.decide(present);
      Ipv6Address candidate = decision.add().orElseThrow();
      assertNotEquals(previous, candidate);
      assertEquals(previous == null ? List.of() : List.of(previous), decision.remove());
      if (previous != null) {
        hasNot(previous.toString());
      }
      has(candidate.toString(), 128, TENTATIVE | DAD_FAILED | DEPRECATED);
      previous = candidate;
    }
    CareOfDecision decision = selector.decide(present);
    assertEquals(State.HOST_BECAUSE_OF_DUPLICATES, decision.state());
    assertEquals(of("2001:db8:3000::2"), decision.careOf());
    assertEquals(List.of(previous), decision.remove());
    assertEquals(List.of(), selector.ours());
  }

  @Test
  void own_servesTheHostsAddressWherePrefixIsNot64() {
    has("2001:db8:3000::2", 96, 0);
    CareOfDecision decision = selector(Policy.OWN).decide(present);
    assertEquals(State.HOST_BECAUSE_OF_PREFIX, decision.state());
    assertEquals(of("2001:db8:3000::2"), decision.careOf());
    assertEquals(Optional.empty(), decision.add());
  }

  @Test
  void own_followsThePrefixAndKeepsTheOldAddressUntilTheNewOneIsUsable() {
    has("2001:db8:3000::2", 64, 0);
    CareOfAddressSelector selector = selector(Policy.OWN);
    Ipv6Address first = selector.decide(present).add().orElseThrow();
    has(first.toString(), 128, DEPRECATED);
    assertEquals(Optional.of(first), selector.decide(present).careOf());
    has("2001:db8:3000::2", 64, DEPRECATED);
    has("2001:db8:4000::2", 64, 0);
    CareOfDecision moving = selector.decide(present);
    Ipv6Address second = moving.add().orElseThrow();
    assertTrue(Ipv6Prefix.parse("2001:db8:4000::/64").contains(second));
    assertEquals(Optional.of(first), moving.careOf());
    assertEquals(List.of(), moving.remove());
    has(second.toString(), 128, DEPRECATED);
    CareOfDecision moved = selector.decide(present);
    assertEquals(Optional.of(second), moved.careOf());
    assertEquals(List.of(first), moved.remove());
    assertEquals(List.of(second), selector.ours());
  }

  @Test
  void own_isAddedAgainAfterTheLinkLostItsAddresses() {
    has("2001:db8:3000::2", 64, 0);
    CareOfAddressSelector selector = selector(Policy.OWN);
    Ipv6Address own = selector.decide(present).add().orElseThrow();
    has(own.toString(), 128, DEPRECATED);
    selector.decide(present);
    present.clear();
    assertEquals(Optional.empty(), selector.decide(present).careOf());
    has("2001:db8:3000::2", 64, 0);
    assertEquals(Optional.of(own), selector.decide(present).add());
  }

  @Test
  void host_prefersWhatIsNotDeprecatedNotTemporaryAndStaysWithIt() {
    CareOfAddressSelector selector = selector(Policy.HOST);
    has("2001:db8:3000::1", 64, DEPRECATED);
    assertEquals(of("2001:db8:3000::1"), selector.decide(present).careOf());
    has("2001:db8:3000::9", 64, TEMPORARY);
    assertEquals(of("2001:db8:3000::9"), selector.decide(present).careOf());
    has("2001:db8:3000::8", 64, 0);
    assertEquals(of("2001:db8:3000::8"), selector.decide(present).careOf());
    has("2001:db8:3000::7", 64, 0);
    assertEquals(of("2001:db8:3000::8"), selector.decide(present).careOf());
    hasNot("2001:db8:3000::8");
    assertEquals(of("2001:db8:3000::7"), selector.decide(present).careOf());
  }

  @Test
  void host_takesNeitherAnotherDaemonsAddressNorUniqueLocalForAGlobalHomeAgent() {
    CareOfAddressSelector selector = selector(Policy.HOST);
    has("2001:db8:3000::aaaa", 128, DEPRECATED);
    assertEquals(Optional.empty(), selector.decide(present).careOf());
    has("fd00::1", 64, 0);
    assertEquals(of("fd00::1"), selector.decide(present).careOf());
    has("2001:db8:3000::2", 128, 0);
    assertEquals(of("2001:db8:3000::2"), selector.decide(present).careOf());
  }

  @Test
  void explicit_isUsedWhereItIsAndAddedWhereNot() {
    CareOfAddressSelector selector = selector("2001:db8:3000::5");
    assertEquals(of("2001:db8:3000::5"), selector.decide(present).add());
    has("2001:db8:3000::5", 128, TENTATIVE | DEPRECATED);
    assertEquals(State.WAITING_FOR_DETECTION, selector.decide(present).state());
    has("2001:db8:3000::5", 128, TENTATIVE | DAD_FAILED | DEPRECATED);
    assertEquals(State.DUPLICATE, selector.decide(present).state());
    has("2001:db8:3000::5", 64, 0);
    assertEquals(of("2001:db8:3000::5"), selector.decide(present).careOf());
    CareOfAddressSelector ofHost = selector("2001:db8:3000::5");
    ofHost.decide(present);
    assertEquals(List.of(), ofHost.ours());
  }

  @Test
  void rfc5453_s3_reservedIdentifiersAreNotUsed() {
    assertTrue(OpaqueIdentifier.isReserved(0));
    assertTrue(OpaqueIdentifier.isReserved(0x02005efffe000001L));
    assertTrue(OpaqueIdentifier.isReserved(0xfdffffffffffff80L));
    assertEquals(false, OpaqueIdentifier.isReserved(0xfdffffffffffff7fL));
  }

  @Test
  void refusesSettingsThatContradictThemselves() {
    assertThrows(IllegalArgumentException.class, () -> selector(Policy.EXPLICIT));
    assertThrows(IllegalArgumentException.class, () -> selector("fe80::1"));
    assertThrows(IllegalArgumentException.class, () -> new CareOfSettings(
        Policy.OWN, Optional.of(HOME), HOME, HOME_AGENT, SECRET));
  }
}
