package org.kagemusha.core.handover;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * Packets that wait, in order and in bounded memory: when it is used up, the oldest give way. The
 * memory grows by doubling when it is needed first, up to the bound; then nothing is allocated.
 * What a packet still lacks (checksum, segmentation) waits with it. For one thread.
 */
public final class PacketRing {

  /** Smallest bound in octets: a super-packet fits. */
  public static final int SMALLEST = 1 << 17;

  private static final int FIRST = 1 << 16;
  private static final int HEADER = 24;
  private static final int LONGEST_PACKET = 65_535 + Ipv6Header.BYTES;

  private final int bound;
  private byte[] store;
  private final ByteBuffer header = ByteBuffer.allocate(HEADER);
  private int head;
  private int used;
  private int packets;

  /**
   * Makes one that is empty and has no memory.
   *
   * @param bound octets, at least {@link #SMALLEST}; packets take 24 more each
   * @throws IllegalArgumentException if the bound is less
   */
  public PacketRing(int bound) {
    if (bound < SMALLEST) {
      throw new IllegalArgumentException(
          "room for packets is at least " + SMALLEST + " octets, not " + bound);
    }
    this.bound = bound;
  }

  /** A new buffer for {@link #poll}, with room for every packet that there is (RFC 8200 §3). */
  public static PacketBuffer scratch() {
    return PacketBuffer.allocate(LONGEST_PACKET);
  }

  /** How many packets wait. */
  public int size() {
    return packets;
  }

  /** Whether none waits. */
  public boolean isEmpty() {
    return packets == 0;
  }

  /** Octets in use. */
  public int octets() {
    return used;
  }

  /** Whether a packet of that length fits without an older one giving way. */
  public boolean hasRoom(int length) {
    return used + HEADER + length <= bound;
  }

  /**
   * Copies a packet to the end.
   *
   * @param atNs when it came, monotonic
   * @return how many gave way; the packet itself counts if it is longer than the whole memory
   */
  public int add(PacketBuffer packet, long atNs) {
    int need = HEADER + packet.length();
    if (need > bound) {
      return 1;
    }
    int gone = 0;
    while (used + need > bound) {
      skip();
      gone++;
    }
    grow(need);
    header.putInt(0, packet.length());
    header.putInt(4, packet.isUnfinished() ? packet.checksumStart() - packet.offset() : -1);
    header.putInt(8, packet.checksumOffset());
    header.putInt(12, packet.segmentSize());
    header.putLong(16, atNs);
    int tail = wrap(head + used);
    put(tail, header, 0, HEADER);
    put(wrap(tail + HEADER), packet.bytes(), packet.offset(), packet.length());
    used += need;
    packets++;
    return gone;
  }

  private void grow(int need) {
    int size = store == null ? 0 : store.length;
    if (used + need <= size) {
      return;
    }
    int larger = Math.max(size, FIRST / 2);
    while (larger < used + need) {
      larger = larger > bound / 2 ? bound : larger * 2;
    }
    byte[] next = new byte[larger];
    if (size > 0) {
      int first = Math.min(used, size - head);
      System.arraycopy(store, head, next, 0, first);
      System.arraycopy(store, 0, next, first, used - first);
    }
    store = next;
    head = 0;
  }

  private int wrap(int at) {
    return at >= store.length ? at - store.length : at;
  }

  private void put(int at, ByteBuffer from, int offset, int count) {
    int first = Math.min(count, store.length - at);
    from.get(offset, store, at, first);
    from.get(offset + first, store, 0, count - first);
  }

  private void get(int at, ByteBuffer to, int offset, int count) {
    int first = Math.min(count, store.length - at);
    to.put(offset, store, at, first);
    to.put(offset + first, store, 0, count - first);
  }

  private void skip() {
    get(head, header, 0, HEADER);
    int length = HEADER + header.getInt(0);
    head = wrap(head + length);
    used -= length;
    packets--;
  }

  /** Forgets what came before a time; says how many packets are left. */
  public int keepSince(long ns) {
    while (packets > 0) {
      get(head, header, 0, HEADER);
      if (header.getLong(16) - ns >= 0) {
        break;
      }
      skip();
    }
    return packets;
  }

  /** Forgets what came after a time; says how many packets are left. */
  public int keepUntil(long ns) {
    int octets = 0;
    for (int i = 0; i < packets; i++) {
      get(wrap(head + octets), header, 0, HEADER);
      if (header.getLong(16) - ns > 0) {
        packets = i;
        used = octets;
      } else {
        octets += HEADER + header.getInt(0);
      }
    }
    return packets;
  }

  /**
   * Takes the oldest packet out.
   *
   * @param to has room for the longest packet that was added, beside the usual at both ends
   * @return false if none waits
   */
  public boolean poll(PacketBuffer to) {
    if (packets == 0) {
      return false;
    }
    get(head, header, 0, HEADER);
    int length = header.getInt(0);
    to.finished();
    to.set(PacketBuffer.HEADROOM, length);
    get(wrap(head + HEADER), to.bytes(), PacketBuffer.HEADROOM, length);
    if (header.getInt(4) >= 0) {
      to.unfinished(
          PacketBuffer.HEADROOM + header.getInt(4), header.getInt(8), header.getInt(12));
    }
    skip();
    return true;
  }

  /** Forgets all, and gives the memory back; says how many packets there were. */
  public int clear() {
    int count = packets;
    store = null;
    head = 0;
    used = 0;
    packets = 0;
    return count;
  }
}
