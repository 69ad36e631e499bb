package org.kagemusha.core.offload;

import org.kagemusha.core.wire.PacketBuffer;

/** SKELETON. */
public final class UnfinishedChecksum {

  private UnfinishedChecksum() {}

  /** Computes what {@link PacketBuffer#isUnfinished()} says; an ordinary packet only. */
  public static void finish(PacketBuffer packet) {
    throw new IllegalStateException("skeleton");
  }
}
