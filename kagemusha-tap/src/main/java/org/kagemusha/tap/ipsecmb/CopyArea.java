package org.kagemusha.tap.ipsecmb;

import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * Memory for packets whose own has no known address; one for each thread. Grows to the largest
 * packet seen.
 */
final class CopyArea {

  private static final int FIRST_OCTETS = 4096;
  private static final ThreadLocal<CopyArea> OF_THREAD = ThreadLocal.withInitial(CopyArea::new);

  private NativeMemory memory = new NativeMemory(FIRST_OCTETS);

  private CopyArea() {}

  /** The memory of the calling thread. */
  static CopyArea ofThisThread() {
    return OF_THREAD.get();
  }

  /** Copies a packet in; returns its address. */
  long take(PacketBuffer packet) {
    int count = packet.length();
    if (memory.bytes().capacity() < count) {
      memory = new NativeMemory(Integer.highestOneBit(count - 1) << 1);
    }
    memory.bytes().put(0, packet.bytes(), packet.offset(), count);
    return memory.address();
  }

  /** Copies octets back to where {@link #take} found them. */
  void giveBack(PacketBuffer packet, int from, int count) {
    packet.bytes().put(packet.offset() + from, memory.bytes(), from, count);
  }
}
