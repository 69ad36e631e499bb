package org.kagemusha.daemon.service;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * Frames of one direction for a {@link Rehearsal}: in turn a segment of a TCP flow and a datagram
 * of a UDP flow, of which consecutive ones can be joined.
 */
final class RehearsalFrames {

  private static final int PAYLOAD = 1000;
  private static final int PORT = 9;
  private static final int TCP_HEADER = 20;
  private static final int TCP_ACK = 5 << 12 | 0x10;
  private static final int TCP_WINDOW = 4096;
  private static final int TCP_CHECKSUM = 16;
  private static final int UDP_CHECKSUM = 6;

  private final PacketBuffer frame = NativeMemory.packetBuffer(2048);
  private final MacAddress destination;
  private final MacAddress source;
  private final Ipv6Address from;
  private final Ipv6Address to;
  private int sequence;
  private boolean tcp;

  RehearsalFrames(
      MacAddress destination, MacAddress source, Ipv6Address from, Ipv6Address to) {
    this.destination = destination;
    this.source = source;
    this.from = from;
    this.to = to;
  }

  /** The next frame; the one before is overwritten. */
  PacketBuffer next() {
    ByteBuffer bytes = frame.bytes();
    int at = PacketBuffer.HEADROOM;
    int ip = at + EthernetHeader.BYTES;
    int upper = ip + Ipv6Header.BYTES;
    tcp = !tcp;
    int protocol = tcp ? Protocol.TCP : Protocol.UDP;
    EthernetHeader.write(bytes, at, destination, source, EthernetHeader.TYPE_IPV6);
    Ipv6Header.write(bytes, ip, 0, 0, PAYLOAD, protocol, 64, from, to);
    bytes.putShort(upper, (short) PORT).putShort(upper + 2, (short) PORT);
    if (tcp) {
      bytes.putInt(upper + 4, sequence).putInt(upper + 8, 0);
      bytes.putShort(upper + 12, (short) TCP_ACK).putShort(upper + 14, (short) TCP_WINDOW);
      bytes.putInt(upper + TCP_CHECKSUM, 0);
      sequence += PAYLOAD - TCP_HEADER;
    } else {
      bytes.putShort(upper + 4, (short) PAYLOAD).putShort(upper + UDP_CHECKSUM, (short) 0);
    }
    int checksum =
        InternetChecksum.finish(
            InternetChecksum.pseudoHeader(bytes, ip, PAYLOAD, protocol)
                + InternetChecksum.sum(bytes, upper, PAYLOAD));
    bytes.putShort(upper + (tcp ? TCP_CHECKSUM : UDP_CHECKSUM), (short) checksum);
    return frame.finished().set(at, EthernetHeader.BYTES + Ipv6Header.BYTES + PAYLOAD);
  }
}
