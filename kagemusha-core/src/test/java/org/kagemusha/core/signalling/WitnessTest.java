package org.kagemusha.core.signalling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.BindingError;
import org.kagemusha.core.message.BindingRefreshRequest;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.message.HomeAgentInformation;
import org.kagemusha.core.message.Icmpv6;
import org.kagemusha.core.message.MobilityMessage;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.PcapReader;
import org.kagemusha.core.message.PcapWriter;
import org.kagemusha.core.message.PrefixInformation;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/** What independent dissectors make of what is built here. */
class WitnessTest {

  private static final String PYTHON = "/usr/bin/python3";
  private static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  private static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");
  private static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:3000::3");
  private static final Ipv6Address ROUTER = Ipv6Address.parse("fe80::1");
  private static final MacAddress MAC = MacAddress.parse("52:54:00:12:34:10");
  private static final BindingUpdate UPDATE =
      new BindingUpdate(40_000, true, true, true, true, 0, 15, CARE_OF);

  @TempDir Path directory;

  private static PacketBuffer fromMobileNode(MobilityMessage message) {
    return SignallingWriter.build(CARE_OF, HOME_AGENT, HOME, null, message, null);
  }

  private static PacketBuffer fromHomeAgent(MobilityMessage message) {
    return SignallingWriter.build(HOME_AGENT, CARE_OF, null, HOME, message, null);
  }

  private static byte[] frame(byte[] packet) {
    ByteBuffer frame = ByteBuffer.allocate(EthernetHeader.BYTES + packet.length);
    EthernetHeader.write(frame, 0, MacAddress.BROADCAST, MAC, EthernetHeader.TYPE_IPV6);
    return frame.put(EthernetHeader.BYTES, packet).array();
  }

  private static byte[] routerAdvertisement() {
    return NeighborDiscovery.build(
        new RouterAdvertisement(
            ROUTER,
            Ipv6Address.ALL_NODES,
            64,
            RouterAdvertisement.HOME_AGENT,
            1800,
            0,
            0,
            MAC,
            1400,
            List.of(new PrefixInformation(HOME_AGENT, 64, 0xe0, 86_400, 14_400)),
            new HomeAgentInformation(10, 1800),
            10_000,
            List.of()));
  }

  private Path capture() throws IOException {
    Path file = directory.resolve("witness.pcapng");
    try (OutputStream output = Files.newOutputStream(file);
        PcapWriter writer =
            new PcapWriter(
                output,
                List.of(
                    new PcapWriter.Interface("tap", PcapReader.ETHERNET),
                    new PcapWriter.Interface("underlay", PcapReader.IPV6)))) {
      byte[] advertisement = routerAdvertisement();
      byte[] neighbor =
          NeighborDiscovery.build(
              new NeighborAdvertisement(
                  ROUTER, Ipv6Address.ALL_NODES, HOME, false, false, true, MAC));
      byte[] tooBig =
          Icmpv6.packetTooBig(HOME_AGENT, 1400, ByteBuffer.wrap(neighbor), 0, neighbor.length);
      for (byte[] packet : Arrays.asList(advertisement, neighbor, tooBig)) {
        byte[] frame = frame(packet);
        writer.write(
            0,
            PcapWriter.Direction.OUTBOUND,
            1_700_000_000_123_456L,
            ByteBuffer.wrap(frame),
            0,
            frame.length);
      }
      for (PacketBuffer packet :
          List.of(
              fromMobileNode(UPDATE),
              fromHomeAgent(new BindingAcknowledgement(0, true, 0, 40_000, 15, -1)),
              fromHomeAgent(new BindingAcknowledgement(135, false, 0, 40_000, 0, 7)),
              fromHomeAgent(new BindingRefreshRequest()),
              fromHomeAgent(new BindingError(2, HOME)))) {
        writer.write(
            1,
            PcapWriter.Direction.INBOUND,
            1_700_000_000_200_000L,
            packet.bytes(),
            packet.offset(),
            packet.length());
      }
    }
    return file;
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    process.getOutputStream().close();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    return output;
  }

  private static boolean has(String... command) throws InterruptedException {
    try {
      run(command);
      return true;
    } catch (IOException absent) {
      return false;
    }
  }

  @Test
  void tsharkFindsNothingMalformedAndEveryChecksumGood() throws Exception {
    assumeTrue(has("tshark", "--version"), "tshark is not installed");
    String file = capture().toString();
    String summary =
        run(
            "tshark", "-r", file, "-T", "fields", "-E", "separator=|",
            "-e", "frame.interface_name", "-e", "frame.time_epoch",
            "-e", "icmpv6.type", "-e", "icmpv6.checksum.status",
            "-e", "mip6.mhtype", "-e", "mip6.bu.lifetime", "-e", "mip6.ba.status");
    // Status 1 is "good"; 2, of the message that an error quotes, "unverified".
    assertEquals(
        String.join(
            "\n",
            "tap|1700000000.123456000|134|1|||",
            "tap|1700000000.123456000|136|1|||",
            "tap|1700000000.123456000|2,136|1,2|||",
            "underlay|1700000000.200000000|||5|15|",
            "underlay|1700000000.200000000|||6||0",
            "underlay|1700000000.200000000|||6||135",
            "underlay|1700000000.200000000|||0||",
            "underlay|1700000000.200000000|||7||"),
        summary);
    String faults = "_ws.malformed or _ws.expert.severity >= 6291456";
    assertEquals("", run("tshark", "-r", file, "-Y", faults));
  }

  @Test
  void scapyBuildsTheSameBindingUpdate() throws Exception {
    assumeTrue(has(PYTHON, "-c", "import scapy.all"), "scapy is not installed");
    String built =
        run(
            PYTHON,
            "-c",
            "from scapy.layers.inet6 import *\n"
                + "from binascii import hexlify\n"
                + "p = IPv6(src='2001:db8:3000::3', dst='2001:db8:2000::1')"
                + "/IPv6ExtHdrDestOpt(options=[HAO(hoa='2001:db8:2000::10')])"
                + "/MIP6MH_BU(seq=40000, flags='AHLK', mhtime=15,"
                + " options=[MIP6OptAltCoA(acoa='2001:db8:3000::3')])\n"
                + "print(hexlify(bytes(p)).decode())");
    byte[] scapys = HexFormat.of().parseHex(built);
    SignallingReader reader =
        new SignallingReader(new SecurityAssociationDatabase());
    PacketBuffer packet = PacketBuffer.copyOf(scapys);
    assertEquals(SignallingReader.Found.SIGNALLING, reader.read(packet, 0));
    assertEquals(UPDATE, reader.signalling().message());
    assertEquals(built, HexFormat.of().formatHex(fromMobileNode(UPDATE).toBytes()));
  }

  @Test
  void scapyOpensTheBindingUpdateInEsp() throws Exception {
    assumeTrue(has(PYTHON, "-c", "import scapy.all"), "scapy is not installed");
    String key = "101112131415161718191a1b1c1d1e1f";
    OutboundSecurityAssociation association =
        OutboundSecurityAssociation.of(
            new SecurityAssociationParameters(
                0x3e8,
                EncryptionAlgorithm.AES_CBC_128,
                IntegrityAlgorithm.HMAC_SHA2_256_128,
                HexFormat.of().parseHex(key),
                HexFormat.of().parseHex(key + key),
                false,
                64),
            () -> 5);
    PacketBuffer sealed =
        SignallingWriter.build(CARE_OF, HOME_AGENT, HOME, null, UPDATE, association);
    String opened =
        run(
            PYTHON,
            "-c",
            "import sys\n"
                + "from scapy.layers.inet6 import *\n"
                + "from scapy.layers.ipsec import *\n"
                + "key = bytes.fromhex(sys.argv[1])\n"
                + "sa = SecurityAssociation(ESP, spi=0x3e8, crypt_algo='AES-CBC', crypt_key=key,"
                + " auth_algo='SHA2-256-128', auth_key=key + key)\n"
                + "p = sa.decrypt(IPv6(bytes.fromhex(sys.argv[2])))\n"
                + "print(bytes(p).hex())",
            key,
            HexFormat.of().formatHex(sealed.toBytes()));
    assertEquals(HexFormat.of().formatHex(fromMobileNode(UPDATE).toBytes()), opened);
  }
}
