package org.kagemusha.tap.bench;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.engine.CipherEngine;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.ipsec.engine.CipherTeam;
import org.kagemusha.core.ipsec.engine.DeferredPasses;
import org.kagemusha.core.ipsec.engine.InitialisationVectors;
import org.kagemusha.core.ipsec.engine.JdkCipherEngine;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.ipsecmb.IpsecMbCipherEngine;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.team.CipherThreads;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a batch of packets takes to be sealed, and to be sealed and opened, by one thread and by
 * several. {@code otherUs} is what the thread of the packets does between two batches, system calls
 * for the most part, while the others have nothing to do; it is part of the result.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class CipherTeamBenchmark {

  private static final int NEXT_HEADER = 41;

  /** Engine and algorithms. */
  @Param({
    "jdk:AES_GCM_16_128:NONE",
    "ipsec-mb:AES_GCM_16_128:NONE",
    "jdk:AES_CBC_128:HMAC_SHA2_256_128"
  })
  public String suite;

  /** Members of the team; with 1, only ciphers that gather packets are given them together. */
  @Param({"1", "2"})
  public int threads;

  /** Packets of a batch. */
  @Param({"64"})
  public int batch;

  /** Octets of the inner packet. */
  @Param({"1400"})
  public int payload;

  /** Microseconds between two batches. */
  @Param({"0", "150"})
  public int otherUs;

  private PacketBuffer[] buffers;
  private CipherThreads team;
  private CipherTeam.Task task;
  private OutboundSecurityAssociation outbound;
  private InboundSecurityAssociation inbound;
  private long sequence;
  private boolean defers;

  /** Keys the associations and starts the threads. */
  @Setup
  public void setUp() {
    String[] names = suite.split(":");
    EncryptionAlgorithm encryption = EncryptionAlgorithm.valueOf(names[1]);
    IntegrityAlgorithm integrity = IntegrityAlgorithm.valueOf(names[2]);
    SecurityAssociationParameters parameters =
        new SecurityAssociationParameters(
            0x3e8,
            encryption,
            integrity,
            new byte[encryption.keyOctets()],
            new byte[integrity.keyOctets()],
            true,
            1024);
    CipherEngine engine =
        names[0].equals("jdk") ? new JdkCipherEngine() : IpsecMbCipherEngine.load().orElseThrow();
    CipherEngines engines = new CipherEngines(List.of(engine), threads);
    defers = engines.mayDefer();
    outbound =
        OutboundSecurityAssociation.of(
            parameters, () -> ++sequence, engines, InitialisationVectors.random());
    inbound = InboundSecurityAssociation.of(parameters, () -> 0, engines);
    buffers = new PacketBuffer[batch];
    for (int i = 0; i < batch; i++) {
      buffers[i] = NativeMemory.packetBuffer(1500);
    }
    team = new CipherThreads(threads);
    task = new DeferredPasses(buffers);
    seal();
  }

  /** Ends the threads. */
  @TearDown
  public void end() {
    team.close();
    if (inbound.packets() == 0 && outbound.packets() == 0) {
      throw new IllegalStateException("nothing was done");
    }
  }

  /** A batch out. */
  @Benchmark
  public void seal() {
    other();
    for (PacketBuffer buffer : buffers) {
      buffer.finished().set(PacketBuffer.HEADROOM, payload);
      outbound.seal(buffer, NEXT_HEADER, defers);
    }
    if (defers) {
      team.run(batch, task);
    }
  }

  /** A batch out and in. */
  @Benchmark
  public long sealAndOpen() {
    seal();
    if (defers) {
      for (PacketBuffer buffer : buffers) {
        inbound.prepare(buffer.finished());
      }
      team.run(batch, task);
    }
    for (PacketBuffer buffer : buffers) {
      if (inbound.open(buffer) != null) {
        throw new IllegalStateException("not opened");
      }
    }
    return inbound.packets();
  }

  private void other() {
    if (otherUs > 0) {
      long until = System.nanoTime() + otherUs * 1000L;
      while (System.nanoTime() - until < 0) {
        Thread.onSpinWait();
      }
    }
  }
}
