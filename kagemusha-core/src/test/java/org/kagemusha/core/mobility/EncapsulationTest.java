package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.MS;
import static org.kagemusha.core.mobility.MobileNodeFixture.OTHER_CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.OTHER_HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.SECOND;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kagemusha.core.mobility.EncapsulationMemory.Path;
import org.kagemusha.core.mobility.MobileNodeSettings.Encapsulation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.Protocol;

/** ESP in UDP, RFC 3948: asked for, or where nothing else gets through. */
class EncapsulationTest {

  private static final long HOUR = 3600 * SECOND;

  private final FreshKeysWorld w = new FreshKeysWorld();
  private final MobileNodeFixture f = w.f;

  private void arrive(Encapsulation mode) {
    w.encapsulation(mode).start();
    w.grant(true, 10 * HOUR);
    w.guestSends();
  }

  private long signallingSent() {
    return f.counters.get(Counter.BINDING_UPDATES_SENT);
  }

  private String encapsulation() {
    return f.node.status(f.now).encapsulation();
  }

  /** Both ends say something, and both hear it. */
  private void talk() {
    int up = w.uplink;
    int down = w.downlink();
    w.guestSends();
    w.homeAgentSends();
    w.run(20 * MS);
    assertEquals(up + 1, w.uplink);
    assertEquals(down + 1, w.downlink());
    assertNull(w.leak());
  }

  @Test
  void autoWhereBothGetThroughIsNative() {
    arrive(Encapsulation.AUTO);
    assertEquals("probing", encapsulation());
    w.run(20 * MS);
    assertEquals(List.of(true, false), w.forms);
    assertEquals(
        w.updates.get(0).sequence() + 1 & 0xffff, w.updates.get(1).sequence());
    assertEquals("none", encapsulation());
    assertEquals(0, w.udpPort);
    talk();
    assertEquals(Protocol.ESP, f.packets.get(f.packets.size() - 1)[6]);
    w.run(100 * SECOND);
    assertEquals(2, w.updates.size());
    assertEquals(0, w.keepalives.size());
    assertEquals(
        List.of(false), f.node.encapsulationMemory().paths().stream().map(Path::udp).toList());
  }

  @Test
  void autoWhereOnlyNativeGetsThroughIsNative() {
    w.udpUp = false;
    arrive(Encapsulation.AUTO);
    w.run(20 * MS);
    assertEquals(List.of(false), w.forms);
    assertEquals("registered", f.state());
    assertEquals("none", encapsulation());
    talk();
    w.run(100 * SECOND);
    assertEquals(1, w.updates.size());
  }

  @Test
  void autoWhereOnlyUdpGetsThroughIsUdp() {
    w.nativeUp = false;
    w.nativeDown = false;
    arrive(Encapsulation.AUTO);
    w.run(20 * MS);
    assertEquals(List.of(true), w.forms);
    assertEquals("registered", f.state());
    assertEquals("udp", encapsulation());
    talk();
    assertEquals(Protocol.UDP, f.packets.get(f.packets.size() - 1)[6]);
    w.run(2 * SECOND);
    assertEquals(List.of(true, true), w.forms);
    int sent = f.packets.size();
    w.grant(true, 10 * HOUR);
    w.run(20 * MS);
    assertEquals(List.of(true, true, true), w.forms);
    assertEquals(sent + 1, f.packets.size());
    assertEquals(
        List.of(true), f.node.encapsulationMemory().paths().stream().map(Path::udp).toList());
  }

  @Test
  void autoWhereNativeAnswersAreLostPutsTheHomeAgentRightASecondLater() {
    w.nativeDown = false;
    arrive(Encapsulation.AUTO);
    w.run(20 * MS);
    assertEquals(List.of(true, false), w.forms);
    assertEquals(0, w.udpPort);
    assertEquals("udp", encapsulation());
    w.run(970 * MS);
    assertEquals(2, w.updates.size());
    w.run(40 * MS);
    assertEquals(List.of(true, false, true), w.forms);
    assertEquals(FreshKeysWorld.PORT, w.udpPort);
    talk();
    w.run(100 * SECOND);
    assertEquals(3, w.updates.size());
    assertEquals("udp", encapsulation());
    assertEquals(0, f.binding().retransmissions());
  }

  @Test
  void autoGoesOnTryingBothUntilOneIsAnswered() {
    w.nativeUp = false;
    w.udpUp = false;
    arrive(Encapsulation.AUTO);
    w.run(5 * SECOND);
    // §11.8: at 0, 1.5 and 4.5 s, twice.
    assertEquals(6, signallingSent());
    assertEquals(2, f.binding().retransmissions());
    assertEquals("probing", encapsulation());
    w.udpUp = true;
    w.run(20 * SECOND);
    assertEquals("registered", f.state());
    assertEquals("udp", encapsulation());
  }

  @Test
  void aRememberedFormThatIsUnansweredTwiceIsPutToTheTestAgain() {
    w.nativeUp = false;
    arrive(Encapsulation.AUTO);
    w.run(10 * SECOND);
    w.nativeUp = true;
    w.udpUp = false;
    w.forms.clear();
    w.grant(true, 10 * HOUR);
    for (int i = 0; i < 10; i++) {
      w.guestSends();
      w.run(SECOND);
    }
    assertEquals(List.of(false), w.forms);
    assertEquals("none", encapsulation());
    talk();
  }

  @Test
  void whatWasLearnedIsHandedOverAndHoldsForAnHour() {
    EncapsulationMemory memory =
        new EncapsulationMemory(
            List.of(
                new Path(
                    HOME_AGENT, Ipv6Prefix.of(CARE_OF, 64), true, f.wallOffsetMs - 3_000_000)));
    w.encapsulation(Encapsulation.AUTO).start();
    f.node.encapsulationMemory(memory);
    assertEquals("udp", encapsulation());
    w.grant(true, 10 * HOUR);
    w.guestSends();
    w.run(20 * MS);
    assertEquals(List.of(true), w.forms);
    assertEquals(memory, f.node.encapsulationMemory());
    for (int i = 0; i < 1300; i++) {
      w.guestSends();
      w.run(SECOND);
    }
    assertTrue(w.forms.contains(false));
    assertEquals("none", encapsulation());
    talk();
  }

  @Test
  void anotherNetworkIsAnotherPath() {
    w.nativeUp = false;
    arrive(Encapsulation.AUTO);
    w.run(20 * MS);
    assertEquals("udp", encapsulation());
    f.node.careOfAddress(OTHER_CARE_OF, 1500, f.now);
    w.guestSends();
    assertEquals("probing", encapsulation());
  }

  @Test
  void rfc6275_s11_8_bothFormsOfTwoHomeAddressesKeepToTheRateLimit() {
    f.settings =
        MobileNodeFixture.with(
            f.settings, List.of(HOME_ADDRESS, OTHER_HOME_ADDRESS), List.of(HOME_AGENT));
    arrive(Encapsulation.AUTO);
    assertEquals(2, signallingSent());
    w.run(20 * MS);
    // What the first found out is enough for the second, which need not wait for room for two.
    assertEquals("registered", f.state());
    assertEquals(List.of(true, false, true), w.forms);
    w.run(1100 * MS);
    assertEquals(List.of(true, false, true, false), w.forms);
    assertEquals("none", encapsulation());
  }

  @Test
  void udpIsUdpFromTheFirstPacketOn() {
    arrive(Encapsulation.UDP);
    w.run(20 * MS);
    assertEquals(List.of(true), w.forms);
    assertEquals("udp", encapsulation());
    assertEquals(1, w.uplinkInUdp);
    talk();
    for (byte[] packet : f.packets) {
      assertEquals(Protocol.UDP, packet[6]);
    }
    f.node.release(f.now);
    w.run(20 * MS);
    assertEquals(List.of(true, true), w.forms);
    assertEquals("released", f.state());
  }

  @Test
  void udpWithoutAPortRegistersNothingAndAutoIsNative() {
    w.encapsulation(Encapsulation.UDP);
    f.start();
    w.grant(true, 10 * HOUR);
    w.guestSends();
    w.run(10 * SECOND);
    assertEquals(0, f.packets.size());
    f.node.encapsulationPorts(4500, 4500, f.now);
    w.run(20 * MS);
    assertEquals("registered", f.state());
    talk();
    f.node.encapsulationPorts(0, 0, f.now);
    int sent = f.packets.size();
    w.guestSends();
    w.run(10 * SECOND);
    assertEquals(sent, f.packets.size());
    f.node.settings(f.settings.withEncapsulation(Encapsulation.AUTO), f.now);
    w.run(20 * MS);
    assertEquals("registered", f.state());
    assertEquals("none", encapsulation());
    talk();
    assertThrows(
        IllegalArgumentException.class, () -> f.node.encapsulationPorts(65536, 1, f.now));
  }

  @Test
  void portsThatComeWithTheKeysLetAWaitingGuestBeRegisteredAtOnce() {
    w.encapsulation(Encapsulation.UDP);
    f.start();
    w.guestSends();
    w.run(300 * MS);
    assertEquals(0, f.packets.size());
    f.guestAnswers = false;
    w.keys.grant(true, 10 * HOUR, f.now);
    f.node.encapsulationPorts(4500, 4500, f.now);
    f.node.keysChanged(f.now);
    assertEquals(1, signallingSent());
    w.run(20 * MS);
    assertEquals("registered", f.state());
    assertEquals(List.of(true), w.forms);
  }

  @Test
  void clearPayloadIsNeverInUdp() {
    w.encapsulation(Encapsulation.AUTO).start();
    w.grant(false, 10 * HOUR);
    w.guestSends();
    w.run(20 * MS);
    assertEquals(List.of(false), w.forms);
    f.node.left(f.now);
    w.run(SECOND);
    f.node.settings(f.settings.withEncapsulation(Encapsulation.UDP), f.now);
    w.grant(false, 10 * HOUR);
    int sent = f.packets.size();
    w.guestSends();
    w.run(10 * SECOND);
    assertEquals(sent, f.packets.size());
  }

  @ParameterizedTest
  @EnumSource(names = {"AUTO", "UDP"})
  void clearSignallingIsNeverInUdp(Encapsulation mode) {
    f.keys = (homeAddress, purpose) -> null;
    f.settings = MobileNodeFixture.with(f.settings, 600, false, false);
    w.encapsulation(mode).start();
    w.guestSends();
    assertEquals(mode == Encapsulation.UDP ? 0 : 1, signallingSent());
  }

  @Test
  void rfc3948_s4_keepalivesComeTwentySecondsAfterWhatWasSentLast() {
    arrive(Encapsulation.UDP);
    w.run(5 * SECOND);
    w.guestSends();
    long last = f.now;
    w.run(64 * SECOND);
    assertEquals(
        List.of(last + 20 * SECOND, last + 40 * SECOND, last + 60 * SECOND), w.keepalives);
    byte[] keepalive =
        f.packets.stream().filter(p -> p.length == 49).findFirst().orElseThrow();
    assertEquals((byte) 0xff, keepalive[48]);
    w.keepalives.clear();
    for (int i = 0; i < 100; i++) {
      w.guestSends();
      w.run(SECOND);
    }
    assertEquals(List.of(), w.keepalives);
    f.node.left(f.now);
    w.run(100 * SECOND);
    assertEquals(List.of(), w.keepalives);
  }

  @Test
  void theTunnelMtuLeavesRoomForUdp() {
    arrive(Encapsulation.NONE);
    w.run(20 * MS);
    int plain = f.node.status(f.now).tunnelMtu();
    f.node.encapsulationPorts(4500, 4500, f.now);
    f.node.settings(f.settings.withEncapsulation(Encapsulation.UDP), f.now);
    w.run(20 * MS);
    assertEquals("udp", encapsulation());
    assertEquals(plain - 8, f.node.status(f.now).tunnelMtu());
  }
}
