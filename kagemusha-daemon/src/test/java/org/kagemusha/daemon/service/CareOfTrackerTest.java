package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.tap.netlink.InterfaceAddress;
import org.kagemusha.tap.netlink.Link;

/** How long a care-of address is valid, RFC 6275 §11.7.1, and what may change it. */
class CareOfTrackerTest {

  private static final Ipv6Address OWN = Ipv6Address.parse("2001:db8:3000::abcd");
  private static final int DEPRECATED = 0x20;

  private static InterfaceAddress address(String text, int length, int flags, long valid) {
    return new InterfaceAddress(2, Ipv6Address.parse(text), length, 0, flags, 0, valid);
  }

  private static final InterfaceAddress DAEMONS =
      address("2001:db8:3000::abcd", 128, DEPRECATED, InterfaceAddress.FOREVER);

  @Test
  void rfc6275_s11_7_1_anAddressOfOurOwnIsValidAsLongAsTheHostsOfItsPrefix() {
    List<InterfaceAddress> present =
        List.of(
            DAEMONS,
            address("2001:db8:3000::1", 64, 0, 500),
            address("2001:db8:3000::2", 64, 0, 900),
            address("2001:db8:4000::2", 64, 0, 100_000));
    assertEquals(900, CareOfTracker.validSeconds(OWN, present));
  }

  @Test
  void aStaticAddressOfTheHostIsValidForEver() {
    List<InterfaceAddress> present =
        List.of(DAEMONS, address("2001:db8:3000::1", 64, 0, InterfaceAddress.FOREVER));
    assertEquals(InterfaceAddress.FOREVER, CareOfTracker.validSeconds(OWN, present));
  }

  @Test
  void theHostsOwnAddressIsValidAsTheKernelSays() {
    List<InterfaceAddress> present = List.of(address("2001:db8:3000::abcd", 128, 0, 77));
    assertEquals(77, CareOfTracker.validSeconds(OWN, present));
    assertEquals(
        InterfaceAddress.FOREVER, CareOfTracker.validSeconds(OWN, List.of(DAEMONS)));
    assertEquals(InterfaceAddress.FOREVER, CareOfTracker.validSeconds(null, present));
  }

  @Test
  void anotherDaemonsAddressIsNoReasonToLook() {
    CareOfTracker tracker = new CareOfTracker(null, null, 0, null, null, null);
    assertFalse(tracker.concerns(DAEMONS));
    assertTrue(tracker.concerns(address("2001:db8:3000::1", 64, 0, 500)));
    // By DHCPv6: as long, but preferred.
    assertTrue(tracker.concerns(address("2001:db8:3000::77", 128, 0, 500)));
  }

  @Test
  void anyInterfaceMayBeTheOneWhileThereIsNone() {
    CareOfTracker tracker = new CareOfTracker(null, null, 0, null, null, null);
    assertTrue(tracker.concerns(new Link(7, "tun7", Optional.empty(), 1500, 1, 0, "tun")));
  }
}
