package org.kagemusha.core.node;

import org.kagemusha.core.wire.PacketBuffer;

/** The way out to the home side: the guest's link beside a VM, the home link at a home agent. */
@FunctionalInterface
public interface HomeLink {

  /**
   * Sends an Ethernet frame, perhaps a super-frame, with what its buffer says is unfinished. It is
   * on its way, copied or dropped (and counted) when this returns; the buffer stays the caller's.
   */
  void send(PacketBuffer frame);
}
