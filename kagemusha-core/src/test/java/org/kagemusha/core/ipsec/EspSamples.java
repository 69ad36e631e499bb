package org.kagemusha.core.ipsec;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.ipsec.engine.InitialisationVectors;
import org.kagemusha.core.wire.Protocol;

/** Keys, parameters and captured packets that several tests share. */
final class EspSamples {

  /** A combination of algorithms. */
  record Suite(EncryptionAlgorithm encryption, IntegrityAlgorithm integrity) {

    SecurityAssociationParameters parameters(int spi, boolean extended, int window) {
      return new SecurityAssociationParameters(
          spi,
          encryption,
          integrity,
          counting(0x10, encryption.keyOctets()),
          counting(0x80, integrity.keyOctets()),
          extended,
          window);
    }

    @Override
    public String toString() {
      return encryption.configurationName() + "+" + integrity.configurationName();
    }
  }

  private static final HexFormat HEX = HexFormat.of();

  private EspSamples() {}

  /** Every combination that is allowed. */
  static List<Suite> suites() {
    List<Suite> suites = new ArrayList<>();
    for (EncryptionAlgorithm encryption : EncryptionAlgorithm.values()) {
      for (IntegrityAlgorithm integrity : IntegrityAlgorithm.values()) {
        if (encryption.combinedMode() == (integrity == IntegrityAlgorithm.NONE)) {
          suites.add(new Suite(encryption, integrity));
        }
      }
    }
    return suites;
  }

  static byte[] hex(String digits) {
    return HEX.parseHex(digits.replaceAll("\\s", ""));
  }

  static String hex(byte[] octets) {
    return HEX.formatHex(octets);
  }

  /** Octets that count up from one. */
  static byte[] counting(int first, int count) {
    byte[] octets = new byte[count];
    for (int i = 0; i < count; i++) {
      octets[i] = (byte) (first + i);
    }
    return octets;
  }

  /** Numbers from one on. */
  static SequenceNumbers from(long first) {
    long[] next = {first};
    return () -> next[0]++;
  }

  /** An association that uses one IV for ever. */
  static OutboundSecurityAssociation sealing(
      SecurityAssociationParameters parameters, long sequence, byte[] iv) {
    InitialisationVectors ivs = (into, at) -> System.arraycopy(iv, 0, into, at, iv.length);
    return OutboundSecurityAssociation.of(
        parameters, from(sequence), CipherEngines.standard(), ivs);
  }

  /** The frames of a capture among the test resources. */
  static List<byte[]> frames(String capture) throws IOException {
    try (InputStream in = EspSamples.class.getResourceAsStream("/captures/" + capture)) {
      byte[] file = in.readAllBytes();
      ByteBuffer pcap = ByteBuffer.wrap(file);
      pcap.order(pcap.getInt(0) == 0xa1b2c3d4 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
      List<byte[]> frames = new ArrayList<>();
      for (int at = 24; at < file.length; ) {
        int length = pcap.getInt(at + 8);
        frames.add(Arrays.copyOfRange(file, at + 16, at + 16 + length));
        at += 16 + length;
      }
      return frames;
    }
  }

  /** The ESP packet in a frame, quoted ones in ICMPv6 errors left out; null if there is none. */
  static byte[] espIn(byte[] frame) {
    ByteBuffer bytes = ByteBuffer.wrap(frame);
    if (frame.length < 54 || bytes.getShort(12) != (short) 0x86dd) {
      return null;
    }
    int end = 54 + Short.toUnsignedInt(bytes.getShort(18));
    int next = frame[20] & 0xff;
    int at = 54;
    while (next == Protocol.DESTINATION_OPTIONS || next == Protocol.ROUTING) {
      next = frame[at] & 0xff;
      at += ((frame[at + 1] & 0xff) + 1) * 8;
    }
    return next == Protocol.ESP ? Arrays.copyOfRange(frame, at, end) : null;
  }
}
