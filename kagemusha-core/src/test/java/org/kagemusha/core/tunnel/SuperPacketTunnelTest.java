package org.kagemusha.core.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.simulation.SuperPackets;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** Super-packets at both ends of a tunnel, against what they stand for. */
class SuperPacketTunnelTest {

  private static final int SEGMENT = 1000;
  private static final byte[] DATA =
      InnerPackets.random(new SplittableRandom(3), 3 * SEGMENT + 17);

  /** An underlay with one place, which refuses what a test says. */
  private static final class Place implements Underlay {
    private final PacketBuffer slot =
        PacketBuffer.allocate(2048 + PacketBuffer.HEADROOM + PacketBuffer.TAILROOM);
    private final List<byte[]> sent = new ArrayList<>();
    private int refuse = -1;
    private Sent why = Sent.OK;
    private int taken;
    private Runnable meanwhile = () -> { };
    private boolean completes;

    @Override
    public boolean completesChecksum() {
      return completes;
    }

    @Override
    public Sent send(PacketBuffer packet) {
      assertFalse(packet.isUnfinished());
      meanwhile.run();
      if (taken++ == refuse) {
        return why;
      }
      if (packet != slot && packet.length() <= 2048) {
        slot.copyFrom(packet);
      }
      sent.add(packet.toBytes());
      overwrite();
      return Sent.OK;
    }

    /** The next place is another one. */
    private void overwrite() {
      for (int i = 0; i < slot.bytes().capacity(); i++) {
        slot.bytes().put(i, (byte) 0xee);
      }
    }

    @Override
    public PacketBuffer slot(int octets) {
      return octets <= 2048 ? slot : null;
    }
  }

  private final Place place = new Place();

  private static PacketBuffer tcp(int segment) {
    return SuperPackets.tcp(
        InnerPackets.HOME, InnerPackets.PEER, SuperPackets.ACK, segment, DATA);
  }

  private void send(Bench bench, PacketBuffer packet) {
    bench.tunnel.send(packet, place, p -> bench.errors.add(p.toBytes()), bench.now);
  }

  private static OutboundSecurityAssociation gcm() {
    long[] last = {0};
    return OutboundSecurityAssociation.of(
        new SecurityAssociationParameters(
            0x1234, EncryptionAlgorithm.AES_GCM_16_128, IntegrityAlgorithm.NONE, new byte[20],
            new byte[0], false, 64),
        () -> ++last[0]);
  }

  @ParameterizedTest
  @ValueSource(ints = {1500, 1280})
  void rfc8200_s8_1_theChecksumIsLeftToAnUnderlayThatCompletesIt(int path) {
    Bench fast = new Bench(Bench.plain());
    Bench naive = new Bench(Bench.plain());
    for (Bench bench : List.of(fast, naive)) {
      bench.tunnel.protection(gcm());
      bench.tunnel.encapsulation(4500, 4501);
      bench.tunnel.linkMtu(path, bench.now);
    }
    for (byte[] segment : SuperPackets.onWire(tcp(1280 - 72), 0)) {
      naive.send(segment);
    }
    place.completes = true;
    send(fast, tcp(1280 - 72));
    assertEquals(naive.sent.size(), place.sent.size());
    for (int i = 0; i < naive.sent.size(); i++) {
      PacketBuffer sent = PacketBuffer.copyOf(place.sent.get(i));
      if (sent.bytes().get(sent.offset() + 6) == Protocol.UDP) {
        assertEquals(0, sent.bytes().getShort(sent.offset() + 46));
        UdpEncapsulation.restoreChecksum(sent);
      }
      assertArrayEquals(naive.sent.get(i), sent.toBytes(), "packet " + i);
    }
    assertEquals(path == 1280, naive.sent.size() > 3);
  }

  /** The form of what travels. */
  private enum Form {
    CLEAR,
    ESP,
    UDP
  }

  @ParameterizedTest
  @CsvSource({
    "CLEAR,-1,true", "CLEAR,5,false", "ESP,-1,false", "ESP,0,true", "UDP,-1,true", "UDP,255,false"
  })
  void randomStreamsGiveTheOctetsOfTheirSegmentsSentOneByOne(
      Form form, int limit, boolean router) {
    TunnelSettings settings = new TunnelSettings(64, limit, true, true, true, router, 65535);
    Bench fast = new Bench(settings);
    Bench naive = new Bench(settings);
    for (Bench bench : List.of(fast, naive)) {
      bench.tunnel.protection(form == Form.CLEAR ? null : gcm());
      bench.tunnel.encapsulation(form == Form.UDP ? 4500 : 0, form == Form.UDP ? 4501 : 0);
    }
    SplittableRandom random = new SplittableRandom(form.ordinal() * 10 + limit);
    for (int i = 0; i < 60; i++) {
      PacketBuffer packet =
          SuperPackets.random(random, InnerPackets.HOME, InnerPackets.PEER, 1300);
      for (byte[] segment : SuperPackets.onWire(packet, 0)) {
        naive.send(segment);
      }
      if (random.nextBoolean()) {
        send(fast, packet);
      } else {
        int before = place.sent.size();
        fast.tunnel.send(
            packet,
            outer -> {
              place.sent.add(outer.toBytes());
              return Underlay.Sent.OK;
            },
            null,
            fast.now);
        assertTrue(place.sent.size() > before + 1);
      }
      assertEquals(naive.sent.size(), place.sent.size());
      for (int j = 0; j < naive.sent.size(); j++) {
        assertArrayEquals(naive.sent.get(j), place.sent.get(j));
      }
      naive.sent.clear();
      place.sent.clear();
    }
    assertEquals(
        naive.count(Counter.TUNNEL_PACKETS_SENT), fast.count(Counter.TUNNEL_PACKETS_SENT));
    assertEquals(naive.count(Counter.TUNNEL_OCTETS_SENT), fast.count(Counter.TUNNEL_OCTETS_SENT));
    assertEquals(0, naive.drops());
    assertEquals(0, fast.drops());
  }

  @Test
  void rfc2473_s7_1_segmentsUpTo1280OctetsAreFragmentedEachForItself() {
    Bench fast = new Bench();
    Bench naive = new Bench();
    fast.tunnel.linkMtu(1280, fast.now);
    naive.tunnel.linkMtu(1280, naive.now);
    PacketBuffer packet = tcp(1208);
    SuperPackets.onWire(packet, 0).forEach(naive::send);
    send(fast, packet);
    assertEquals(naive.sent.size(), place.sent.size());
    for (int i = 0; i < place.sent.size(); i++) {
      assertArrayEquals(naive.sent.get(i), place.sent.get(i));
    }
    assertTrue(fast.count(Counter.TUNNEL_FRAGMENTS_SENT) >= 4);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void rfc4443_s3_2_packetTooBigQuotesTheFirstSegmentOnce(boolean sealed) {
    Bench bench = new Bench();
    bench.tunnel.protection(sealed ? gcm() : null);
    PacketBuffer packet = tcp(1440);
    byte[] first = SuperPackets.onWire(packet, 0).get(0);
    send(bench, packet);
    assertEquals(List.of(), place.sent);
    assertEquals(1, bench.counters.drops(DropReason.TOO_BIG));
    assertTooBig(bench, first, bench.tunnel.mtu(bench.now));
  }

  /** An error to the inner source: type 2, this MTU, and the beginning of what was sent. */
  private static void assertTooBig(Bench bench, byte[] quoted, int mtu) {
    byte[] error = bench.onlyError();
    assertEquals(0, InnerPackets.checksum(error, 40, 58));
    assertEquals(2 << 8, InnerPackets.u16(error, 40));
    assertEquals(mtu, InnerPackets.u32(error, 44));
    assertEquals(InnerPackets.HOME, InnerPackets.address(error, 24));
    byte[] quote = Arrays.copyOfRange(error, 48, error.length);
    assertArrayEquals(Arrays.copyOf(quoted, Math.min(quoted.length, 1232)), quote);
    assertEquals(1, bench.count(Counter.PACKET_TOO_BIG_SENT));
  }

  @Test
  void aSegmentThatJustFitsPassesThoughTheWholeIsLarger() {
    Bench bench = new Bench();
    int fits = bench.tunnel.mtu(bench.now) - 72;
    send(bench, tcp(fits));
    assertEquals(3, place.sent.size());
    assertEquals(1500, place.sent.get(0).length);
    send(bench, tcp(fits + 1));
    assertEquals(1, bench.counters.drops(DropReason.TOO_BIG));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aSegmentThatTheInterfaceRefusesLowersThePathAndEndsTheSuperPacket(boolean sealed) {
    Bench bench = new Bench();
    bench.tunnel.protection(sealed ? gcm() : null);
    place.refuse = 1;
    place.why = Underlay.Sent.TOO_BIG;
    PacketBuffer packet = tcp(1340);
    byte[] first = SuperPackets.onWire(packet, 0).get(0);
    send(bench, packet);
    assertEquals(1, place.sent.size());
    assertEquals(2, bench.counters.drops(DropReason.TOO_BIG));
    assertTrue(bench.tunnel.pathMtu(bench.now) < place.sent.get(0).length);
    assertTooBig(bench, first, bench.tunnel.mtu(bench.now));
    send(bench, tcp(1100));
    assertEquals(4, place.sent.size());
  }

  @Test
  void congestedSegmentsAreCountedEachAndTheOthersGo() {
    Bench bench = new Bench();
    place.refuse = 1;
    place.why = Underlay.Sent.CONGESTED;
    send(bench, tcp(SEGMENT));
    assertEquals(3, place.sent.size());
    assertEquals(1, bench.counters.drops(DropReason.QUEUE_FULL));
    assertEquals(3, bench.count(Counter.TUNNEL_PACKETS_SENT));
    assertEquals(2 * 1072 + 89, bench.count(Counter.TUNNEL_OCTETS_SENT));
    assertEquals(0, bench.errors.size());
  }

  @Test
  void aPathThatIsLoweredWhileSegmentsGoOutEndsThemWithOneAnswer() {
    Bench bench = new Bench();
    int[] calls = {0};
    place.meanwhile =
        () -> {
          if (calls[0]++ == 1) {
            bench.tunnel.onRefused(1452, bench.now);
          }
        };
    send(
        bench,
        SuperPackets.tcp(
            InnerPackets.HOME, InnerPackets.PEER, SuperPackets.ACK, 1340, new byte[4 * 1340]));
    assertEquals(2, place.sent.size());
    assertEquals(2, bench.counters.drops(DropReason.TOO_BIG));
    assertEquals(1, bench.errors.size());
  }

  @Test
  void refusalsOfOneBatchLowerThePathOnce() {
    Bench bench = new Bench();
    for (int i = 0; i < 64; i++) {
      bench.tunnel.onRefused(1500, bench.now);
    }
    assertEquals(1492, bench.tunnel.pathMtu(bench.now));
    bench.tunnel.onRefused(1280, bench.now);
    assertEquals(1280, bench.tunnel.pathMtu(bench.now));
    bench.tunnel.onRefused(1280, bench.now);
    bench.tunnel.onRefused(40, bench.now);
    assertEquals(1280, bench.tunnel.pathMtu(bench.now));
  }

  @Test
  void rfc4443_s3_3_timeExceededQuotesTheFirstSegmentAtBothEnds() {
    Bench bench = new Bench();
    PacketBuffer packet = tcp(SEGMENT);
    packet.bytes().put(packet.offset() + 7, (byte) 1);
    byte[] first = SuperPackets.onWire(packet, 0).get(0);
    send(bench, packet);
    assertQuoted(bench, first);
    bench.errors.clear();
    packet = tcp(SEGMENT);
    packet.bytes().put(packet.offset() + 7, (byte) 1);
    int inner = packet.offset();
    SuperPackets.tunnelled(packet, Bench.REMOTE, Bench.LOCAL);
    assertEquals(
        DropReason.HOP_LIMIT_EXCEEDED,
        bench.tunnel.receive(packet, inner, p -> bench.errors.add(p.toBytes()), bench.now));
    assertQuoted(bench, first);
    assertEquals(List.of(), place.sent);
  }

  private static void assertQuoted(Bench bench, byte[] first) {
    byte[] error = bench.onlyError();
    assertEquals(3 << 8, InnerPackets.u16(error, 40));
    assertEquals(0, InnerPackets.checksum(error, 40, 58));
    assertArrayEquals(first, Arrays.copyOfRange(error, 48, error.length));
  }

  @Test
  void rfc2473_s4_1_1_theLimitUsedUpIsAnsweredOnce() {
    Bench bench = new Bench();
    byte[] limit = {6, 0, 4, 1, 0, 1, 1, 0};
    PacketBuffer packet =
        SuperPackets.tcp(
            InnerPackets.HOME, InnerPackets.PEER, 0, limit, 60, SuperPackets.ACK, 500, DATA);
    byte[] first = SuperPackets.onWire(packet, 0).get(0);
    send(bench, packet);
    byte[] error = bench.onlyError();
    assertEquals(4 << 8, InnerPackets.u16(error, 40));
    assertEquals(44, InnerPackets.u32(error, 44));
    assertArrayEquals(first, Arrays.copyOfRange(error, 48, error.length));
    assertEquals(1, bench.drops());
  }

  @Test
  void anOrdinaryPacketIsFinishedOnItsWayIn() {
    Bench bench = new Bench(Bench.plain());
    PacketBuffer packet =
        SuperPackets.tcp(
            InnerPackets.HOME, InnerPackets.PEER, SuperPackets.ACK, 0, Arrays.copyOf(DATA, 900));
    byte[] expected = SuperPackets.onWire(packet, 0).get(0);
    send(bench, packet);
    assertArrayEquals(
        expected, Arrays.copyOfRange(place.sent.get(0), 40, place.sent.get(0).length));
    assertEquals(0, InnerPackets.checksum(expected, 40, 6));
  }

  @Test
  void aClearSuperPacketComesOutAsOneWithItsState() {
    Bench bench = new Bench();
    PacketBuffer packet = tcp(SEGMENT);
    byte[] before = packet.toBytes();
    int inner = packet.offset();
    SuperPackets.tunnelled(packet, Bench.REMOTE, Bench.LOCAL);
    assertNull(bench.tunnel.receive(packet, inner, null, bench.now));
    before[7]--;
    assertArrayEquals(before, packet.toBytes());
    assertEquals(SEGMENT, packet.segmentSize());
    assertEquals(packet.offset() + 40, packet.checksumStart());
    assertEquals(4, bench.count(Counter.TUNNEL_PACKETS_RECEIVED));
    assertEquals(3 * 1072 + 89, bench.count(Counter.TUNNEL_OCTETS_RECEIVED));
  }

  @Test
  void hostileStatesAreDroppedAndCountedAtBothEnds() {
    List<PacketBuffer> hostile = new ArrayList<>();
    for (int start : new int[] {-39, -1, 1, 39, DATA.length + 32, 70_000}) {
      PacketBuffer packet = tcp(SEGMENT);
      hostile.add(packet.unfinished(packet.checksumStart() + start, 16, SEGMENT));
    }
    PacketBuffer wrongField = tcp(SEGMENT);
    hostile.add(wrongField.unfinished(wrongField.checksumStart(), 6, SEGMENT));
    PacketBuffer protocol = tcp(SEGMENT);
    protocol.bytes().put(protocol.offset() + 6, (byte) 58);
    hostile.add(protocol);
    PacketBuffer longHeader = tcp(SEGMENT);
    longHeader.resize(40 + 40);
    longHeader.bytes().putShort(longHeader.offset() + 4, (short) 40);
    longHeader.bytes().put(longHeader.offset() + 52, (byte) 0xf0);
    hostile.add(longHeader);
    PacketBuffer shortHeader = tcp(SEGMENT);
    shortHeader.bytes().put(shortHeader.offset() + 52, (byte) 0x40);
    hostile.add(shortHeader);
    PacketBuffer cut = tcp(SEGMENT);
    cut.bytes().putShort(cut.offset() + 4, (short) 10);
    hostile.add(cut);
    PacketBuffer fragment =
        SuperPackets.tcp(
            InnerPackets.HOME, InnerPackets.PEER, 0, new byte[] {6, 0, 0, 1, 1, 2, 3, 4}, 44,
            SuperPackets.ACK, SEGMENT, DATA);
    hostile.add(fragment);
    PacketBuffer ordinary = tcp(SEGMENT);
    hostile.add(ordinary.unfinished(ordinary.end() - 10, 16, 0));
    PacketBuffer inHeader = tcp(SEGMENT);
    hostile.add(inHeader.unfinished(inHeader.offset() + 8, 16, 0));
    for (PacketBuffer packet : hostile) {
      PacketBuffer copy = PacketBuffer.allocate(8192).copyFrom(packet);
      Bench bench = new Bench();
      send(bench, packet);
      assertEquals(1, bench.counters.drops(DropReason.OFFLOAD_INVALID));
      int inner = copy.offset();
      SuperPackets.tunnelled(copy, Bench.REMOTE, Bench.LOCAL);
      assertEquals(
          DropReason.OFFLOAD_INVALID, bench.tunnel.receive(copy, inner, null, bench.now));
      assertEquals(1, bench.drops());
      assertEquals(List.of(), bench.errors);
    }
    assertEquals(List.of(), place.sent);
  }

  /** An underlay that takes super-packets whole, and does with them what a kernel does. */
  private static final class Kernel implements Underlay {
    private final List<byte[]> sent = new ArrayList<>();
    private int whole;
    private boolean isAble = true;

    @Override
    public Sent send(PacketBuffer packet) {
      sent.add(packet.toBytes());
      return Sent.OK;
    }

    @Override
    public boolean encapsulate(
        PacketBuffer inner, int segments, Ipv6Address local, Ipv6Address remote) {
      if (!isAble) {
        return false;
      }
      whole++;
      List<byte[]> made = SuperPackets.onWire(inner, 0);
      assertEquals(made.size(), segments);
      for (byte[] segment : made) {
        byte[] outer = new byte[40 + segment.length];
        System.arraycopy(segment, 0, outer, 0, 4);
        outer[4] = (byte) (segment.length >>> 8);
        outer[5] = (byte) segment.length;
        outer[6] = 41;
        outer[7] = (byte) (segment[7] - 1);
        System.arraycopy(local.toBytes(), 0, outer, 8, 16);
        System.arraycopy(remote.toBytes(), 0, outer, 24, 16);
        System.arraycopy(segment, 0, outer, 40, segment.length);
        sent.add(outer);
      }
      return true;
    }
  }

  private final Kernel kernel = new Kernel();

  private static TunnelSettings byKernel(int limit, boolean dscp, boolean router) {
    return new TunnelSettings(64, limit, true, true, dscp, router, 65535, true);
  }

  private void sendByKernel(Bench bench, PacketBuffer packet) {
    bench.tunnel.send(packet, kernel, p -> bench.errors.add(p.toBytes()), bench.now);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whoeverEncapsulatesTheSameOctetsGoOutButForTheOuterHopLimit(boolean router) {
    Bench fast = new Bench(byKernel(-1, true, router));
    Bench own = new Bench(byKernel(-1, true, router));
    SplittableRandom random = new SplittableRandom(11);
    for (int i = 0; i < 60; i++) {
      PacketBuffer packet =
          SuperPackets.random(random, InnerPackets.HOME, InnerPackets.PEER, 1300);
      send(own, PacketBuffer.allocate(65_575).copyFrom(packet));
      sendByKernel(fast, packet);
      assertEquals(place.sent.size(), kernel.sent.size());
      for (int j = 0; j < place.sent.size(); j++) {
        byte[] expected = place.sent.get(j);
        kernel.sent.get(j)[7] = expected[7];
        assertArrayEquals(expected, kernel.sent.get(j));
      }
      place.sent.clear();
      kernel.sent.clear();
    }
    assertTrue(kernel.whole > 20, kernel.whole + " whole");
    for (Counter counter : List.of(Counter.TUNNEL_PACKETS_SENT, Counter.TUNNEL_OCTETS_SENT)) {
      assertEquals(own.count(counter), fast.count(counter));
    }
    assertEquals(0, fast.drops());
  }

  @Test
  void rfc2473_s6_3_theOuterHopLimitIsTheInnerOnesRestWhereThatIsLongEnough() {
    Bench bench = new Bench(byKernel(-1, true, true));
    PacketBuffer packet = tcp(SEGMENT);
    packet.bytes().put(packet.offset() + 7, (byte) 34);
    sendByKernel(bench, packet);
    assertEquals(1, kernel.whole);
    assertEquals(32, kernel.sent.get(0)[7]);
    assertEquals(33, kernel.sent.get(0)[47]);
    packet = tcp(SEGMENT);
    packet.bytes().put(packet.offset() + 7, (byte) 33);
    sendByKernel(bench, packet);
    assertEquals(1, kernel.whole);
    assertEquals(64, kernel.sent.get(4)[7]);
    assertEquals(32, kernel.sent.get(4)[47]);
  }

  @Test
  void whatTheKernelCannotDoIsTakenApartHere() {
    Bench limited = new Bench(byKernel(4, true, false));
    sendByKernel(limited, tcp(SEGMENT));
    Bench sealed = new Bench(byKernel(-1, true, false));
    sealed.tunnel.protection(gcm());
    sendByKernel(sealed, tcp(SEGMENT));
    Bench small = new Bench(byKernel(-1, true, false));
    small.tunnel.linkMtu(1280, small.now);
    sendByKernel(small, tcp(1190));
    Bench classless = new Bench(byKernel(-1, false, false));
    PacketBuffer classy = tcp(SEGMENT);
    classy.bytes().put(classy.offset(), (byte) 0x6b);
    sendByKernel(classless, classy);
    Bench hashed = new Bench(new TunnelSettings(64, -1, true, true, true, false, 65535));
    sendByKernel(hashed, tcp(SEGMENT));
    assertEquals(0, kernel.whole);
    final int before = kernel.sent.size();
    kernel.isAble = false;
    Bench unable = new Bench(byKernel(-1, true, true));
    PacketBuffer packet = tcp(SEGMENT);
    sendByKernel(unable, packet);
    assertEquals(before + 4, kernel.sent.size());
    assertEquals(4, unable.count(Counter.TUNNEL_PACKETS_SENT));
  }
}
