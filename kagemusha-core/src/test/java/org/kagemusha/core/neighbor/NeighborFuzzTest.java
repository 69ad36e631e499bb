package org.kagemusha.core.neighbor;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.neighbor.NeighborFixture.*;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** Nothing that comes from a link may be answered more than once, or end in an exception. */
class NeighborFuzzTest implements PseudoHomeNetwork.GuestListener {

  private static final MacAddress AGENT = MacAddress.parse("02:6b:61:67:65:01");

  @Override
  public void onGuestAddress(Ipv6Address address, long nowNs) {}

  @Override
  public void onGuestAnnouncement(long nowNs) {}

  private PseudoHomeNetwork started(NeighborFixture link) {
    PseudoHomeNetwork network =
        new PseudoHomeNetwork(
            new PseudoHomeNetwork.Settings(GUEST, List.of(HOME), HOME_AGENT, router(), PSEUDO),
            link,
            this,
            new Random(1),
            new Counters());
    network.start(0);
    link.sent.clear();
    return network;
  }

  /** One valid frame of each kind, behind the octet that says whether to repair. */
  static Stream<byte[]> seeds() {
    return Stream.of(
            probe(GUEST_LL, ROUTER_LL, ROUTER),
            probe(HOA, NEIGHBOR_GUA, NEIGHBOR),
            resolve(HOA, GUEST, NEIGHBOR_GUA),
            resolve(NEIGHBOR_GUA, NEIGHBOR, HOA),
            NeighborFixture.test(HOA, GUEST),
            NeighborFixture.test(HOME_AGENT, GUEST),
            announce(HOA, GUEST),
            announce(NEIGHBOR_GUA, NEIGHBOR),
            solicitRouter(GUEST_LL),
            NeighborFixture.frame(
                homeAdvertisement(ROUTER_LL, 1800, 86400), ALL_NODES_MAC, ROUTER),
            udp(HOA, OFF_LINK, ROUTER))
        .map(
            frame -> {
              byte[] octets = frame.toBytes();
              byte[] seed = new byte[octets.length + 1];
              seed[0] = 1;
              System.arraycopy(octets, 0, seed, 1, octets.length);
              return seed;
            });
  }

  /** Octets as they are, or made a packet whose length, hop limit and checksum are right. */
  private static PacketBuffer frame(byte[] data) {
    if (data.length == 0) {
      return PacketBuffer.copyOf(data);
    }
    byte[] octets = Arrays.copyOfRange(data, 1, data.length);
    if ((data[0] & 1) != 0 && octets.length >= 14 + Ipv6Header.BYTES + 8) {
      ByteBuffer bytes = ByteBuffer.wrap(octets);
      int payload = octets.length - 14 - Ipv6Header.BYTES;
      bytes.put(14, (byte) 0x60);
      bytes.putShort(14 + Ipv6Header.PAYLOAD_LENGTH, (short) payload);
      bytes.put(14 + Ipv6Header.NEXT_HEADER, (byte) Protocol.ICMPV6);
      bytes.put(14 + Ipv6Header.HOP_LIMIT, (byte) 255);
      bytes.putShort(12, (short) 0x86dd);
      bytes.put(14 + 41, (byte) 0);
      bytes.putShort(14 + 42, (short) 0);
      long sum =
          InternetChecksum.pseudoHeader(bytes, 14, payload, Protocol.ICMPV6)
              + InternetChecksum.sum(bytes, 14 + Ipv6Header.BYTES, payload);
      bytes.putShort(14 + 42, (short) InternetChecksum.finish(sum));
    }
    return PacketBuffer.copyOf(octets);
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void guestFrame(byte[] data) {
    NeighborFixture link = new NeighborFixture();
    PseudoHomeNetwork network = started(link);
    network.onGuestFrame(frame(data), 10 * SECOND);
    assertTrue(link.sent.size() <= 1);
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void homeRouterAdvertisement(byte[] data) {
    NeighborFixture link = new NeighborFixture();
    PseudoHomeNetwork network = started(link);
    network.onHomeRouterAdvertisement(frame(data), SECOND);
    network.stop();
    network.start(10 * SECOND);
    assertTrue(link.sent.stream().allMatch(sent -> sent.length <= 14 + 1280));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void neighborCache(byte[] data) {
    NeighborFixture link = new NeighborFixture();
    NeighborCache cache =
        new NeighborCache(
            AGENT, Ipv6Address.linkLocalOf(AGENT), List.of(HOME), ROUTER, link, new Counters());
    cache.send(packet(OFF_LINK, NEIGHBOR_GUA, 8), 0);
    link.sent.clear();
    PacketBuffer frame = frame(data);
    cache.onNeighborDiscovery(frame, SECOND);
    assertTrue(link.sent.size() <= 1);
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void proxyAndDuplicateAddressDetection(byte[] data) {
    NeighborFixture link = new NeighborFixture();
    Counters counters = new Counters();
    ProxyNeighborDiscovery proxy = new ProxyNeighborDiscovery(AGENT, link, counters);
    DuplicateAddressDetection detection =
        new DuplicateAddressDetection(
            AGENT,
            link,
            new DuplicateAddressDetection.Listener() {
              @Override
              public void onUnique(Ipv6Address address, long nowNs) {}

              @Override
              public void onDuplicate(Ipv6Address address, MacAddress holder, long nowNs) {}
            },
            new Random(1),
            counters);
    proxy.add(HOA, 0);
    detection.start(NEIGHBOR_GUA, 0);
    link.sent.clear();
    PacketBuffer frame = frame(data);
    proxy.onNeighborSolicitation(frame, SECOND / 2);
    detection.onNeighborDiscovery(frame, SECOND / 2);
    assertTrue(link.sent.size() <= 1);
  }
}
