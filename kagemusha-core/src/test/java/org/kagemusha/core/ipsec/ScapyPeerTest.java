package org.kagemusha.core.ipsec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.kagemusha.core.ipsec.EspSamples.counting;
import static org.kagemusha.core.ipsec.EspSamples.hex;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.ipsec.EspSamples.Suite;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** scapy, over Python's cryptography library, opens what is sealed here and the other way round. */
class ScapyPeerTest {

  private static final String PYTHON = "/usr/bin/python3";
  private static final int SPI = 0x8000_03e8;
  private static Process scapy;
  private static BufferedWriter requests;
  private static BufferedReader answers;

  @BeforeAll
  static void start() throws IOException, InterruptedException, URISyntaxException {
    assumeTrue(Files.isExecutable(Path.of(PYTHON)), "no " + PYTHON);
    Process probe =
        new ProcessBuilder(PYTHON, "-c", "import scapy.layers.ipsec, cryptography")
            .redirectErrorStream(true)
            .start();
    try (InputStream output = probe.getInputStream()) {
      output.readAllBytes();
    }
    assumeTrue(probe.waitFor() == 0, "scapy is not installed");
    Path script = Path.of(ScapyPeerTest.class.getResource("/peers/esp_peer.py").toURI());
    scapy =
        new ProcessBuilder(PYTHON, script.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    requests = scapy.outputWriter(StandardCharsets.US_ASCII);
    answers = scapy.inputReader(StandardCharsets.US_ASCII);
  }

  @AfterAll
  static void stop() throws IOException, InterruptedException {
    if (scapy != null) {
      requests.close();
      scapy.waitFor();
    }
  }

  static List<Arguments> cases() {
    List<Arguments> cases = new ArrayList<>();
    for (Suite suite : EspSamples.suites()) {
      for (String mode : List.of("transport", "tunnel")) {
        for (boolean extended : new boolean[] {false, true}) {
          for (int length : new int[] {8, 61, 1400}) {
            cases.add(Arguments.of(suite, mode, extended, length));
          }
        }
      }
    }
    return cases;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void rfc4303_s3_3_scapyOpensWhatIsSealedHere(
      Suite suite, String mode, boolean extended, int length) throws IOException {
    SecurityAssociationParameters parameters = suite.parameters(SPI, extended, 64);
    long sequence = extended ? 0x3_0000_0011L : 0x11;
    byte[] packet = udpPacket(length);
    boolean tunnel = mode.equals("tunnel");
    int from = tunnel ? 0 : Ipv6Header.BYTES;
    PacketBuffer buffer = PacketBuffer.copyOf(packet, from, packet.length - from);
    String payload = hex(buffer.toBytes());
    int nextHeader = tunnel ? Protocol.IPV6 : Protocol.UDP;
    assertNull(
        OutboundSecurityAssociation.of(parameters, EspSamples.from(sequence))
            .seal(buffer, nextHeader));
    assertEquals(
        nextHeader + " " + payload, ask("open", mode, parameters, sequence, buffer.toBytes()));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void rfc4303_s3_4_whatScapySealsOpensHere(
      Suite suite, String mode, boolean extended, int length) throws IOException {
    SecurityAssociationParameters parameters = suite.parameters(SPI, extended, 64);
    long sequence = extended ? 0xffff_fff0L : 0x22;
    InboundSecurityAssociation inbound = InboundSecurityAssociation.of(parameters);
    byte[] packet = udpPacket(length);
    boolean tunnel = mode.equals("tunnel");
    // The second number of an extended association is in the next subspace.
    for (int i = 0; i < 2; i++) {
      String sealed = ask("seal", mode, parameters, sequence + i * 0x20, packet);
      PacketBuffer buffer = PacketBuffer.copyOf(hex(sealed));
      assertNull(inbound.open(buffer));
      assertEquals(tunnel ? Protocol.IPV6 : Protocol.UDP, inbound.nextHeader());
      String whole = hex(packet);
      assertEquals(
          tunnel ? whole : whole.substring(2 * Ipv6Header.BYTES), hex(buffer.toBytes()));
    }
  }

  private static String ask(
      String verb,
      String mode,
      SecurityAssociationParameters parameters,
      long sequence,
      byte[] octets)
      throws IOException {
    requests.write(
        String.join(
            " ",
            verb,
            mode,
            parameters.encryption().configurationName(),
            word(parameters.encryptionKey()),
            parameters.integrity().configurationName(),
            word(parameters.integrityKey()),
            Integer.toUnsignedString(parameters.spi()),
            Long.toString(sequence),
            Boolean.toString(parameters.extendedSequenceNumbers()),
            word(octets)));
    requests.newLine();
    requests.flush();
    return answers.readLine();
  }

  private static String word(byte[] octets) {
    return octets.length == 0 ? "-" : hex(octets);
  }

  /** An IPv6 packet with a UDP header and a payload; no one looks at its checksum. */
  private static byte[] udpPacket(int length) {
    ByteBuffer packet = ByteBuffer.allocate(Ipv6Header.BYTES + length);
    Ipv6Header.write(
        packet,
        0,
        0,
        0,
        length,
        Protocol.UDP,
        64,
        Ipv6Address.parse("2001:db8:2000::10"),
        Ipv6Address.parse("2001:db8:2000::2"));
    packet.put(Ipv6Header.BYTES, counting(1, length));
    packet.putShort(Ipv6Header.BYTES + 4, (short) length);
    return packet.array();
  }
}
