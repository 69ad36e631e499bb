package org.kagemusha.daemon.service;

import java.util.Arrays;
import org.kagemusha.core.offload.Segmenter;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netlink.Seg6Routes;
import org.kagemusha.tap.tap.TunDevice;

/**
 * Tries whether the kernel makes of a super-packet the octets that this program would have made.
 * The packet goes into the tun, and what it becomes comes out there again. All its addresses but
 * the local one are of the prefix that leads nowhere (RFC 6666).
 */
final class EncapsulationTrial {

  /** What {@link #run} says where no packet came out. */
  static final String NOTHING_CAME = "a trial packet was not forwarded";

  private static final Ipv6Address SOURCE = Ipv6Address.parse("100::1");
  private static final Ipv6Address DESTINATION = Ipv6Address.parse("100::2");
  private static final Ipv6Address REMOTE = Ipv6Address.parse("100::3");
  private static final int TRAFFIC_CLASS = 0xb9;
  private static final int FLOW_LABEL = 0x5_4321;
  private static final int HOP_LIMIT = 64;
  private static final int SEGMENT = 1000;
  private static final int DATA = 2 * SEGMENT + 17;
  private static final int TCP_HEADER = 20;
  private static final int MOST_FOREIGN = 64;

  private final TunDevice tun;
  private final Seg6Routes routes;

  EncapsulationTrial(TunDevice tun, Seg6Routes routes) {
    this.tun = tun;
    this.routes = routes;
  }

  /**
   * Tries it; changes nothing that lasts.
   *
   * @param local the tun's address
   * @return null if all is as it has to be, else what is not
   * @throws KernelException where the kernel refuses the routes
   */
  String run(Ipv6Address local) throws KernelException {
    try {
      routes.encapsulate(DESTINATION, REMOTE);
      routes.direct(REMOTE);
      return compare(local);
    } finally {
      routes.delete(DESTINATION);
      routes.delete(REMOTE);
    }
  }

  private String compare(Ipv6Address local) {
    PacketBuffer whole = superPacket();
    while (tun.read() != null) {
      continue;
    }
    if (!tun.write(whole)) {
      return "a trial packet was not taken";
    }
    Segmenter segmenter = new Segmenter();
    segmenter.begin(whole, 0);
    PacketBuffer expected = PacketBuffer.allocate(segmenter.largest() + Ipv6Header.BYTES);
    while (segmenter.hasNext()) {
      segmenter.next(expected);
      int payload = expected.length();
      expected.prepend(Ipv6Header.BYTES);
      Ipv6Header.write(
          expected.bytes(), expected.offset(), TRAFFIC_CLASS, FLOW_LABEL, payload, Protocol.IPV6,
          HOP_LIMIT - 1, local, REMOTE);
      byte[] got = next();
      if (got == null) {
        return NOTHING_CAME;
      }
      if (!Arrays.equals(expected.toBytes(), got)) {
        return difference(expected.toBytes(), got);
      }
    }
    return null;
  }

  /** The next packet that is none of the host's own, such as listener reports. */
  private byte[] next() {
    for (int i = 0; i < MOST_FOREIGN; i++) {
      byte[] got = tun.read();
      if (got == null || got[Ipv6Header.NEXT_HEADER] == Protocol.IPV6) {
        return got;
      }
    }
    return null;
  }

  private static String difference(byte[] expected, byte[] got) {
    int at = Arrays.mismatch(expected, got);
    if (at < 4) {
      return "the outer flow label is not the inner one: net.ipv6.seg6_flowlabel must be 0";
    }
    return at >= Ipv6Header.SOURCE && at < Ipv6Header.DESTINATION
        ? "the outer source is not the local address: is 'ip sr tunsrc' set?"
        : "octet " + at + " of a trial packet is not as it must be";
  }

  private static PacketBuffer superPacket() {
    byte[] octets = new byte[Ipv6Header.BYTES + TCP_HEADER + DATA];
    for (int i = Ipv6Header.BYTES + TCP_HEADER; i < octets.length; i++) {
      octets[i] = (byte) (i * 31);
    }
    PacketBuffer packet = PacketBuffer.copyOf(octets);
    int at = packet.offset();
    int tcp = at + Ipv6Header.BYTES;
    Ipv6Header.write(
        packet.bytes(), at, TRAFFIC_CLASS, FLOW_LABEL, TCP_HEADER + DATA, Protocol.TCP, HOP_LIMIT,
        SOURCE, DESTINATION);
    // RFC 9293 §3.1: ports, sequence and acknowledgment number, data offset, ACK and PSH, window.
    packet.bytes().putInt(tcp, 9 << 16 | 9).putInt(tcp + 4, 0xffff_fe00).putInt(tcp + 8, 1);
    packet.bytes().putInt(tcp + 12, 0x5018_ffff);
    long pseudo =
        InternetChecksum.pseudoHeader(packet.bytes(), at, TCP_HEADER + DATA, Protocol.TCP);
    packet.bytes().putShort(tcp + 16, (short) InternetChecksum.fold(pseudo));
    return packet.unfinished(tcp, 16, SEGMENT);
  }
}
