package org.kagemusha.core.offload;

import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.wire.PacketBuffer;

/** SKELETON. Joins consecutive segments of a flow to super-packets, as the kernel's GRO does. */
public final class Coalescer {

  /**
   * @param output takes frames, joined (unfinished super-packets) and not
   */
  public Coalescer(HomeLink output) {
    throw new IllegalStateException("skeleton");
  }

  /** Takes an Ethernet frame: keeps a copy of it, or gives it (and what must go before it) on. */
  public void add(PacketBuffer frame) {
    throw new IllegalStateException("skeleton");
  }

  /** Gives on what is kept: at the end of each batch. Cheap where nothing is. */
  public void flush() {
    throw new IllegalStateException("skeleton");
  }
}
