package org.kagemusha.daemon.provision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.net.InetAddresses;
import org.junit.jupiter.api.Test;
import org.kagemusha.daemon.provision.ConnectionSlots.Stage;

class ConnectionSlotsTest {

  private static SourceNetwork network(String address) {
    return SourceNetwork.of(InetAddresses.forString(address));
  }

  private static final SourceNetwork ATTACKER = network("2001:db8:bad::1");
  private static final SourceNetwork HOST = network("2001:db8:1::1");

  @Test
  void aNewcomerDisplacesTheOldestSilentOneOfTheLargestNetwork() {
    ConnectionSlots<String> slots = new ConnectionSlots<>(4, 3);
    slots.enter("host a", network("2001:db8:a::1"), false);
    slots.enter("flood 0", ATTACKER, false);
    slots.enter("flood 1", ATTACKER, false);
    slots.enter("flood 2", ATTACKER, false);
    slots.reached("flood 0", Stage.HANDSHAKE);
    assertFalse(slots.hasPlace(HOST, false));
    assertEquals("flood 1", slots.toDisplace(HOST, false));
    // The flood itself displaces nobody else.
    assertEquals("flood 1", slots.toDisplace(ATTACKER, false));
  }

  @Test
  void aNetworkHasItsShareAndKnownOnesHaveMore() {
    ConnectionSlots<String> slots = new ConnectionSlots<>(4, 2);
    slots.enter("1", ATTACKER, false);
    slots.enter("2", ATTACKER, false);
    assertFalse(slots.hasPlace(ATTACKER, false));
    assertTrue(slots.hasPlace(ATTACKER, true));
    assertTrue(slots.hasPlace(HOST, false));
    assertEquals("1", slots.toDisplace(ATTACKER, false));
    slots.reached("1", Stage.HANDSHAKE);
    slots.reached("2", Stage.WAITING);
    assertNull(slots.toDisplace(ATTACKER, false));
    slots.leave("1");
    slots.leave("1");
    assertEquals(1, slots.size());
    assertTrue(slots.hasPlace(ATTACKER, false));
  }

  @Test
  void strangersDoNotDisplaceKnownOnesButTheseDisplaceStrangers() {
    ConnectionSlots<String> slots = new ConnectionSlots<>(2, 2);
    slots.enter("known", HOST, true);
    slots.enter("known too", HOST, true);
    assertNull(slots.toDisplace(ATTACKER, false));
    slots.leave("known");
    slots.enter("stranger", ATTACKER, false);
    assertEquals("stranger", slots.toDisplace(HOST, true));
    slots.reached("stranger", Stage.HANDSHAKE);
    assertEquals("stranger", slots.toDisplace(HOST, true));
    slots.reached("stranger", Stage.AUTHENTICATED);
    assertEquals("known too", slots.toDisplace(HOST, true));
  }

  @Test
  void aWaitingOneMakesRoomForASmallerNetworkOnly() {
    ConnectionSlots<String> slots = new ConnectionSlots<>(2, 2);
    slots.enter("1", ATTACKER, false);
    slots.enter("2", ATTACKER, false);
    slots.reached("1", Stage.WAITING);
    slots.reached("2", Stage.WAITING);
    assertNull(slots.toDisplace(ATTACKER, false));
    assertEquals("1", slots.toDisplace(HOST, false));
  }
}
