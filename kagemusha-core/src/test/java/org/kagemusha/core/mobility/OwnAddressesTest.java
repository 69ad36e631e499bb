package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.CORRESPONDENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.ROUTER_MAC;
import static org.kagemusha.core.mobility.MobileNodeFixture.SECOND;
import static org.kagemusha.core.mobility.MobileNodeFixture.ack;
import static org.kagemusha.core.mobility.MobileNodeFixture.udp;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.wire.Ipv6Address;

/** Addresses on the home link that the guest makes itself: RFC 4941, RFC 7217; RFC 6275 §11.7.1. */
class OwnAddressesTest {

  private static final Ipv6Address TEMPORARY = Ipv6Address.parse("2001:db8:2000::beef");

  private final MobileNodeFixture f = new MobileNodeFixture();

  private void guestSendsFrom(Ipv6Address source) {
    f.fromGuest(udp(source, CORRESPONDENT, 8), ROUTER_MAC);
  }

  private long updatesFor(Ipv6Address address) {
    return f.signalling().stream().filter(p -> p.homeAddressOption().equals(address)).count();
  }

  @Test
  void rfc6275_s11_7_1_addressInUseIsRegisteredAtOnceAndItsPacketFollows() {
    f.start().registered();
    int before = f.packets.size();
    guestSendsFrom(TEMPORARY);
    assertEquals(before + 2, f.packets.size());
    List<SignallingPacket> sent = f.signalling();
    assertEquals(TEMPORARY, sent.get(sent.size() - 1).homeAddressOption());
    assertEquals(0, f.drops(DropReason.INNER_SOURCE_SPOOFED));
  }

  @Test
  void refusedOwnAddressDoesNotSpoilTheState() {
    f.start().registered();
    guestSendsFrom(TEMPORARY);
    f.answer(ack(129, f.lastUpdate().sequence(), 0), TEMPORARY);
    assertEquals("registered", f.state());
  }

  @Test
  void addressThatWentOutOfUseIsNotRefreshed() {
    f.start().registered();
    guestSendsFrom(TEMPORARY);
    f.answer(ack(0, f.lastUpdate().sequence(), 15), TEMPORARY);
    f.pass(700 * SECOND);
    long updates = updatesFor(TEMPORARY);
    assertTrue(updates > 1);
    for (int i = 0; i < 20; i++) {
      f.pass(100 * SECOND);
      f.guestSends();
      f.answer(ack(0, f.lastUpdate().sequence(), 150));
    }
    assertEquals(1, f.node.status(f.now).bindings().size());
  }

  @Test
  void guestCannotMakeItRegisterWithoutEnd() {
    f.start().registered();
    for (int i = 0; i < 100; i++) {
      guestSendsFrom(new Ipv6Address(HOME_ADDRESS.high(), 0x1000 + i));
      f.pass(SECOND);
    }
    assertEquals(16, f.node.status(f.now).bindings().size());
    assertTrue(f.drops(DropReason.INNER_SOURCE_SPOOFED) > 0);
  }

  @Test
  void rfc6275_s5_1_ownAddressWithoutAnAssociationIsNotRegisteredWhereProtectionIsRequired() {
    f.settings = MobileNodeFixture.with(f.settings, 600, false, true);
    f.start();
    guestSendsFrom(TEMPORARY);
    guestSendsFrom(TEMPORARY);
    assertEquals(1, f.node.status(f.now).bindings().size());
    assertEquals(2, f.drops(DropReason.INNER_SOURCE_SPOOFED));
  }
}
