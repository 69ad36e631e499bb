package org.kagemusha.core.offload;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.wire.PacketBuffer;

/** Keeps what a coalescer gives, and takes it apart again. */
final class Collector implements HomeLink {

  /** What was given, as it was given. */
  final List<PacketBuffer> given = new ArrayList<>();

  private final int link;

  Collector(int link) {
    this.link = link;
  }

  @Override
  public void send(PacketBuffer frame) {
    given.add(PacketBuffer.copyOf(new byte[frame.length()]).copyFrom(frame));
  }

  /** The packets in the order of giving, super-packets as the segments that a device would make. */
  List<byte[]> parted() {
    List<byte[]> packets = new ArrayList<>();
    for (PacketBuffer packet : given) {
      if (packet.isSuperPacket()) {
        Segmenter segmenter = new Segmenter();
        assertTrue(segmenter.begin(packet, link));
        packets.addAll(Frames.segments(segmenter, PacketBuffer.allocate(70_000)));
      } else {
        packets.add(packet.toBytes());
      }
    }
    return packets;
  }
}
