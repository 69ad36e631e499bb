package org.kagemusha.core.offload;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.PacketBuffer;

/** SKELETON. struct virtio_net_hdr, virtio 1.2 §5.1.6, little-endian, without num_buffers. */
public final class VirtioNetHeader {

  /** Octets of the header. */
  public static final int OCTETS = 10;

  private VirtioNetHeader() {}

  /**
   * Notes in the frame what the header before it says.
   *
   * @param at the absolute index of the header; the frame is the buffer's packet
   * @return false if the header contradicts the frame or names what was not asked for
   */
  public static boolean read(ByteBuffer header, int at, PacketBuffer frame) {
    throw new IllegalStateException("skeleton");
  }

  /** Writes the header of a frame as its buffer describes it. */
  public static void write(PacketBuffer frame, ByteBuffer header, int at) {
    throw new IllegalStateException("skeleton");
  }
}
