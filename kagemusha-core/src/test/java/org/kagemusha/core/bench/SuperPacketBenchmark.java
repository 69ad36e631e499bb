package org.kagemusha.core.bench;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.simulation.SuperPackets;
import org.kagemusha.core.tunnel.InnerErrors;
import org.kagemusha.core.tunnel.Tunnel;
import org.kagemusha.core.tunnel.TunnelContext;
import org.kagemusha.core.tunnel.TunnelSettings;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Super-packets of 44 TCP segments through the tunnel, per segment: run with {@code -prof gc}; in
 * clear {@code gc.alloc.rate.norm} must be 0 B/op.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(SuperPacketBenchmark.SEGMENTS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class SuperPacketBenchmark {

  static final int SEGMENTS = 44;

  private static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:3000::3");
  private static final Ipv6Address AGENT = Ipv6Address.parse("2001:db8:2000::1");
  private static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  private static final Ipv6Address PEER = Ipv6Address.parse("2001:db8:5000::2");
  private static final int SEGMENT_OCTETS = 1320;
  private static final int PLACES = 64;

  /** What travels: in clear, or in ESP by the engine that is chosen here. */
  @Param({"clear", "esp"})
  public String form;

  private final InnerErrors errors = packet -> { };
  private final PacketBuffer[] places = new PacketBuffer[PLACES];
  private final PacketBuffer buffer = PacketBuffer.allocate(66_000);
  private int next;
  private PacketBuffer inner;
  private int checksumStart;
  private Tunnel tunnel;
  private long now;

  /** A batch of places, taken in turn. */
  private final Underlay underlay =
      new Underlay() {
        @Override
        public Sent send(PacketBuffer packet) {
          next = next + 1 & PLACES - 1;
          return Sent.OK;
        }

        @Override
        public PacketBuffer slot(int octets) {
          return places[next];
        }
      };

  /** Makes the tunnel and the super-packet. */
  @Setup
  public void setUp() {
    for (int i = 0; i < PLACES; i++) {
      places[i] = PacketBuffer.allocate(1500);
    }
    tunnel =
        new Tunnel(
            new TunnelContext(
                TunnelSettings.mobileNode(), new Counters(), HOME, new SplittableRandom(1)));
    tunnel.endpoints(CARE_OF, AGENT);
    if (form.equals("esp")) {
      byte[] key = new byte[20];
      Arrays.fill(key, (byte) 7);
      long[] last = {0};
      tunnel.protection(
          OutboundSecurityAssociation.of(
              new SecurityAssociationParameters(
                  0x1234, EncryptionAlgorithm.AES_GCM_16_128, IntegrityAlgorithm.NONE, key,
                  new byte[0], false, 64),
              () -> ++last[0]));
    }
    inner =
        SuperPackets.tcp(
            HOME, PEER, SuperPackets.ACK, SEGMENT_OCTETS, new byte[SEGMENTS * SEGMENT_OCTETS]);
    buffer.copyFrom(inner);
    checksumStart = buffer.checksumStart();
  }

  /** Entry point: a super-packet to outer packets. */
  @Benchmark
  public int encapsulate() {
    buffer.set(PacketBuffer.HEADROOM, inner.length());
    buffer.unfinished(checksumStart, 16, SEGMENT_OCTETS);
    tunnel.send(buffer, underlay, errors, ++now);
    return next;
  }

  /** Exit point: a joined outer packet in clear to a super-packet. */
  @Benchmark
  public DropReason decapsulate() {
    buffer.set(PacketBuffer.HEADROOM - 40, inner.length() + 40);
    buffer.unfinished(checksumStart, 16, SEGMENT_OCTETS);
    return tunnel.receive(buffer, PacketBuffer.HEADROOM, ++now);
  }
}
