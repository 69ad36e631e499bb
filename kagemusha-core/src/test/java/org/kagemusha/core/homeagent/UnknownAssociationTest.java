package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.homeagent.FreshKeysFixture.bindingUpdate;
import static org.kagemusha.core.homeagent.FreshKeysFixture.fromMobileNode;
import static org.kagemusha.core.homeagent.FreshKeysFixture.sealed;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_AGENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.SECOND;
import static org.kagemusha.core.homeagent.HomeAgentFixture.update;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.homeagent.FreshKeys.Grant;
import org.kagemusha.core.message.BindingError;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Ipv6Prefix;

/** A home agent that was started anew and knows no keys tells those who send under old ones. */
class UnknownAssociationTest {

  private final FreshKeysFixture fresh = new FreshKeysFixture();
  private final HomeAgentFixture home = fresh.home;
  private final Grant lost = fresh.keys.grant("vm1", 0x1a0a, true);

  @BeforeEach
  void restart() {
    fresh.keys.end(lost);
  }

  private byte[] payload(Ipv6Address careOf, int port) {
    return sealed(lost, careOf, fromMobileNode(50), port);
  }

  private byte[] bindingUpdateOf(Ipv6Address homeAddress, int port) {
    return bindingUpdate(lost, CARE_OF, homeAddress, update(1, 15, CARE_OF), port);
  }

  private void assertTold(Ipv6Address homeAddress) {
    assertEquals(1, home.packets.size());
    assertEquals(
        new BindingError(BindingError.UNKNOWN_BINDING, homeAddress),
        home.lastSignalling().message());
    assertEquals(CARE_OF, home.lastSignalling().destination());
    assertEquals(null, home.lastSignalling().association());
    assertEquals(1, home.drops(DropReason.ESP_NO_ASSOCIATION));
  }

  @Test
  void rfc6275_s6_1_9_theAnswerIsAnUnprotectedBindingError() {
    home.start();
    home.underlay(payload(CARE_OF, 0));
    assertTold(Ipv6Address.UNSPECIFIED);
    // Version 6, 24 octets of Mobility Header, hop limit 64; 2001:db8:2000::1 to 2001:db8:3000::3;
    // no next header, 24 octets, type 7, checksum, status 1, reserved, home address ::.
    byte[] expected =
        HexFormat.of()
            .parseHex(
                "6000000000188740"
                    + "20010db8200000000000000000000001"
                    + "20010db8300000000000000000000003"
                    + "3b0207000000" + "0100"
                    + "00000000000000000000000000000000");
    byte[] packet = fresh.last().clone();
    // The ones' complement sum of pseudo-header and message, checksum included, is all ones.
    long sum = 24 + 135;
    for (int i = 8; i < packet.length; i += 2) {
      sum += (packet[i] & 0xff) << 8 | packet[i + 1] & 0xff;
    }
    assertEquals(0xffff, (sum & 0xffff) + (sum >> 16));
    packet[44] = 0;
    packet[45] = 0;
    assertArrayEquals(expected, packet);
  }

  @Test
  void itNamesTheHomeAddressInFrontOfTheEspHeader() {
    home.start();
    home.underlay(bindingUpdateOf(HOME_ADDRESS, 0));
    assertTold(HOME_ADDRESS);
  }

  @Test
  void rfc7296_s1_5_whatCameInUdpIsAnsweredToItsPort() {
    home.start();
    for (byte[] packet :
        List.of(payload(CARE_OF, 40001), bindingUpdateOf(HOME_ADDRESS, 40001))) {
      home.packets.clear();
      home.underlay(packet);
      assertEquals(1, home.packets.size());
      // IPv6, 52 octets of UDP; 4500 to 40001, checksum; marker; IKE header; Notify INVALID_SPI.
      byte[] expected =
          HexFormat.of()
              .parseHex(
                  "6000000000341140"
                      + "20010db8200000000000000000000001"
                      + "20010db8300000000000000000000003"
                      + "11949c4100340000" + "00000000"
                      + "00000000000000000000000000000000" + "29202508" + "00000000" + "00000028"
                      + "0000000c0000000b" + "00001a0a");
      byte[] answer = fresh.last().clone();
      long sum = 52 + 17;
      for (int i = 8; i < answer.length; i += 2) {
        sum += (answer[i] & 0xff) << 8 | answer[i + 1] & 0xff;
      }
      assertEquals(0xffff, (sum & 0xffff) + (sum >> 16));
      answer[46] = 0;
      answer[47] = 0;
      assertArrayEquals(expected, answer);
      home.elapse(SECOND);
    }
    assertEquals(2, home.drops(DropReason.ESP_NO_ASSOCIATION));
    assertEquals(2, home.counters.get(Counter.INVALID_SPI_SENT));
  }

  @Test
  void rfc7296_s1_5_aHomeAgentDoesNotAnswerSuchAnAnswer() {
    home.start();
    home.underlay(payload(CARE_OF, 4500));
    byte[] answer = fresh.last().clone();
    System.arraycopy(HOME_AGENT.toBytes(), 0, answer, Ipv6Header.DESTINATION, 16);
    System.arraycopy(CARE_OF.toBytes(), 0, answer, Ipv6Header.SOURCE, 16);
    home.underlay(answer);
    assertEquals(1, home.packets.size());
    assertEquals(1, home.drops(DropReason.UDP_NOT_ESP));
  }

  @Test
  void rfc6275_s9_3_3_onceASecondForEachSource() {
    home.start();
    for (int i = 0; i < 50; i++) {
      home.underlay(payload(CARE_OF, i % 2 * 4500));
      home.underlay(bindingUpdateOf(HOME_ADDRESS, 0));
    }
    assertEquals(1, home.packets.size());
    home.underlay(payload(OTHER_CARE_OF, 0));
    assertEquals(2, home.packets.size());
    home.elapse(SECOND - 1);
    home.underlay(payload(CARE_OF, 0));
    assertEquals(2, home.packets.size());
    home.elapse(1);
    home.underlay(payload(CARE_OF, 0));
    assertEquals(3, home.packets.size());
  }

  @Test
  void rfc6275_s9_3_3_andAHundredInAll() {
    home.start();
    byte[] packet = payload(CARE_OF, 0);
    for (int i = 0; i < 5000; i++) {
      ByteBuffer.wrap(packet).putInt(Ipv6Header.SOURCE + 12, 0x10000 + i);
      home.underlay(packet);
    }
    assertTrue(home.packets.size() <= 100, home.packets.size() + " answers");
    // Those whose binding is lost are told by another limit: strangers do not use it up.
    assertEquals(5000, home.drops(DropReason.ESP_NO_ASSOCIATION));
  }

  @Test
  void onlyCareOfAddressesAreAnsweredWhereAMobileNodeMayBe() {
    home.careOfAddresses =
        List.of(Ipv6Prefix.parse("2001:db8:5000::/48"), Ipv6Prefix.of(OTHER_CARE_OF, 128));
    home.start();
    home.underlay(payload(CARE_OF, 0));
    home.underlay(bindingUpdateOf(HOME_ADDRESS, 0));
    assertEquals(0, home.packets.size());
    home.underlay(payload(OTHER_CARE_OF, 0));
    home.underlay(payload(Ipv6Address.parse("2001:db8:5000:1::1"), 0));
    assertEquals(2, home.packets.size());
  }

  @Test
  void aHomeAddressThatIsNobodysIsNotAnswered() {
    home.start();
    home.underlay(bindingUpdateOf(Ipv6Address.parse("2001:db8:2000::5"), 0));
    assertEquals(0, home.packets.size());
  }

  @Test
  void theCareOfAddressesOfTheNodeCountWhereAHomeAddressIsNamed() {
    home.mobileNodes.add(home.node("vm1", HOME_ADDRESS));
    home.careOfAddresses = List.of(Ipv6Prefix.of(OTHER_CARE_OF, 128));
    home.mobileNodes.add(home.node("vm2", OTHER_HOME_ADDRESS));
    home.start();
    home.underlay(bindingUpdateOf(OTHER_HOME_ADDRESS, 0));
    assertEquals(0, home.packets.size());
    home.underlay(bindingUpdateOf(HOME_ADDRESS, 0));
    assertEquals(1, home.packets.size());
  }

  @Test
  void rfc6275_s9_3_3_neverToWhatIsNoUnicastCareOfAddress() {
    home.start();
    for (String source :
        List.of("ff0e::1", "ff02::1", "::", "::1", "fe80::1", HOME_AGENT.toString(),
            HOME_ADDRESS.toString())) {
      home.underlay(payload(Ipv6Address.parse(source), 0));
    }
    assertEquals(0, home.packets.size());
    assertEquals(7, home.drops(DropReason.ESP_NO_ASSOCIATION));
  }

  @Test
  void theAnswerIsNeverLongerThanItsCause() {
    home.start();
    byte[] packet = payload(CARE_OF, 0);
    for (int length = 44; length < 64; length++) {
      byte[] cut = Arrays.copyOf(packet, length);
      ByteBuffer.wrap(cut).putShort(Ipv6Header.PAYLOAD_LENGTH, (short) (length - 40));
      home.underlay(cut);
    }
    assertEquals(0, home.packets.size());
    byte[] enough = Arrays.copyOf(packet, 64);
    ByteBuffer.wrap(enough).putShort(Ipv6Header.PAYLOAD_LENGTH, (short) 24);
    home.underlay(enough);
    assertEquals(1, home.packets.size());
    assertEquals(64, fresh.last().length);
  }

  @Test
  void aForgedPacketUnderAKnownPairIsNotAnswered() {
    Grant known = fresh.keys.grant("vm1", 0x1b0b, true);
    home.start();
    byte[] forged = sealed(known, CARE_OF, fromMobileNode(50), 4500);
    forged[100] ^= 1;
    home.underlay(forged);
    assertEquals(1, home.drops(DropReason.ESP_AUTHENTICATION_FAILED));
    assertEquals(0, home.packets.size());
  }

  @Test
  void newKeysAndTheNextUpdateMakeAllGoodAgain() {
    home.start();
    home.underlay(payload(CARE_OF, 0));
    Grant again = fresh.keys.grant("vm1", 0x1b0b, true);
    fresh.register(again, 1, CARE_OF);
    assertEquals(0, fresh.status(again));
  }
}
