package org.kagemusha.core.offload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.Scapy;
import org.kagemusha.core.wire.PacketBuffer;

/** Scapy as an independent witness of checksums, lengths and sequence numbers. */
class ScapyOffloadTest {

  private static final HexFormat HEX = HexFormat.of();

  @TempDir Path directory;

  @BeforeAll
  static void scapyIsThere() throws Exception {
    Scapy.assumeInstalled();
  }

  @Test
  void rfc8200_s8_1_scapyFindsEverySegmentsChecksumAndLengthRight() throws Exception {
    String built =
        python(
            """
            e = Ether(dst="52:54:00:12:34:10", src="02:00:00:00:00:fe")
            ip = IPv6(src="2001:db8:2000::10", dst="2001:db8:5000::2", tc=0xb9, fl=77, hlim=9)
            options = [("NOP", None), ("NOP", None), ("Timestamp", (1, 2))]
            data = bytes(range(256)) * 20
            for ext in (None, IPv6ExtHdrDestOpt(), IPv6ExtHdrHopByHop(),
                        IPv6ExtHdrRouting(addresses=["2001:db8::9"], segleft=1)):
                p = e / ip / ext if ext else e / ip
                tcp = TCP(sport=443, dport=5, seq=2 ** 32 - 999, flags="PAEC", options=options)
                for upper in (tcp, UDP(sport=7, dport=8)):
                    f = p / upper / data
                    print(bytes(f).hex(), len(bytes(f)) - len(bytes(upper / data)))
            """,
            List.of());
    List<String> cases = new ArrayList<>();
    for (String line : built.lines().toList()) {
      String[] parts = line.split(" ");
      for (int segment : new int[] {1, 999, 1208, 5119, 5120}) {
        cases.add(segments(HEX.parseHex(parts[0]), Integer.parseInt(parts[1]), segment));
      }
    }
    assertEquals(40, cases.size());
    python(
        """
        for line in sys.stdin:
            size, whole, *segments = line.split()
            whole = Ether(bytes.fromhex(whole))
            size, data, count = int(size), b"", 0
            for s in segments:
                p = Ether(bytes.fromhex(s))
                right = p.copy()
                transport = TCP if TCP in p else UDP
                del right[IPv6].plen
                del right[transport].chksum
                if transport is UDP:
                    del right[UDP].len
                else:
                    assert p[TCP].seq == (whole[TCP].seq + len(data)) % 2 ** 32, "sequence"
                    assert p[TCP].options == whole[TCP].options
                    assert ("C" in p[TCP].flags) == (count == 0), "CWR"
                    assert ("P" in p[TCP].flags) == (s is segments[-1]), "PSH"
                assert bytes(right) == bytes(p), "checksum or length"
                payload = bytes(p[transport].payload)
                assert len(payload) == size or s is segments[-1] and len(payload) < size
                data, count = data + payload, count + 1
            upper = whole[TCP] if TCP in whole else whole[UDP]
            assert data == bytes(upper.payload), "payload"
        """,
        cases);
  }

  private static String segments(byte[] frame, int upper, int segment) {
    int protocol = upperIsTcp(frame, upper) ? Frames.TCP : Frames.UDP;
    // The pseudo-header's sum is what scapy's own checksum lacks of that over the segment.
    int field = upper + (protocol == Frames.TCP ? 16 : 6);
    byte[] octets = frame.clone();
    int checksum = Frames.u16(octets, field);
    Frames.put16(octets, field, 0);
    long sum = Frames.words(octets, upper, octets.length - upper);
    int pseudo = Frames.fold((~checksum & 0xffffL) + (~Frames.fold(sum) & 0xffff));
    Frames.put16(octets, field, pseudo);
    PacketBuffer packet = PacketBuffer.copyOf(octets);
    packet.unfinished(packet.offset() + upper, field - upper, segment);
    Segmenter segmenter = new Segmenter();
    if (octets.length > 5200 + upper || segment == 1) {
      // More segments than are made of one packet.
      segment = 1000;
      packet.unfinished(packet.offset() + upper, field - upper, segment);
    }
    assertTrue(segmenter.begin(packet, Frames.LINK));
    StringBuilder line = new StringBuilder().append(segment).append(' ');
    line.append(HEX.formatHex(frame));
    for (byte[] part : Frames.segments(segmenter, PacketBuffer.allocate(6000))) {
      line.append(' ').append(HEX.formatHex(part));
    }
    return line.toString();
  }

  private static boolean upperIsTcp(byte[] frame, int upper) {
    return Frames.u16(frame, upper) == 443;
  }

  @Test
  void rfc9293_s3_1_segmentsThatScapyBuiltAreJoinedToOne() throws Exception {
    String built =
        python(
            """
            ip = IPv6(src="2001:db8:2000::2", dst="2001:db8:2000::10", fl=5)
            for i in range(9):
                t = TCP(sport=443, dport=5, seq=(2 ** 32 - 4000 + 1000 * i) % 2 ** 32, ack=7,
                        flags="PA" if i == 8 else "A", options=[("Timestamp", (1, 2))])
                print(bytes(Ether() / ip / t / (bytes([i]) * 1000)).hex())
            """,
            List.of());
    Collector collector = new Collector(Frames.LINK);
    Coalescer coalescer = new Coalescer(collector);
    built.lines().forEach(line -> coalescer.add(PacketBuffer.copyOf(HEX.parseHex(line))));
    assertEquals(1, collector.given.size());
    PacketBuffer joined = collector.given.get(0);
    assertEquals(1000, joined.segmentSize());
    joined.unfinished(joined.checksumStart(), joined.checksumOffset(), 0);
    UnfinishedChecksum.finish(joined);
    python(
        """
        p = Ether(bytes.fromhex(sys.stdin.readline().strip()))
        right = p.copy()
        del right[IPv6].plen
        del right[TCP].chksum
        assert bytes(right) == bytes(p), "checksum or length"
        assert p[TCP].seq == 2 ** 32 - 4000 and p[TCP].flags == "PA"
        assert bytes(p[TCP].payload) == b"".join(bytes([i]) * 1000 for i in range(9))
        """,
        List.of(HEX.formatHex(joined.toBytes())));
  }

  private String python(String script, List<String> input) throws Exception {
    return Scapy.run(directory, script, input);
  }
}
