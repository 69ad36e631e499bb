package org.kagemusha.tap.bench;

import java.util.concurrent.TimeUnit;
import org.kagemusha.core.ipsec.engine.CipherEngine;
import org.kagemusha.core.ipsec.engine.EspCipher;
import org.kagemusha.core.ipsec.engine.EspTransform;
import org.kagemusha.core.ipsec.engine.JdkCipherEngine;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.ipsecmb.IpsecMbCipherEngine;
import org.kagemusha.tap.libc.NativeMemory;
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
 * What AES-GCM costs a packet in memory outside of the heap, by each engine. {@code seal} is one
 * packet; {@code sealAndOpen} is one packet there and back; {@code rejectForged} is one that is not
 * authentic. Add {@code -jvmArgsAppend -XX:TieredStopAtLevel=1} for a JVM without C2.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class CipherEngineBenchmark {

  /** The engine. */
  @Param({"jdk", "ipsec-mb"})
  public String engine;

  /** Octets of ciphertext. */
  @Param({"64", "1400", "65536"})
  public int octets;

  /** Bits of the key. */
  @Param({"128", "256"})
  public int bits;

  private PacketBuffer buffer;
  private EspCipher sealing;
  private EspCipher opening;
  private long sequence;

  /** Keys the ciphers. */
  @Setup
  public void setUp() {
    CipherEngine chosen =
        engine.equals("jdk") ? new JdkCipherEngine() : IpsecMbCipherEngine.load().orElseThrow();
    byte[] key = new byte[bits / 8 + 4];
    sealing = chosen.sealing(EspTransform.AES_GCM_16, key, new byte[0], true, null);
    opening = chosen.opening(EspTransform.AES_GCM_16, key, new byte[0], true);
    buffer = NativeMemory.packetBuffer(octets + EspTransform.AES_GCM_16.framing());
    buffer.resize(octets + EspTransform.AES_GCM_16.framing());
  }

  /** One packet out. */
  @Benchmark
  public void seal() {
    sealing.seal(buffer, ++sequence);
  }

  /** One packet out and in. */
  @Benchmark
  public boolean sealAndOpen() {
    sealing.seal(buffer, ++sequence);
    return opening.open(buffer, sequence);
  }

  /** One packet that somebody else made. */
  @Benchmark
  public boolean rejectForged() {
    return opening.open(buffer, 0);
  }
}
