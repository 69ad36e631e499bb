package org.kagemusha.tap.ipsecmb;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.NativeLibrary;
import java.util.Arrays;
import java.util.List;
import org.kagemusha.core.ipsec.engine.CipherEngine;
import org.kagemusha.core.ipsec.engine.EspTransform;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.NativeMemory;

/** The engine, where the machine has what it takes. */
final class IpsecMbFixture {

  private IpsecMbFixture() {}

  /** The engine as the daemon gets it; the test is left out where there is none. */
  static CipherEngine engine() {
    assumeTrue(CpuFlags.ofThisMachine().contains("aes"), "no AES-NI");
    return IpsecMbCipherEngine.load()
        .orElseThrow(() -> new AssertionError("install libipsec-mb1"));
  }

  /** The library's file on this machine. */
  static String file() {
    for (String file : IpsecMbCipherEngine.FILES) {
      try {
        NativeLibrary.getInstance(file);
        return file;
      } catch (UnsatisfiedLinkError e) {
        // The next one, then.
      }
    }
    throw new AssertionError("install libipsec-mb1");
  }

  /** The implementations that this CPU can run. */
  static List<InstructionSet> instructionSets() {
    return Arrays.stream(InstructionSet.values())
        .filter(each -> each.runsOn(CpuFlags.ofThisMachine()))
        .toList();
  }

  /** The engine by one implementation, until the next call. */
  static CipherEngine bound(InstructionSet instructions) {
    String file = file();
    IpsecMbVersion version = IpsecMbVersion.of(NativeLibrary.getInstance(file));
    return IpsecMbCipherEngine.bound(file, version, instructions).orElseThrow();
  }

  /** An ESP packet with a known address, at an offset; the body is the plaintext. */
  static PacketBuffer direct(int spi, long sequence, byte[] plaintext, int offset) {
    int length = EspTransform.AES_GCM_16.framing() + plaintext.length;
    return fill(NativeMemory.packetBuffer(length + offset), spi, sequence, plaintext, offset);
  }

  /** The same on the heap. */
  static PacketBuffer heap(int spi, long sequence, byte[] plaintext, int offset) {
    int length = EspTransform.AES_GCM_16.framing() + plaintext.length;
    return fill(
        PacketBuffer.copyOf(new byte[length + offset]), spi, sequence, plaintext, offset);
  }

  private static PacketBuffer fill(
      PacketBuffer packet, int spi, long sequence, byte[] plaintext, int offset) {
    packet.set(
        PacketBuffer.HEADROOM + offset, EspTransform.AES_GCM_16.framing() + plaintext.length);
    packet.bytes().putInt(packet.offset(), spi);
    packet.bytes().putInt(packet.offset() + Integer.BYTES, (int) sequence);
    packet.bytes().put(packet.offset() + 16, plaintext);
    return packet;
  }

  /** All memory of a buffer, around the packet too. */
  static byte[] whole(PacketBuffer packet) {
    byte[] octets = new byte[packet.bytes().capacity()];
    packet.bytes().get(0, octets);
    return octets;
  }
}
