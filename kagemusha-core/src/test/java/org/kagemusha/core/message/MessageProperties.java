package org.kagemusha.core.message;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.ByteBuffer;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;

class MessageProperties {

  private static final Ipv6Address SOURCE = Ipv6Address.parse("2001:db8::1");
  private static final Ipv6Address DESTINATION = Ipv6Address.parse("2001:db8::2");
  private static final Ipv6Address ROUTER = Ipv6Address.parse("fe80::1");

  private static Arbitrary<Integer> upTo(int largest) {
    return Arbitraries.integers().between(0, largest);
  }

  private static Arbitrary<Boolean> bits() {
    return Arbitraries.of(true, false);
  }

  private static Arbitrary<Ipv6Address> anyAddress() {
    return Combinators.combine(Arbitraries.longs(), Arbitraries.longs()).as(Ipv6Address::new);
  }

  private static Arbitrary<Ipv6Address> unicast() {
    return anyAddress().filter(address -> !address.isMulticast() && !address.isUnspecified());
  }

  private static Arbitrary<MacAddress> mac() {
    return Arbitraries.longs().between(0, (1L << 48) - 1).map(MacAddress::new).injectNull(0.3);
  }

  @Provide
  Arbitrary<MobilityMessage> mobilityMessages() {
    Arbitrary<MobilityMessage> updates =
        Combinators.combine(
                upTo(0xffff), bits(), bits(), bits(), bits(), upTo(0xfff), upTo(0xffff),
                anyAddress().injectNull(0.3))
            .as(BindingUpdate::new);
    Arbitrary<MobilityMessage> acknowledgements =
        Combinators.combine(
                upTo(255), bits(), upTo(0x7f), upTo(0xffff), upTo(0xffff),
                Arbitraries.integers().between(-1, 0xffff))
            .as(BindingAcknowledgement::new);
    Arbitrary<MobilityMessage> errors =
        Combinators.combine(upTo(255), anyAddress()).as(BindingError::new);
    return Arbitraries.oneOf(
        updates, acknowledgements, errors, Arbitraries.just(new BindingRefreshRequest()));
  }

  @Provide
  Arbitrary<NeighborMessage> neighborMessages() {
    Arbitrary<NeighborMessage> solicitations =
        Combinators.combine(unicast(), anyAddress(), unicast(), mac())
            .as(NeighborSolicitation::new);
    Arbitrary<NeighborMessage> advertisements =
        Combinators.combine(unicast(), unicast(), unicast(), bits(), bits(), bits(), mac())
            .as(NeighborAdvertisement::new);
    Arbitrary<NeighborMessage> routerSolicitations =
        Combinators.combine(unicast(), anyAddress(), mac()).as(RouterSolicitation::new);
    return Arbitraries.oneOf(solicitations, advertisements, routerSolicitations, routers());
  }

  private static Arbitrary<NeighborMessage> routers() {
    Arbitrary<Long> seconds = Arbitraries.longs().between(0, PrefixInformation.INFINITE);
    Arbitrary<List<PrefixInformation>> prefixes =
        Combinators.combine(anyAddress(), upTo(128), upTo(255), seconds, seconds)
            .as(PrefixInformation::new)
            .list()
            .ofMaxSize(3);
    Arbitrary<HomeAgentInformation> homeAgents =
        Combinators.combine(upTo(0xffff), Arbitraries.integers().between(1, 0xffff))
            .as(HomeAgentInformation::new)
            .injectNull(0.5);
    return Combinators.combine(
            upTo(255), upTo(255), upTo(0xffff), Arbitraries.integers(), mac(),
            upTo(0xffff), prefixes, homeAgents)
        .as(
            (hopLimit, flags, lifetime, timers, mac, mtu, list, homeAgent) ->
                new RouterAdvertisement(
                    ROUTER, DESTINATION, hopLimit, flags, lifetime, timers, timers + 1, mac, mtu,
                    list, homeAgent, timers, List.of()));
  }

  private static MobilityHeader.Decoded decode(byte[] octets, int length) {
    return MobilityHeader.decode(ByteBuffer.wrap(octets), 0, length, SOURCE, DESTINATION);
  }

  @Property
  void rfc6275_s6_1_whatIsWrittenIsRead(@ForAll("mobilityMessages") MobilityMessage message) {
    byte[] octets = MobilityHeader.encode(message, SOURCE, DESTINATION);
    assertEquals(new MobilityHeader.Accepted(message), decode(octets, octets.length));
    assertEquals(0, octets.length % 8);
  }

  @Property(tries = 100)
  void rfc6275_s6_1_everyTruncationIsRejected(
      @ForAll("mobilityMessages") MobilityMessage message) {
    byte[] octets = MobilityHeader.encode(message, SOURCE, DESTINATION);
    for (int length = 0; length < octets.length; length++) {
      assertEquals(
          new MobilityHeader.Rejected(MobilityHeader.Problem.TRUNCATED), decode(octets, length));
    }
  }

  @Property
  void arbitraryMobilityHeadersAreReadWithoutAnException(@ForAll byte[] octets) {
    assertInstanceOf(MobilityHeader.Decoded.class, decode(octets, octets.length));
  }

  @Property
  void rfc4861_s4_whatIsWrittenIsRead(@ForAll("neighborMessages") NeighborMessage message) {
    boolean invalid =
        message instanceof NeighborAdvertisement advertisement
            && advertisement.solicited()
            && advertisement.destination().isMulticast();
    byte[] packet = NeighborDiscovery.build(message);
    assertEquals(invalid ? null : message, NeighborDiscoveryTest.parse(packet));
  }

  @Property(tries = 100)
  void rfc4861_s7_1_everyTruncationIsRejected(
      @ForAll("neighborMessages") NeighborMessage message) {
    byte[] packet = NeighborDiscovery.build(message);
    ByteBuffer bytes = ByteBuffer.wrap(packet);
    for (int length = 0; length < packet.length; length++) {
      assertNull(NeighborDiscovery.parse(bytes, 0, length));
    }
  }

  @Property
  void rfc4443_s3_anErrorQuotesWhatCausedIt(@ForAll("neighborMessages") NeighborMessage message) {
    byte[] packet = NeighborDiscovery.build(message);
    byte[] error = Icmpv6.packetTooBig(SOURCE, 1280, ByteBuffer.wrap(packet), 0, packet.length);
    if (error != null) {
      Icmpv6Error read = Icmpv6.parseError(ByteBuffer.wrap(error), 0, error.length);
      assertArrayEquals(packet, read.invokingPacket());
      for (int length = 0; length < error.length; length++) {
        assertNull(Icmpv6.parseError(ByteBuffer.wrap(error), 0, length));
      }
    }
  }
}
