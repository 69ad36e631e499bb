package org.kagemusha.core.message;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.Protocol;

class NeighborDiscoveryTest {

  private static final Ipv6Address LINK_LOCAL = Ipv6Address.parse("fe80::5054:ff:fe12:3410");
  private static final Ipv6Address GLOBAL = Ipv6Address.parse("2001:db8:2000::10");
  private static final Ipv6Address PREFIX = Ipv6Address.parse("2001:db8:2000::");
  private static final MacAddress MAC = MacAddress.parse("52:54:00:12:34:10");

  static NeighborMessage parse(byte[] packet) {
    return NeighborDiscovery.parse(ByteBuffer.wrap(packet), 0, packet.length);
  }

  private static byte[] solicitation() {
    return NeighborDiscovery.build(
        new NeighborSolicitation(LINK_LOCAL, GLOBAL.solicitedNode(), GLOBAL, MAC));
  }

  /** Sets octets at an offset of the packet and the checksum right. */
  private static byte[] changed(byte[] packet, int at, String digits) {
    byte[] octets = packet.clone();
    byte[] patch = HexFormat.of().parseHex(digits);
    System.arraycopy(patch, 0, octets, at, patch.length);
    return checksummed(octets);
  }

  private static byte[] checksummed(byte[] octets) {
    ByteBuffer bytes = ByteBuffer.wrap(octets);
    int payload = octets.length - 40;
    bytes.putShort(4, (short) payload).putShort(42, (short) 0);
    long sum =
        InternetChecksum.pseudoHeader(bytes, 0, payload, Protocol.ICMPV6)
            + InternetChecksum.sum(bytes, 40, payload);
    bytes.putShort(42, (short) InternetChecksum.finish(sum));
    return octets;
  }

  static RouterAdvertisement advertisement() {
    return new RouterAdvertisement(
        LINK_LOCAL,
        Ipv6Address.ALL_NODES,
        64,
        RouterAdvertisement.MANAGED | RouterAdvertisement.HOME_AGENT,
        1800,
        30_000,
        1000,
        MAC,
        1400,
        List.of(
            new PrefixInformation(
                GLOBAL,
                64,
                PrefixInformation.ON_LINK
                    | PrefixInformation.AUTONOMOUS
                    | PrefixInformation.ROUTER_ADDRESS,
                PrefixInformation.INFINITE,
                14_400)),
        new HomeAgentInformation(10, 1800),
        10_000,
        List.of(HexFormat.of().parseHex("19030000000007082001486048600000" + "0000000000008888")));
  }

  @Test
  void rfc4861_s4_2_everyFieldOfARouterAdvertisementIsKept() {
    RouterAdvertisement sent = advertisement();
    RouterAdvertisement read =
        assertInstanceOf(RouterAdvertisement.class, parse(NeighborDiscovery.build(sent)));
    assertArrayEquals(sent.otherOptions().get(0), read.otherOptions().get(0));
    assertEquals(sent.prefixes(), read.prefixes());
    assertEquals(sent.homeAgent(), read.homeAgent());
    assertEquals(withoutIdentities(sent), withoutIdentities(read));
  }

  private static String withoutIdentities(RouterAdvertisement advertisement) {
    return advertisement.toString().replaceAll("\\[B@\\w+", "");
  }

  @Test
  void rfc6275_s7_optionsStandOnTheWireAsTheSectionDrawsThem() {
    String octets = HexFormat.of().formatHex(NeighborDiscovery.build(advertisement()));
    assertTrue(octets.contains("40a00708"), octets);
    assertTrue(octets.contains("030440e0ffffffff0000384000000000"), octets);
    assertTrue(octets.contains("0701000000002710"), octets);
    assertTrue(octets.contains("08010000000a0708"), octets);
    assertTrue(octets.contains("0501000000000578"), octets);
  }

  @Test
  void rfc4861_s7_1_1_theHopLimitMustBe255() {
    assertNotNull(parse(solicitation()));
    assertNull(parse(changed(solicitation(), 7, "fe")));
  }

  @Test
  void rfc4861_s7_1_1_theChecksumMustBeValid() {
    byte[] packet = solicitation();
    packet[42] ^= 1;
    assertNull(parse(packet));
  }

  @Test
  void rfc4861_s7_1_1_theCodeMustBeZero() {
    assertNull(parse(changed(solicitation(), 41, "01")));
  }

  @Test
  void rfc4861_s7_1_1_theTargetMustNotBeMulticast() {
    assertNull(parse(changed(solicitation(), 48, "ff02")));
  }

  @Test
  void rfc4861_s7_1_1_anOptionOfLengthZeroIsInvalid() {
    assertNull(parse(changed(solicitation(), 64, "0100")));
    assertNull(parse(changed(solicitation(), 64, "0102")));
  }

  @Test
  void rfc4861_s7_1_1_theUnspecifiedSourceAsksTheSolicitedNodeAddressWithoutOption() {
    byte[] probe =
        NeighborDiscovery.build(
            new NeighborSolicitation(
                Ipv6Address.UNSPECIFIED, GLOBAL.solicitedNode(), GLOBAL, null));
    assertNotNull(parse(probe));
    assertNull(parse(changed(probe, 24, HexFormat.of().formatHex(GLOBAL.toBytes()))));
    byte[] withOption = Arrays.copyOf(probe, probe.length + 8);
    assertNull(parse(changed(withOption, probe.length, "0101525400123410")));
  }

  @Test
  void rfc4861_s7_1_2_aMulticastAdvertisementIsNotSolicited() {
    assertNull(
        parse(
            NeighborDiscovery.build(
                new NeighborAdvertisement(
                    LINK_LOCAL, Ipv6Address.ALL_NODES, GLOBAL, false, true, true, MAC))));
    assertNotNull(
        parse(
            NeighborDiscovery.build(
                new NeighborAdvertisement(
                    LINK_LOCAL, Ipv6Address.ALL_NODES, GLOBAL, false, false, true, MAC))));
  }

  @Test
  void rfc4861_s6_1_1_aSolicitationFromNobodyHasNoLinkLayerAddress() {
    assertNull(
        parse(
            NeighborDiscovery.build(
                new RouterSolicitation(
                    Ipv6Address.UNSPECIFIED, Ipv6Address.ALL_ROUTERS, MAC))));
    RouterSolicitation solicitation =
        new RouterSolicitation(Ipv6Address.UNSPECIFIED, Ipv6Address.ALL_ROUTERS, null);
    assertEquals(solicitation, parse(NeighborDiscovery.build(solicitation)));
  }

  @Test
  void rfc4861_s6_1_2_aRouterAdvertisesFromItsLinkLocalAddress() {
    assertNull(
        parse(
            changed(
                NeighborDiscovery.build(advertisement()),
                8,
                HexFormat.of().formatHex(GLOBAL.toBytes()))));
  }

  @Test
  void rfc4861_s8_1_aRedirectIsRecognised() {
    Redirect redirect = new Redirect(LINK_LOCAL, GLOBAL, LINK_LOCAL, PREFIX);
    assertEquals(redirect, parse(NeighborDiscovery.build(redirect)));
  }

  @Test
  void rfc6275_s7_4_aHomeAgentLifetimeOfZeroIsNoOption() {
    RouterAdvertisement a = advertisement();
    String octets = HexFormat.of().formatHex(NeighborDiscovery.build(a));
    int at = octets.indexOf("08010000000a0708") / 2;
    byte[] packet = HexFormat.of().parseHex(octets);
    assertNull(((RouterAdvertisement) parse(changed(packet, at + 6, "0000"))).homeAgent());
  }

  @Test
  void rfc4861_s4_6_theLongestOptionIsReadAndRepeated() {
    byte[] option = new byte[255 * 8];
    option[0] = 25;
    option[1] = (byte) 255;
    RouterAdvertisement a = advertisement();
    byte[] sent =
        NeighborDiscovery.build(
            new RouterAdvertisement(
                a.source(), a.destination(), 0, 0, 0, 0, 0, null, 0, List.of(), null, 0,
                List.of(option)));
    RouterAdvertisement read = assertInstanceOf(RouterAdvertisement.class, parse(sent));
    assertArrayEquals(option, read.otherOptions().get(0));
    assertArrayEquals(sent, NeighborDiscovery.build(read));
  }

  @Test
  void addressesThatTheJdkTakesForIpv4DoNotDisturb() {
    NeighborSolicitation solicitation =
        new NeighborSolicitation(LINK_LOCAL, GLOBAL, new Ipv6Address(0, 0xffff_0a00_0001L), MAC);
    assertEquals(solicitation, parse(NeighborDiscovery.build(solicitation)));
  }

  @Test
  void rfc6980_s5_onlyFragmentsOfNeighborDiscoveryAreMeant() {
    String header = "60000000 0010 2c ff".replace(" ", "") + "00".repeat(32);
    byte[] first = HexFormat.of().parseHex(header + "3a00000100000001" + "8700000000000000");
    byte[] echo = HexFormat.of().parseHex(header + "3a00000100000001" + "8000000000000000");
    byte[] later = HexFormat.of().parseHex(header + "3a00000900000001" + "8700000000000000");
    byte[] hidden = HexFormat.of().parseHex(header + "3c00000100000001" + "3a00010400000000");
    assertTrue(NeighborDiscovery.isFragmented(ByteBuffer.wrap(first), 0, 56));
    assertFalse(NeighborDiscovery.isFragmented(ByteBuffer.wrap(echo), 0, 56));
    assertFalse(NeighborDiscovery.isFragmented(ByteBuffer.wrap(later), 0, 56));
    assertTrue(NeighborDiscovery.isFragmented(ByteBuffer.wrap(hidden), 0, 56));
    for (byte[] packet : List.of(first, echo, later, hidden)) {
      assertFalse(NeighborDiscovery.isNeighborDiscovery(ByteBuffer.wrap(packet), 0, 56));
    }
    assertFalse(NeighborDiscovery.isFragmented(ByteBuffer.wrap(solicitation()), 0, 72));
  }
}
