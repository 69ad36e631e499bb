package org.kagemusha.core.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.Scapy;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.wire.PacketBuffer;

/** Scapy as an independent other end: it reassembles, opens ESP, dissects and encapsulates. */
class ScapyTunnelTest {

  private static final HexFormat HEX = HexFormat.of();

  @TempDir Path directory;

  @BeforeAll
  static void scapyIsThere() throws Exception {
    Scapy.assumeInstalled();
  }

  @Test
  void rfc8200_s4_5_scapyReassemblesOuterFragmentsToTheInnerPacket() throws Exception {
    List<String> cases = new ArrayList<>();
    for (int size : new int[] {1240, 1241, 1263, 1272, 1273, 1280}) {
      for (int limit : new int[] {-1, 4}) {
        Bench bench = new Bench(Bench.limit(limit));
        bench.tunnel.linkMtu(1280, bench.now);
        byte[] inner = InnerPackets.udp(size);
        bench.send(inner);
        cases.add(line(inner, bench.sent));
      }
    }
    python(
        """
        for line in sys.stdin:
            inner, *outers = [bytes.fromhex(h) for h in line.split()]
            packets = [IPv6(o) for o in outers]
            for p in packets:
                assert p.plen == len(bytes(p)) - 40 and len(bytes(p)) <= 1280
            whole = defragment6(packets) if len(packets) > 1 else packets[0]
            carried = whole[IPv6].payload
            if whole.nh == 60:
                option = [o for o in carried.options if o.otype == 4]
                assert len(option) == 1 and bytes(option[0]) == bytes([4, 1, 4]), "limit"
                carried = carried.payload
            assert bytes(carried) == inner, "inner packet differs"
        """,
        cases);
  }

  @Test
  void rfc4303_scapyOpensWhatWasSealedAndFragmented() throws Exception {
    List<String> cases = new ArrayList<>();
    Bench bench = new Bench(Bench.plain());
    ProtectedTunnelTest.protect(
        bench,
        ProtectedTunnelTest.parameters(
            EncryptionAlgorithm.AES_CBC_128, IntegrityAlgorithm.HMAC_SHA2_256_128));
    bench.tunnel.linkMtu(1280, bench.now);
    for (int size : new int[] {48, 100, 1190, 1220, 1279, 1280}) {
      byte[] inner = InnerPackets.udp(size);
      bench.sent.clear();
      bench.send(inner);
      cases.add(line(inner, bench.sent));
    }
    python(
        """
        sa = SecurityAssociation(ESP, spi=0x12345678, crypt_algo="AES-CBC", crypt_key=bytes(16),
                                 auth_algo="SHA2-256-128", auth_key=bytes(32))
        for line in sys.stdin:
            inner, *outers = [bytes.fromhex(h) for h in line.split()]
            packets = [IPv6(o) for o in outers]
            whole = defragment6(packets) if len(packets) > 1 else packets[0]
            opened = sa.decrypt(IPv6(bytes(whole)))
            assert opened.nh == 41 and bytes(opened.payload) == inner, "inner packet differs"
        """,
        cases);
  }

  @Test
  void rfc4443_scapyFindsErrorsIntact() throws Exception {
    List<String> cases = new ArrayList<>();
    for (int size : new int[] {1461, 1500, 9000}) {
      Bench bench = new Bench();
      byte[] inner = InnerPackets.udp(size);
      bench.send(inner);
      cases.add(line(inner, bench.errors));
    }
    python(
        """
        for line in sys.stdin:
            inner, error = [bytes.fromhex(h) for h in line.split()]
            p = IPv6(error)
            assert len(error) == 1280 and p.dst == "2001:db8:2000::10", p.summary()
            assert p[ICMPv6PacketTooBig].mtu == 1460
            assert bytes(p[ICMPv6PacketTooBig].payload) == inner[:1232]
            del p[ICMPv6PacketTooBig].cksum
            assert bytes(p) == error, "checksum"
        """,
        cases);
  }

  @Test
  void rfc9293_s3_7_1_scapyFindsTheLoweredSegmentSizeAndTheChecksumRight() throws Exception {
    List<String> cases = new ArrayList<>();
    String built =
        python(
            """
            base = IPv6(src="2001:db8:2000::10", dst="2001:db8:5000::2")
            for ext in (None, IPv6ExtHdrDestOpt(), IPv6ExtHdrHopByHop()):
                for flags in ("S", "SA"):
                    for options in ([("MSS", 1440)],
                                    [("NOP", None), ("MSS", 8960), ("SAckOK", b"")],
                                    [("Timestamp", (1, 2)), ("MSS", 1460)]):
                        p = base / ext if ext else base
                        print(bytes(p / TCP(flags=flags, options=options)).hex())
            """,
            List.of());
    for (String packet : built.lines().toList()) {
      byte[] inner = HEX.parseHex(packet);
      Bench bench = new Bench(TunnelSettings.mobileNode());
      bench.send(inner);
      cases.add(line(inner, bench.sent));
    }
    assertEquals(18, cases.size());
    python(
        """
        for line in sys.stdin:
            before, outer = [IPv6(bytes.fromhex(h)) for h in line.split()]
            after = outer.payload
            assert outer.nh == 41 and dict(after[TCP].options)["MSS"] == 1400
            right = after.copy()
            del right[TCP].chksum
            assert bytes(right) == bytes(after), "checksum"
            assert [o for o in after[TCP].options if o[0] != "MSS"] == \\
                   [o for o in before[TCP].options if o[0] != "MSS"]
        """,
        cases);
  }

  @Test
  void rfc2473_s3_3_packetsThatScapyEncapsulatesComeOut() throws Exception {
    String built =
        python(
            """
            outer = IPv6(src="2001:db8:2000::1", dst="2001:db8:3000::3", tc=0x03)
            inner = IPv6(src="2001:db8:5000::2", dst="2001:db8:2000::10", tc=0x02)
            inner = inner / UDP(sport=1, dport=2) / (b"x" * 99)
            marked = inner.copy()
            marked.tc = 0x03
            print(bytes(outer / inner).hex(), 40, bytes(marked).hex())
            limit = IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=4, optlen=1, optdata=b"\\x04")])
            print(bytes(outer / limit / inner).hex(), 48, bytes(marked).hex())
            """,
            List.of());
    List<String> lines = built.lines().toList();
    assertEquals(2, lines.size());
    for (String line : lines) {
      String[] parts = line.split(" ");
      PacketBuffer buffer = PacketBuffer.copyOf(HEX.parseHex(parts[0]));
      Bench bench = new Bench(TunnelSettings.mobileNode());
      int innerAt = buffer.offset() + Integer.parseInt(parts[1]);
      assertNull(bench.tunnel.receive(buffer, innerAt, bench.now));
      assertArrayEquals(HEX.parseHex(parts[2]), buffer.toBytes());
    }
  }

  private static String line(byte[] inner, List<byte[]> packets) {
    StringBuilder line = new StringBuilder(HEX.formatHex(inner));
    packets.forEach(p -> line.append(' ').append(HEX.formatHex(p)));
    return line.toString();
  }

  private String python(String script, List<String> input) throws Exception {
    return Scapy.run(directory, script, input);
  }
}
