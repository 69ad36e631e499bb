package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.kagemusha.core.homeagent.FreshKeysFixture.HOME_AGENT_PORT;
import static org.kagemusha.core.homeagent.FreshKeysFixture.bindingUpdate;
import static org.kagemusha.core.homeagent.FreshKeysFixture.fromMobileNode;
import static org.kagemusha.core.homeagent.FreshKeysFixture.sealed;
import static org.kagemusha.core.homeagent.FreshKeysFixture.spi;
import static org.kagemusha.core.homeagent.FreshKeysFixture.toMobileNode;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_AGENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.update;

import java.nio.ByteBuffer;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.homeagent.FreshKeys.Grant;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Protocol;

/** ESP in UDP, RFC 3948, at the home agent: it answers the way it was asked, and hears both. */
class EncapsulationTest {

  /** Not 4500: something on the way has changed it. */
  private static final int PORT = 40123;

  private final FreshKeysFixture fresh = new FreshKeysFixture();
  private final HomeAgentFixture home = fresh.home;
  private final Grant a = fresh.keys.grant("vm1", 0x1a0a, true);

  private static int nextHeader(byte[] packet) {
    return Ipv6Header.nextHeader(ByteBuffer.wrap(packet), 0);
  }

  private static void assertUdp(byte[] packet, int port) {
    ByteBuffer bytes = ByteBuffer.wrap(packet);
    assertEquals(Protocol.UDP, nextHeader(packet));
    assertEquals(HOME_AGENT, Ipv6Header.source(bytes, 0));
    assertEquals(HOME_AGENT_PORT, bytes.getShort(40) & 0xffff);
    assertEquals(port, bytes.getShort(42) & 0xffff);
    assertEquals(packet.length - 40, bytes.getShort(44));
    long sum =
        InternetChecksum.pseudoHeader(bytes, 0, packet.length - 40, Protocol.UDP)
            + InternetChecksum.sum(bytes, 40, packet.length - 40);
    assertEquals(0, InternetChecksum.finish(sum));
  }

  /** RFC 4106 and RFC 4303 by the JDK's AES-GCM alone: the plaintext with its trailer. */
  private static byte[] opened(Grant grant, byte[] packet, int esp, int sequence)
      throws Exception {
    byte[] material = FreshKeys.key(grant.spi(), 2);
    ByteBuffer bytes = ByteBuffer.wrap(packet);
    assertEquals(sequence, bytes.getInt(esp + 4));
    byte[] nonce = Arrays.copyOf(Arrays.copyOfRange(material, 16, 20), 12);
    System.arraycopy(packet, esp + 8, nonce, 4, 8);
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(
        Cipher.DECRYPT_MODE,
        new SecretKeySpec(material, 0, 16, "AES"),
        new GCMParameterSpec(128, nonce));
    // RFC 4106 §5: SPI and 64-bit extended sequence number.
    cipher.updateAAD(ByteBuffer.allocate(12).putInt(grant.spi()).putLong(sequence).array());
    return cipher.doFinal(packet, esp + 16, packet.length - esp - 16);
  }

  @Test
  void rfc6618_s6_3_theAcknowledgementGoesBackInUdpWithItsRoutingHeaderInside()
      throws Exception {
    home.start();
    fresh.registerByUdp(a, 1, CARE_OF, PORT);
    assertEquals(1, home.packets.size());
    assertUdp(fresh.last(), PORT);
    byte[] plain = opened(a, fresh.last(), 48, 1);
    assertEquals(Protocol.ROUTING, plain[plain.length - 1]);
    ByteBuffer routing = ByteBuffer.wrap(plain);
    // Next Header 135, 24 octets, type 2, one segment left, the home address.
    assertEquals(0x8702_0201, routing.getInt(0));
    assertEquals(HOME_ADDRESS, Ipv6Address.read(routing, 8));
    // A Binding Acknowledgement (type 6), status 0.
    assertEquals(6, plain[24 + 2]);
    assertEquals(0, plain[24 + 6]);
    assertEquals(0, fresh.acknowledgement(a, PORT).status());
    assertEquals("udp:" + PORT, home.agent.status(home.nowNs).entries().get(0).encapsulation());
  }

  @Test
  void rfc3948_s2_1_payloadGoesInUdpToThePortOfTheUpdate() throws Exception {
    home.start();
    fresh.registerByUdp(a, 1, CARE_OF, PORT);
    byte[] inner = toMobileNode(333);
    fresh.down(inner);
    assertUdp(fresh.last(), PORT);
    byte[] plain = opened(a, fresh.last(), 48, 2);
    assertEquals(Protocol.IPV6, plain[plain.length - 1]);
    byte[] received = Arrays.copyOf(plain, inner.length);
    assertEquals(63, received[Ipv6Header.HOP_LIMIT]);
    received[Ipv6Header.HOP_LIMIT] = 64;
    assertArrayEquals(inner, received);
  }

  @Test
  void bothFormsAreTakenWhateverTheBindingSays() {
    home.start();
    fresh.registerByUdp(a, 1, CARE_OF, PORT);
    home.underlay(sealed(a, CARE_OF, fromMobileNode(10), 0));
    home.underlay(sealed(a, CARE_OF, fromMobileNode(10), PORT));
    home.underlay(sealed(a, CARE_OF, fromMobileNode(10), PORT + 1));
    fresh.register(a, 2, CARE_OF);
    home.underlay(sealed(a, CARE_OF, fromMobileNode(10), PORT));
    home.correspondentAnswers();
    assertEquals(4, home.dataFrames().size());
    home.underlay(sealed(a, CARE_OF, fromMobileNode(10), PORT));
    home.underlay(sealed(a, CARE_OF, fromMobileNode(10), 0));
    assertEquals(6, home.dataFrames().size());
  }

  @Test
  void eachUpdateSaysAnewHowTheMobileNodeIsReached() {
    home.start();
    fresh.registerByUdp(a, 1, CARE_OF, PORT);
    fresh.register(a, 2, CARE_OF);
    assertEquals(0, fresh.acknowledgement(a, 0).status());
    fresh.down(toMobileNode(10));
    assertEquals(Protocol.ESP, nextHeader(fresh.last()));
    assertEquals("none", home.agent.status(home.nowNs).entries().get(0).encapsulation());

    fresh.registerByUdp(a, 3, OTHER_CARE_OF, PORT + 1);
    assertUdp(fresh.last(), PORT + 1);
    fresh.down(toMobileNode(10));
    assertUdp(fresh.last(), PORT + 1);
    assertEquals(OTHER_CARE_OF, Ipv6Header.destination(ByteBuffer.wrap(fresh.last()), 0));
    assertEquals(
        "udp:" + (PORT + 1), home.agent.status(home.nowNs).entries().get(0).encapsulation());
  }

  @Test
  void ofTwoUpdatesThatTryBothWaysTheLaterNumberDecides() {
    home.start();
    byte[] byUdp = bindingUpdate(a, CARE_OF, HOME_ADDRESS, update(1, 15, CARE_OF), PORT);
    byte[] natively = bindingUpdate(a, CARE_OF, HOME_ADDRESS, update(2, 15, CARE_OF), 0);
    home.underlay(natively);
    home.underlay(byUdp);
    assertEquals(2, home.packets.size());
    assertUdp(fresh.last(), PORT);
    assertEquals(135, fresh.acknowledgement(a, PORT).status());
    fresh.down(toMobileNode(10));
    assertEquals(Protocol.ESP, nextHeader(fresh.last()));
    fresh.registerByUdp(a, 3, CARE_OF, PORT);
    fresh.register(a, 4, CARE_OF);
    fresh.down(toMobileNode(10));
    assertEquals(Protocol.ESP, nextHeader(fresh.last()));
  }

  @Test
  void aRefusalAndAnEndGoBackInUdpToo() {
    home.start();
    fresh.registerByUdp(a, 100, CARE_OF, PORT);
    fresh.registerByUdp(a, 99, CARE_OF, PORT + 1);
    assertUdp(fresh.last(), PORT + 1);
    assertEquals(135, fresh.acknowledgement(a, PORT + 1).status());
    fresh.down(toMobileNode(10));
    assertUdp(fresh.last(), PORT);
    home.underlay(bindingUpdate(a, CARE_OF, HOME_ADDRESS, update(101, 0, CARE_OF), PORT));
    assertUdp(fresh.last(), PORT);
    assertEquals(0, fresh.acknowledgement(a, PORT).status());
    assertEquals("none", home.agent.status(home.nowNs).entries().get(0).encapsulation());
  }

  @Test
  void afterStrictDetectionTheAcknowledgementStillKnowsItsPort() {
    home.dad = HomeAgentSettings.Dad.STRICT;
    home.start();
    fresh.registerByUdp(a, 1, CARE_OF, PORT);
    home.elapse(3 * HomeAgentFixture.SECOND);
    assertUdp(fresh.last(), PORT);
    fresh.down(toMobileNode(10));
    assertUdp(fresh.last(), PORT);
  }

  @Test
  void rfc3948_s2_keepalivesAndIkeAreCountedAndNotAnswered() {
    home.start();
    fresh.registerByUdp(a, 1, CARE_OF, PORT);
    home.clear();
    for (byte[] payload : new byte[][] {{(byte) 0xff}, new byte[4], new byte[40], {1}}) {
      byte[] packet = HomeAgentFixture.udp(CARE_OF, HOME_AGENT, payload.length);
      ByteBuffer bytes = ByteBuffer.wrap(packet);
      bytes.putShort(40, (short) PORT).putShort(42, (short) HOME_AGENT_PORT);
      System.arraycopy(payload, 0, packet, 48, payload.length);
      home.underlay(packet);
    }
    assertEquals(1, home.drops(DropReason.UDP_KEEPALIVE));
    assertEquals(2, home.drops(DropReason.UDP_NOT_ESP));
    assertEquals(1, home.drops(DropReason.ESP_MALFORMED));
    assertEquals(0, home.packets.size() + home.frames.size());
  }

  @Test
  void whereItIsNotConfiguredUdpIsTheKernels() {
    home.encapsulationPort = 0;
    home.start();
    fresh.registerByUdp(a, 1, CARE_OF, PORT);
    assertEquals(1, home.drops(DropReason.PROTOCOL_NOT_TAKEN));
    assertEquals(0, home.packets.size());
  }

  @Test
  void whenItIsSwitchedOffTheTunnelsGoOnWithoutIt() {
    home.start();
    fresh.registerByUdp(a, 1, CARE_OF, PORT);
    home.encapsulationPort = 0;
    home.agent.settings(home.settings(), home.nowNs);
    fresh.down(toMobileNode(10));
    assertEquals(Protocol.ESP, nextHeader(fresh.last()));
    home.encapsulationPort = HOME_AGENT_PORT;
    home.agent.settings(home.settings(), home.nowNs);
    fresh.down(toMobileNode(10));
    assertUdp(fresh.last(), PORT);
  }

  @Test
  void rfc6275_s10_4_5_inUdpTooTheOuterSourceMustBeTheCareOfAddress() {
    home.start();
    fresh.registerByUdp(a, 1, CARE_OF, PORT);
    home.clear();
    home.underlay(sealed(a, OTHER_CARE_OF, fromMobileNode(10), PORT));
    assertEquals(1, home.drops(DropReason.OUTER_SOURCE_WRONG));
    assertEquals(0, home.frames.size());
  }

  @Test
  void newKeysAreFollowedInUdp() {
    Grant b = fresh.keys.grant("vm1", 0x1b0b, true);
    home.start();
    fresh.registerByUdp(a, 1, CARE_OF, PORT);
    fresh.registerByUdp(b, 2, CARE_OF, PORT);
    assertEquals(0, fresh.acknowledgement(b, PORT).status());
    fresh.down(toMobileNode(10));
    assertUdp(fresh.last(), PORT);
    assertEquals(b.spi(), spi(fresh.last()));
  }

  @Test
  void rfc3948_s2_1_whatMayPassInClearIsNotPutInUdp() {
    Grant clear = fresh.keys.grant("vm1", 0x1d0d, false);
    home.start();
    fresh.registerByUdp(clear, 1, CARE_OF, PORT);
    assertEquals(0, fresh.acknowledgement(clear, PORT).status());
    fresh.down(toMobileNode(10));
    assertEquals(Protocol.IPV6, nextHeader(fresh.last()));
    // As soon as there are payload keys, it is.
    fresh.registerByUdp(a, 2, CARE_OF, PORT);
    fresh.down(toMobileNode(10));
    assertUdp(fresh.last(), PORT);
  }

  @Test
  void noPortOutsideOfItsRange() {
    home.encapsulationPort = 65536;
    assertNull(settingsOrNull());
    home.encapsulationPort = -1;
    assertNull(settingsOrNull());
    home.encapsulationPort = 0;
    home.graceSeconds = 61;
    assertNull(settingsOrNull());
  }

  private HomeAgentSettings settingsOrNull() {
    try {
      return home.settings();
    } catch (IllegalArgumentException expected) {
      return null;
    }
  }
}
