package org.kagemusha.core.signalling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * tshark's dissector of UDP port 4500 decrypts ESP and finds what is inside; scapy makes and opens
 * the same.
 */
class EncapsulationWitnessTest {

  private static final int LINKTYPE_IPV6 = 229;
  private static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  private static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");
  private static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:3000::3");

  private static final String PYTHON = "/usr/bin/python3";

  /** Prints ours in clear, ours with lengths and checksum by scapy, and one of its own. */
  private static final String SCAPY =
      """
      import logging, sys
      logging.getLogger("scapy").setLevel(logging.ERROR)
      try:
          from scapy.all import *
          from scapy.layers.ipsec import *
      except ImportError:
          sys.exit(9)
      def association():
          return SecurityAssociation(ESP, spi=0x1000, crypt_algo="AES-CBC", crypt_key=bytes(16),
                                     auth_algo="SHA2-256-128", auth_key=bytes(32))
      outer = IPv6(src="2001:db8:3000::3", dst="2001:db8:2000::1")
      ours = IPv6(bytes.fromhex(sys.argv[1]))
      esp = raw(ours[UDP])[8:]
      opened = association().decrypt(IPv6(raw(outer.copy() / ESP(esp))))
      print(raw(opened).hex())
      print(raw(outer / UDP(sport=40000, dport=4500) / Raw(esp)).hex())
      option = IPv6ExtHdrDestOpt(options=[HAO(hoa="2001:db8:2000::10")])
      update = MIP6MH_BU(seq=7, flags="AH", mhtime=15,
                         options=[MIP6OptAltCoA(acoa="2001:db8:3000::3")])
      inside = raw(outer / option / update)[40:]
      # encrypt() would leave the options outside.
      from scapy.layers.ipsec import _ESPPlain
      sa = association()
      plain = _ESPPlain(spi=0x1000, seq=1, iv=bytes(range(16)), data=inside, nh=60)
      sealed = sa.crypt_algo.encrypt(sa, sa.crypt_algo.pad(plain), sa.crypt_key)
      sa.auth_algo.sign(sealed, sa.auth_key)
      sealed = raw(sealed)
      print(raw(outer / UDP(sport=40000, dport=4500) / Raw(sealed)).hex())
      """;

  @TempDir private Path directory;

  private final OutboundSecurityAssociation association =
      OutboundSecurityAssociation.of(
          new SecurityAssociationParameters(
              0x3e8,
              EncryptionAlgorithm.AES_GCM_16_256,
              IntegrityAlgorithm.NONE,
              new byte[36],
              new byte[0],
              false,
              64),
          new AtomicLong()::incrementAndGet);

  @Test
  void rfc3948_tsharkDissectsSignallingPayloadAndKeepalive() throws Exception {
    BindingUpdate update = new BindingUpdate(7, true, true, false, false, 0, 15, CARE_OF);
    BindingAcknowledgement accepted = new BindingAcknowledgement(0, false, 0, 7, 15, -1);
    PacketBuffer keepalive = PacketBuffer.allocate(1);
    UdpEncapsulation.keepalive(keepalive);
    String fields =
        tshark(
            SignallingWriter.build(
                CARE_OF, HOME_AGENT, HOME, null, update, association, 40_000, 4500),
            SignallingWriter.build(
                HOME_AGENT, CARE_OF, null, HOME, accepted, association, 4500, 40_000),
            datagram(payload()),
            datagram(keepalive));
    // Checksum status 1 is "good"; nothing is malformed or remarkable.
    assertEquals(
        """
        ipv6:udp:udpencap:esp:ipv6.dstopts:mipv6|40000|4500|1|0x3c|5|%1$s|||
        ipv6:udp:udpencap:esp:ipv6.routing:mipv6|4500|40000|1|0x2b|6||%1$s||
        ipv6:udp:udpencap:esp:ipv6:data|40000|4500|1|0x29|||||
        ipv6:udp:udpencap|40000|4500|1||||||
        """.formatted("2001:db8:2000::10"),
        fields);
  }

  @Test
  void rfc6618_s6_3_scapyOpensOursAndMakesOneThatIsTaken() throws Exception {
    assumeTrue(Files.isExecutable(Path.of(PYTHON)), "no " + PYTHON);
    SecurityAssociationParameters parameters =
        new SecurityAssociationParameters(
            0x1000,
            EncryptionAlgorithm.AES_CBC_128,
            IntegrityAlgorithm.HMAC_SHA2_256_128,
            new byte[16],
            new byte[32],
            false,
            64);
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.of(parameters, new AtomicLong()::incrementAndGet);
    BindingUpdate update = new BindingUpdate(7, true, true, false, false, 0, 15, CARE_OF);
    String clear =
        hex(SignallingWriter.build(CARE_OF, HOME_AGENT, HOME, null, update, null).toBytes());
    PacketBuffer ours =
        SignallingWriter.build(
            CARE_OF, HOME_AGENT, HOME, null, update, outbound, 40_000, 4500);
    Process process =
        new ProcessBuilder(PYTHON, "-c", SCAPY, hex(ours.toBytes()))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    assumeTrue(process.waitFor() != 9, "no scapy");
    String[] lines = output.split("\n");
    assertEquals(3, lines.length, output);
    assertEquals(clear, lines[0]);
    assertEquals(hex(ours.toBytes()), lines[1]);
    SecurityAssociationDatabase associations = new SecurityAssociationDatabase();
    associations.add(InboundSecurityAssociation.of(parameters));
    SignallingReader reader = new SignallingReader(associations);
    reader.encapsulationPort(4500);
    PacketBuffer scapys = PacketBuffer.copyOf(HexFormat.of().parseHex(lines[2]));
    assertEquals(SignallingReader.Found.SIGNALLING, reader.read(scapys, 0));
    assertEquals(
        new SignallingPacket(
            CARE_OF, HOME_AGENT, HOME, null, reader.association(), 40_000, update),
        reader.signalling());
  }

  private static String hex(byte[] octets) {
    return HexFormat.of().formatHex(octets);
  }

  private PacketBuffer payload() {
    PacketBuffer inner = PacketBuffer.copyOf(new byte[Ipv6Header.BYTES + 4]);
    Ipv6Header.write(inner.bytes(), inner.offset(), 0, 0, 4, 253, 64, HOME, HOME_AGENT);
    assertNull(association.seal(inner, Protocol.IPV6));
    return inner;
  }

  private static PacketBuffer datagram(PacketBuffer payload) {
    UdpEncapsulation.prepend(payload, 40_000, 4500, CARE_OF, HOME_AGENT);
    int length = payload.length();
    payload.prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        payload.bytes(), payload.offset(), 0, 0, length, Protocol.UDP, 64, CARE_OF, HOME_AGENT);
    return payload;
  }

  private String tshark(PacketBuffer... packets) throws IOException, InterruptedException {
    ByteBuffer pcap = ByteBuffer.allocate(65_536);
    pcap.putInt(0xa1b2c3d4).putShort((short) 2).putShort((short) 4);
    pcap.putInt(0).putInt(0).putInt(65_535).putInt(LINKTYPE_IPV6);
    for (PacketBuffer packet : packets) {
      pcap.putLong(0).putInt(packet.length()).putInt(packet.length()).put(packet.toBytes());
    }
    Path file = directory.resolve("udp.pcap");
    Files.write(file, Arrays.copyOf(pcap.array(), pcap.position()));
    Process process;
    try {
      process =
          new ProcessBuilder(
                  List.of(
                      "tshark", "-r", file.toString(),
                      "-o", "udp.check_checksum:TRUE",
                      "-o", "esp.enable_encryption_decode:TRUE",
                      "-o", "esp.enable_authentication_check:TRUE",
                      "-o", "uat:esp_sa:\"IPv6\",\"*\",\"*\",\"0x000003e8\","
                          + "\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x" + "00".repeat(36)
                          + "\",\"NULL\",\"\"",
                      "-T", "fields", "-E", "separator=|",
                      "-e", "frame.protocols",
                      "-e", "udp.srcport",
                      "-e", "udp.dstport",
                      "-e", "udp.checksum.status",
                      "-e", "esp.protocol",
                      "-e", "mip6.mhtype",
                      "-e", "ipv6.opt.mipv6.home_address",
                      "-e", "ipv6.routing.mipv6.home_address",
                      "-e", "_ws.malformed",
                      "-e", "_ws.expert.message"))
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
}
