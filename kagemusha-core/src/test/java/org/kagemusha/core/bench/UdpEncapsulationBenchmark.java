package org.kagemusha.core.bench;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.node.Counters;
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
 * What the UDP header of RFC 3948 costs a packet in direct memory: alone, and as the difference of
 * the tunnel with it and without. Run with {@code -prof gc}; {@code gc.alloc.rate.norm} must be 0.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class UdpEncapsulationBenchmark {

  private static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:3000::3");
  private static final Ipv6Address AGENT = Ipv6Address.parse("2001:db8:2000::1");
  private static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  private static final Ipv6Address PEER = Ipv6Address.parse("2001:db8:5000::2");

  /** Octets of the inner packet. */
  @Param({"64", "1400"})
  public int payload;

  private final Underlay underlay = packet -> Underlay.Sent.OK;
  private final InnerErrors errors = packet -> { };
  private final PacketBuffer buffer = PacketBuffer.allocate(2048);
  private Tunnel bare;
  private Tunnel encapsulated;
  private long sequence = 1;
  private long now;

  /** Makes both tunnels. */
  @Setup
  public void setUp() {
    bare = tunnel();
    encapsulated = tunnel();
    encapsulated.encapsulation(4500, 4500);
    Ipv6Header.write(
        buffer.bytes(), PacketBuffer.HEADROOM, 0, 0, payload - 40, 59, 64, HOME, PEER);
  }

  private Tunnel tunnel() {
    Tunnel tunnel =
        new Tunnel(
            new TunnelContext(
                TunnelSettings.mobileNode(), new Counters(), HOME, new SplittableRandom(1)));
    tunnel.endpoints(CARE_OF, AGENT);
    tunnel.linkMtu(1600, 0);
    tunnel.protection(
        OutboundSecurityAssociation.of(
            new SecurityAssociationParameters(
                0x3e8,
                EncryptionAlgorithm.AES_CBC_128,
                IntegrityAlgorithm.HMAC_SHA2_256_128,
                new byte[16],
                new byte[32],
                true,
                64),
            () -> sequence++));
    return tunnel;
  }

  /** The header with its checksum. */
  @Benchmark
  public int prepend() {
    buffer.set(PacketBuffer.HEADROOM, payload);
    UdpEncapsulation.prepend(buffer, 4500, 4500, CARE_OF, AGENT);
    return buffer.offset();
  }

  /** Classification on arrival. */
  @Benchmark
  public UdpEncapsulation.Content classify() {
    int at = PacketBuffer.HEADROOM - UdpEncapsulation.HEADER_OCTETS;
    buffer.bytes().putLong(at, 0x1194_1194L << 32 | (long) (payload + 8) << 16);
    return UdpEncapsulation.classify(buffer.bytes(), at, PacketBuffer.HEADROOM + payload);
  }

  /** Entry point with ESP alone. */
  @Benchmark
  public int esp() {
    return send(bare);
  }

  /** Entry point with ESP in UDP. */
  @Benchmark
  public int espInUdp() {
    return send(encapsulated);
  }

  private int send(Tunnel tunnel) {
    Ipv6Header.write(
        buffer.bytes(), PacketBuffer.HEADROOM, 0, 0, payload - 40, 59, 64, HOME, PEER);
    buffer.set(PacketBuffer.HEADROOM, payload);
    tunnel.send(buffer, underlay, errors, ++now);
    return buffer.length();
  }
}
