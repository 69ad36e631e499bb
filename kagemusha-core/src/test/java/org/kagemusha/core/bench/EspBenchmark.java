package org.kagemusha.core.bench;

import java.util.concurrent.TimeUnit;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.node.DropReason;
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
 * What ESP costs a packet in direct memory, per suite and payload. {@code seal} is one packet;
 * {@code sealAndOpen} is one packet there and back, since a packet can be opened only once.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class EspBenchmark {

  private static final int NEXT_HEADER = 41;

  /** The algorithms. */
  @Param({
    "NULL:HMAC_SHA2_256_128",
    "AES_CBC_128:HMAC_SHA1_96",
    "AES_CBC_128:HMAC_SHA2_256_128",
    "AES_CBC_256:HMAC_SHA2_256_128",
    "AES_GCM_16_128:NONE",
    "AES_GCM_16_256:NONE",
    "CHACHA20_POLY1305:NONE"
  })
  public String suite;

  /** Octets of the inner packet. */
  @Param({"64", "1400"})
  public int payload;

  private final PacketBuffer buffer = PacketBuffer.allocate(1500);
  private OutboundSecurityAssociation outbound;
  private InboundSecurityAssociation inbound;
  private long sequence = 1;

  /** Keys the associations. */
  @Setup
  public void setUp() {
    String[] names = suite.split(":");
    EncryptionAlgorithm encryption = EncryptionAlgorithm.valueOf(names[0]);
    IntegrityAlgorithm integrity = IntegrityAlgorithm.valueOf(names[1]);
    SecurityAssociationParameters parameters =
        new SecurityAssociationParameters(
            0x3e8,
            encryption,
            integrity,
            new byte[encryption.keyOctets()],
            new byte[integrity.keyOctets()],
            true,
            1024);
    outbound = OutboundSecurityAssociation.of(parameters, () -> sequence++);
    inbound = InboundSecurityAssociation.of(parameters);
    for (int i = 0; i < 10; i++) {
      sealAndOpen();
    }
    if (inbound.packets() == 0) {
      throw new IllegalStateException("nothing opens");
    }
  }

  /** One packet out. */
  @Benchmark
  public DropReason seal() {
    buffer.set(PacketBuffer.HEADROOM, payload);
    return outbound.seal(buffer, NEXT_HEADER);
  }

  /** One packet out and in. */
  @Benchmark
  public DropReason sealAndOpen() {
    buffer.set(PacketBuffer.HEADROOM, payload);
    outbound.seal(buffer, NEXT_HEADER);
    return inbound.open(buffer);
  }
}
