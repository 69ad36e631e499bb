package org.kagemusha.core.ipsec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.kagemusha.core.ipsec.EspSamples.counting;
import static org.kagemusha.core.ipsec.EspSamples.hex;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.ipsec.EspSamples.Suite;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** tshark finds the ICV right and the inner packet well-formed. */
class TsharkDecryptionTest {

  private static final int SPI = 0x3e8;
  private static final int PORT = 40_000;
  private static final int LINKTYPE_IPV6 = 229;
  private static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:3000::3");
  private static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");

  @TempDir private Path directory;

  /** tshark 4.0 knows neither ChaCha20-Poly1305 nor extended sequence numbers. */
  static List<Suite> suites() {
    return EspSamples.suites().stream()
        .filter(suite -> suite.encryption() != EncryptionAlgorithm.CHACHA20_POLY1305)
        .toList();
  }

  @ParameterizedTest
  @MethodSource("suites")
  void rfc4303_s3_3_tsharkDecryptsWhatIsSealedHere(Suite suite)
      throws IOException, InterruptedException {
    SecurityAssociationParameters parameters = suite.parameters(SPI, false, 64);
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.of(parameters, EspSamples.from(1));
    ByteBuffer pcap = ByteBuffer.allocate(65_536);
    pcap.putInt(0xa1b2c3d4).putShort((short) 2).putShort((short) 4);
    pcap.putInt(0).putInt(0).putInt(65_535).putInt(LINKTYPE_IPV6);
    StringBuilder expected = new StringBuilder();
    for (int length = 8; length < 60; length += 7) {
      byte[] packet = tunnelled(outbound, length);
      pcap.putInt(length).putInt(0).putInt(packet.length).putInt(packet.length).put(packet);
      expected.append("1\t0x29\t").append(PORT).append('\t').append(length).append("\t\n");
    }
    Path file = directory.resolve("esp.pcap");
    Files.write(file, Arrays.copyOf(pcap.array(), pcap.position()));
    assertEquals(expected.toString(), tshark(file, parameters));
  }

  private static byte[] tunnelled(OutboundSecurityAssociation outbound, int length) {
    PacketBuffer buffer = PacketBuffer.copyOf(new byte[Ipv6Header.BYTES + length]);
    ByteBuffer bytes = buffer.bytes();
    int at = buffer.offset();
    Ipv6Address home = Ipv6Address.parse("2001:db8:2000::10");
    Ipv6Address peer = Ipv6Address.parse("2001:db8:2000::2");
    Ipv6Header.write(bytes, at, 0, 0, length, Protocol.UDP, 64, home, peer);
    bytes.put(at + Ipv6Header.BYTES, counting(0, length));
    bytes.putShort(at + Ipv6Header.BYTES, (short) PORT);
    bytes.putShort(at + Ipv6Header.BYTES + 4, (short) length);
    assertNull(outbound.seal(buffer, Protocol.IPV6));
    int esp = buffer.length();
    buffer.prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        bytes, buffer.offset(), 0, 0, esp, Protocol.ESP, 64, CARE_OF, HOME_AGENT);
    return buffer.toBytes();
  }

  private static String tshark(Path file, SecurityAssociationParameters parameters)
      throws IOException, InterruptedException {
    String association =
        String.format(
            "uat:esp_sa:\"IPv6\",\"*\",\"*\",\"0x%08x\",\"%s\",\"%s\",\"%s\",\"%s\"",
            SPI,
            cipherName(parameters.encryption()),
            key(parameters.encryptionKey()),
            macName(parameters.integrity()),
            key(parameters.integrityKey()));
    Process process;
    try {
      process =
          new ProcessBuilder(
                  List.of(
                      "tshark", "-r", file.toString(),
                      "-o", "esp.enable_encryption_decode:TRUE",
                      "-o", "esp.enable_authentication_check:TRUE",
                      "-o", association,
                      "-T", "fields",
                      "-e", "esp.icv_good",
                      "-e", "esp.protocol",
                      "-e", "udp.srcport",
                      "-e", "udp.length",
                      "-e", "_ws.malformed"))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      assumeTrue(false, "tshark is not installed");
      throw e;
    }
    String fields = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    assertEquals(0, process.waitFor());
    return fields;
  }

  private static String key(byte[] octets) {
    return octets.length == 0 ? "" : "0x" + hex(octets);
  }

  private static String cipherName(EncryptionAlgorithm algorithm) {
    return switch (algorithm) {
      case NULL, CHACHA20_POLY1305 -> "NULL";
      case AES_CBC_128, AES_CBC_256 -> "AES-CBC [RFC3602]";
      case AES_GCM_16_128, AES_GCM_16_256 -> "AES-GCM with 16 octet ICV [RFC4106]";
    };
  }

  private static String macName(IntegrityAlgorithm algorithm) {
    return switch (algorithm) {
      case NONE -> "NULL";
      case HMAC_SHA1_96 -> "HMAC-SHA-1-96 [RFC2404]";
      case HMAC_SHA2_256_128 -> "HMAC-SHA-256-128 [RFC4868]";
    };
  }
}
