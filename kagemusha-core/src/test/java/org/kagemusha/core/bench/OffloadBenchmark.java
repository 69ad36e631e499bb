package org.kagemusha.core.bench;

import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.kagemusha.core.offload.Coalescer;
import org.kagemusha.core.offload.Segmenter;
import org.kagemusha.core.offload.UnfinishedChecksum;
import org.kagemusha.core.offload.VirtioNetHeader;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Segmentation and coalescing, per segment of 1400 octets of payload with timestamps, and the sum
 * alone: run with {@code -prof gc}; {@code gc.alloc.rate.norm} must be 0 B/op in every case. A
 * super-packet has 45 segments; each segment has memory of its own, as in a batch.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class OffloadBenchmark {

  private static final int SEGMENTS = 45;
  private static final int SEGMENT = 1400;
  private static final int UPPER = EthernetHeader.BYTES + Ipv6Header.BYTES;
  private static final int TCP_HEADER = 32;
  private static final int HEADERS = UPPER + TCP_HEADER;
  private static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  private static final Ipv6Address PEER = Ipv6Address.parse("2001:db8:5000::2");

  private final PacketBuffer[] slots = new PacketBuffer[SEGMENTS];
  private final PacketBuffer[] flows = new PacketBuffer[SEGMENTS];
  private final ByteBuffer header = ByteBuffer.allocateDirect(VirtioNetHeader.OCTETS);
  private final Segmenter segmenter = new Segmenter();
  private PacketBuffer superPacket;
  private PacketBuffer lone;
  private Coalescer coalescer;
  private int sent;

  /** Makes a super-packet and its segments, once in one flow and once in eight in turn. */
  @Setup
  public void setUp() {
    int length = HEADERS + SEGMENTS * SEGMENT;
    superPacket = PacketBuffer.allocate(length);
    superPacket.set(PacketBuffer.HEADROOM, length);
    ByteBuffer bytes = superPacket.bytes();
    byte[] payload = new byte[SEGMENTS * SEGMENT];
    new Random(1).nextBytes(payload);
    int at = PacketBuffer.HEADROOM;
    MacAddress mac = MacAddress.parse("52:54:00:12:34:10");
    EthernetHeader.write(bytes, at, mac, mac, EthernetHeader.TYPE_IPV6);
    int upper = at + UPPER;
    int upperLength = length - UPPER;
    Ipv6Header.write(
        bytes, at + EthernetHeader.BYTES, 2, 7, upperLength, Protocol.TCP, 64, PEER, HOME);
    bytes.putInt(upper, 443 << 16 | 40_000);
    bytes.putShort(upper + 12, (short) 0x8010);
    bytes.putLong(upper + 20, 0x0101_080a_0000_0001L);
    bytes.put(at + HEADERS, payload);
    long pseudo = InternetChecksum.pseudoHeader(PEER, HOME, upperLength, Protocol.TCP);
    bytes.putShort(upper + 16, (short) InternetChecksum.fold(pseudo));
    superPacket.unfinished(upper, 16, SEGMENT);
    segmenter.begin(superPacket, EthernetHeader.BYTES);
    for (int i = 0; i < SEGMENTS; i++) {
      slots[i] = PacketBuffer.allocate(HEADERS + SEGMENT);
      segmenter.next(slots[i]);
      flows[i] = PacketBuffer.allocate(HEADERS + SEGMENT);
      flows[i].copyFrom(slots[i]);
      int flow = i % Coalescer.MOST_FLOWS;
      ByteBuffer frame = flows[i].bytes();
      int sequence = frame.getInt(upper + 4);
      frame.putShort(upper, (short) flow).putInt(upper + 4, i / Coalescer.MOST_FLOWS * SEGMENT);
      long changed = pseudoAndSequence(flow, i / Coalescer.MOST_FLOWS * SEGMENT);
      long before = pseudoAndSequence(443, sequence);
      int checksum = frame.getShort(upper + 16);
      long sum = (~checksum & 0xffff) + (~InternetChecksum.fold(before) & 0xffff) + changed;
      frame.putShort(upper + 16, (short) InternetChecksum.finish(sum));
    }
    lone = PacketBuffer.allocate(HEADERS + SEGMENT).copyFrom(slots[0]);
    coalescer = new Coalescer(packet -> sent += packet.length());
  }

  private static long pseudoAndSequence(int port, int sequence) {
    return port + (sequence & 0xffff_ffffL);
  }

  /** The sum over 1400 octets. */
  @Benchmark
  public long sum() {
    return InternetChecksum.sum(superPacket.bytes(), PacketBuffer.HEADROOM + HEADERS, SEGMENT);
  }

  /** Virtio header and segments. */
  @Benchmark
  @OperationsPerInvocation(SEGMENTS)
  public int segment() {
    VirtioNetHeader.write(superPacket, header, 0);
    VirtioNetHeader.read(header, 0, superPacket);
    segmenter.begin(superPacket, EthernetHeader.BYTES);
    int slot = 0;
    while (segmenter.hasNext()) {
      segmenter.next(slots[slot++]);
    }
    return slot;
  }

  /** An ordinary packet of the guest's. */
  @Benchmark
  public int finish() {
    lone.unfinished(PacketBuffer.HEADROOM + UPPER, 16, 0);
    UnfinishedChecksum.finish(lone);
    return lone.length();
  }

  /** One flow to one super-packet. */
  @Benchmark
  @OperationsPerInvocation(SEGMENTS)
  public int coalesce() {
    for (PacketBuffer slot : slots) {
      coalescer.add(slot);
    }
    coalescer.flush();
    return sent;
  }

  /** Eight flows in turn to eight super-packets. */
  @Benchmark
  @OperationsPerInvocation(SEGMENTS)
  public int coalesceEightFlows() {
    for (PacketBuffer slot : flows) {
      coalescer.add(slot);
    }
    coalescer.flush();
    return sent;
  }

  /** A packet that stays alone, held until the end of its batch. */
  @Benchmark
  public int coalesceAlone() {
    coalescer.add(lone);
    coalescer.flush();
    return sent;
  }
}
