package org.kagemusha.core.bench;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.tunnel.InnerErrors;
import org.kagemusha.core.tunnel.Tunnel;
import org.kagemusha.core.tunnel.TunnelContext;
import org.kagemusha.core.tunnel.TunnelSettings;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The tunnel without ESP, per packet: run with {@code -prof gc}; {@code gc.alloc.rate.norm} must be
 * 0 B/op in every case.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class TunnelBenchmark {

  private static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:3000::3");
  private static final Ipv6Address AGENT = Ipv6Address.parse("2001:db8:2000::1");
  private static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  private static final Ipv6Address PEER = Ipv6Address.parse("2001:db8:5000::2");

  /** Octets of the inner packet: small, of the largest size in one piece, and in two fragments. */
  @Param({"64", "1460", "1280-fragmented"})
  public String size;

  private final Underlay underlay = packet -> Underlay.Sent.OK;
  private final InnerErrors errors = packet -> { };
  private PacketBuffer buffer;
  private Tunnel tunnel;
  private int length;
  private long now;

  /** Makes the tunnel and a TCP segment. */
  @Setup
  public void setUp() {
    tunnel =
        new Tunnel(
            new TunnelContext(
                TunnelSettings.mobileNode(), new Counters(), HOME, new SplittableRandom(1)));
    tunnel.endpoints(CARE_OF, AGENT);
    boolean fragmented = size.endsWith("fragmented");
    length = fragmented ? 1280 : Integer.parseInt(size);
    tunnel.linkMtu(fragmented ? 1280 : 1500, 0);
    buffer = PacketBuffer.allocate(2048);
    ByteBuffer bytes = buffer.bytes();
    int inner = PacketBuffer.HEADROOM;
    Ipv6Header.write(bytes, inner, 2, 0, length - 40, 6, 64, HOME, PEER);
    bytes.putInt(inner + 40, 40_000 << 16 | 443);
    bytes.put(inner + 52, (byte) 0x50).put(inner + 53, (byte) 0x10);
    Ipv6Header.write(bytes, inner - 40, 2, 0, length, 41, 64, AGENT, CARE_OF);
  }

  /** Entry point: inner packet to outer packet or fragments. */
  @Benchmark
  public int encapsulate() {
    buffer.set(PacketBuffer.HEADROOM, length);
    tunnel.send(buffer, underlay, errors, ++now);
    return buffer.length();
  }

  /** Exit point: outer packet to inner packet. */
  @Benchmark
  public DropReason decapsulate() {
    buffer.set(PacketBuffer.HEADROOM - 40, length + 40);
    return tunnel.receive(buffer, PacketBuffer.HEADROOM, ++now);
  }
}
