package org.kagemusha.core.neighbor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.neighbor.NeighborFixture.*;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.neighbor.PseudoHomeNetwork.Verdict;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * A guest with a DHCPv6 lease of the home link. Requests and expected replies were built by scapy
 * 2.5: client DUID-LLT 2a000000 52:54:00:12:34:10, server DUID-EN 4242 "homesrv1", IAID 12341000.
 */
class PseudoDhcpServerTest implements PseudoHomeNetwork.GuestListener {

  static final String RENEW =
      "60000000006a1101fe80000000000000505400fffe123410ff020000000000000000000000010002"
          + "02220223006a4f43051234560001000e000100012a0000005254001234100002000e000200001092"
          + "686f6d65737276310006000400170018000800020000000300281234100000000000000000000005"
          + "001820010db82000000000000000000000100000000000000000";

  static final String REBIND =
      "6000000000501101fe80000000000000505400fffe123410ff020000000000000000000000010002"
          + "0222022300501ecc061234570001000e000100012a00000052540012341000080002000000030028"
          + "1234100000000000000000000005001820010db82000000000000000000000100000000000000000";

  static final String CONFIRM =
      "6000000000501101fe80000000000000505400fffe123410ff020000000000000000000000010002"
          + "02220223005020cb041234580001000e000100012a00000052540012341000080002000000030028"
          + "1234100000000000000000000005001820010db82000000000000000000000100000000000000000";

  static final String INFO =
      "60000000002a1101fe80000000000000505400fffe123410ff020000000000000000000000010002"
          + "02220223002a8a3c0b1234590001000e000100012a00000052540012341000060002001700080002"
          + "0000";

  private static final String RENEWED =
      "6000000000701140fe800000000000000000000000000001fe80000000000000505400fffe123410"
          + "022302220070c352071234560002000e000200001092686f6d65737276310001000e000100012a00"
          + "000052540012341000030028123410000000070800000b400005001820010db82000000000000000"
          + "0000001000000e1000001c200017001020010db8200000000000000000000053";

  private static final String REBOUND =
      "60000000006c1140fe800000000000000000000000000001fe80000000000000505400fffe123410"
          + "02230222006cca26071234570002000a00030001026b6167656d0001000e000100012a0000005254"
          + "0012341000030028123410000000070800000b400005001820010db8200000000000000000000010"
          + "00000e1000001c200017001020010db8200000000000000000000053";

  private static final String CONFIRMED =
      "6000000000391140fe800000000000000000000000000001fe80000000000000505400fffe123410"
          + "022302220039611d071234580002000a00030001026b6167656d0001000e000100012a0000005254"
          + "00123410000d000900006f6e206c696e6b";

  private static final String INFORMED =
      "6000000000401140fe800000000000000000000000000001fe80000000000000505400fffe123410"
          + "022302220040773a071234590002000a00030001026b6167656d0001000e000100012a0000005254"
          + "001234100017001020010db8200000000000000000000053";

  static final MacAddress SERVERS_MAC =
      MacAddress.multicastOf(Ipv6Address.parse("ff02::1:2"));
  private static final int UDP = 40;
  static final int MESSAGE = 48;

  private final NeighborFixture link = new NeighborFixture();
  private final Counters counters = new Counters();
  private PseudoHomeNetwork network = network(HOME, router());

  @Override
  public void onGuestAddress(Ipv6Address address, long nowNs) {}

  @Override
  public void onGuestAnnouncement(long nowNs) {}

  private PseudoHomeNetwork network(Ipv6Prefix home, HomeRouter router) {
    PseudoHomeNetwork started =
        new PseudoHomeNetwork(
            new PseudoHomeNetwork.Settings(GUEST, List.of(home), HOME_AGENT, router, PSEUDO),
            link,
            this,
            new Random(1),
            counters);
    started.start(0);
    link.sent.clear();
    return started;
  }

  private void guest(byte[] packet) {
    assertEquals(
        Verdict.CONSUMED, network.onGuestFrame(frame(packet, SERVERS_MAC, GUEST), SECOND));
  }

  private void refused(byte[] packet, DropReason reason) {
    long before = counters.drops(reason);
    guest(packet);
    assertTrue(link.sent.isEmpty(), "nothing is answered");
    assertEquals(before + 1, counters.drops(reason), reason::help);
  }

  private byte[] reply() {
    byte[] frame = link.only();
    assertEquals(GUEST, destinationOf(frame));
    assertEquals(ROUTER, sourceOf(frame));
    return Arrays.copyOfRange(frame, 14, frame.length);
  }

  static byte[] hex(String octets) {
    return HexFormat.of().parseHex(octets);
  }

  /** The packet with another message, lengths and checksum set right. */
  static byte[] with(byte[] packet, byte[] message) {
    byte[] changed = Arrays.copyOf(packet, MESSAGE + message.length);
    System.arraycopy(message, 0, changed, MESSAGE, message.length);
    ByteBuffer bytes = ByteBuffer.wrap(changed);
    int length = changed.length - UDP;
    bytes.putShort(4, (short) length).putShort(UDP + 4, (short) length);
    return checksummed(changed);
  }

  private static byte[] checksummed(byte[] packet) {
    ByteBuffer bytes = ByteBuffer.wrap(packet);
    int length = packet.length - UDP;
    bytes.putShort(UDP + 6, (short) 0);
    int sum =
        InternetChecksum.finish(
            InternetChecksum.pseudoHeader(bytes, 0, length, Protocol.UDP)
                + InternetChecksum.sum(bytes, UDP, length));
    bytes.putShort(UDP + 6, (short) (sum == 0 ? 0xffff : sum));
    return packet;
  }

  private static byte[] message(String packet, String removed, String put) {
    String message = packet.substring(2 * MESSAGE);
    assertTrue(message.contains(removed));
    return with(hex(packet), hex(message.replace(removed, put)));
  }

  @Test
  void rfc8415_s18_3_4_aRenewIsAnsweredWithTheSameAddressesByTheServerThatTheGuestNames() {
    guest(hex(RENEW));
    assertArrayEquals(hex(RENEWED), reply());
    assertEquals(1, counters.get(Counter.DHCP_REPLIES_SENT));
  }

  @Test
  void rfc8415_s18_3_5_aRebindIsAnsweredFromAStableIdentifier() {
    guest(hex(REBIND));
    assertArrayEquals(hex(REBOUND), reply());
  }

  @Test
  void rfc8415_s18_3_5_aRebindIsAnsweredByTheServerThatTheGuestNamedBefore() {
    guest(hex(RENEW));
    link.sent.clear();
    guest(hex(REBIND));
    String named = HexFormat.of().formatHex(reply());
    assertTrue(named.contains("0002000e000200001092686f6d6573727631"));
  }

  @Test
  void rfc8415_s18_3_3_aConfirmOfAnAddressOnTheHomePrefixSucceeds() {
    guest(hex(CONFIRM));
    assertArrayEquals(hex(CONFIRMED), reply());
  }

  @Test
  void rfc8415_s18_3_6_anInformationRequestGetsWhatTheHomeRouterTold() {
    guest(hex(INFO));
    assertArrayEquals(hex(INFORMED), reply());
  }

  @Test
  void rfc8415_s18_3_6_withoutAnythingKnownNothingIsTakenFromTheGuest() {
    network = network(HOME, null);
    refused(hex(INFO), DropReason.DHCP_NOT_ANSWERED);
  }

  @Test
  void rfc8415_s18_3_3_ofAddressesOffTheHomePrefixNothingIsSaid() {
    network = network(Ipv6Prefix.parse("2001:db8:7777::/64"), router());
    refused(hex(CONFIRM), DropReason.DHCP_NOT_ANSWERED);
    refused(hex(RENEW), DropReason.DHCP_NOT_ANSWERED);
    refused(hex(REBIND), DropReason.DHCP_NOT_ANSWERED);
  }

  @Test
  void rfc8415_s18_3_4_anAddressOffTheHomePrefixIsLeftOutBesideOneThatIsOnIt() {
    String address = "00050018" + "20010db8200000000000000000000010" + "0000000000000000";
    String other = "00050018" + "20010db8777700000000000000000010" + "0000000000000000";
    byte[] request =
        message(
            RENEW,
            "00030028" + "123410000000000000000000" + address,
            "00030044" + "123410000000000000000000" + other + address);
    guest(request);
    assertArrayEquals(hex(RENEWED), reply());
    byte[] confirm =
        message(
            CONFIRM,
            "00030028" + "123410000000000000000000" + address,
            "00030044" + "123410000000000000000000" + other + address);
    refused(confirm, DropReason.DHCP_NOT_ANSWERED);
  }

  @Test
  void rfc8415_s21_6_lifetimesThatTheGuestNamesAreIgnored() {
    guest(message(RENEW, "00100000000000000000", "00100000000100000002"));
    assertArrayEquals(hex(RENEWED), reply());
  }

  @Test
  void rfc6275_s6_1_8_anAddressThatTheHomeAgentRefusedIsNotProlonged() {
    network.defend(HOA);
    link.sent.clear();
    refused(hex(RENEW), DropReason.DHCP_NOT_ANSWERED);
  }

  @Test
  void rfc8415_s16_5_s16_7_aConfirmOrRebindWithAServerIdentifierIsDiscarded() {
    byte[] renew = hex(RENEW);
    for (int type : new int[] {4, 6}) {
      byte[] message = Arrays.copyOfRange(renew, MESSAGE, renew.length);
      message[0] = (byte) type;
      refused(with(renew, message), DropReason.DHCP_INVALID);
    }
  }

  @Test
  void rfc8415_s16_6_aRenewWithoutServerIdentifierIsDiscarded() {
    byte[] rebind = hex(REBIND);
    byte[] message = Arrays.copyOfRange(rebind, MESSAGE, rebind.length);
    message[0] = 5;
    refused(with(rebind, message), DropReason.DHCP_INVALID);
  }

  @Test
  void rfc8415_s16_messagesWithoutClientIdentifierAreDiscarded() {
    String client = "0001000e000100012a000000525400123410";
    for (String packet : List.of(RENEW, REBIND, CONFIRM)) {
      refused(message(packet, client, ""), DropReason.DHCP_INVALID);
    }
  }

  @Test
  void rfc8415_s16_12_anInformationRequestWithAnIdentityAssociationIsDiscarded() {
    byte[] rebind = hex(REBIND);
    byte[] message = Arrays.copyOfRange(rebind, MESSAGE, rebind.length);
    message[0] = 11;
    refused(with(rebind, message), DropReason.DHCP_INVALID);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 7, 8, 9, 10, 12, 13, 255})
  void rfc8415_s18_3_otherMessagesAreTheServersAtHome(int type) {
    byte[] rebind = hex(REBIND);
    byte[] message = Arrays.copyOfRange(rebind, MESSAGE, rebind.length);
    message[0] = (byte) type;
    refused(with(rebind, message), DropReason.DHCP_NOT_ANSWERED);
  }

  @Test
  void rfc8200_s8_1_aWrongOrMissingChecksumIsDiscarded() {
    byte[] packet = hex(RENEW);
    packet[UDP + 7]++;
    refused(packet, DropReason.DHCP_INVALID);
    packet[UDP + 6] = 0;
    packet[UDP + 7] = 0;
    refused(packet, DropReason.DHCP_INVALID);
  }

  @Test
  void everyTruncationIsDiscardedOrLeftUnanswered() {
    byte[] packet = hex(RENEW);
    for (int length = 0; length < packet.length - MESSAGE; length++) {
      guest(with(packet, Arrays.copyOfRange(packet, MESSAGE, MESSAGE + length)));
      assertTrue(link.sent.isEmpty());
    }
  }

  @Test
  void rfc8415_s22_answersAreRateLimited() {
    for (int i = 0; i < 5; i++) {
      guest(hex(CONFIRM));
    }
    assertEquals(5, link.sent.size());
    link.sent.clear();
    refused(hex(CONFIRM), DropReason.DHCP_RATE_LIMITED);
  }

  @Test
  void atHomeTheServerAnswersForItself() {
    network.stop();
    refused(hex(RENEW), DropReason.MULTICAST_NOT_TUNNELLED);
  }
}
