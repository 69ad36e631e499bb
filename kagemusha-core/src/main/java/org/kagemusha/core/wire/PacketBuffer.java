package org.kagemusha.core.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;

/**
 * A packet in a larger piece of memory, with room before it and behind it, so that headers are put
 * on and taken off in place. The octets are in network order and reached by absolute index: the
 * packet is {@code bytes()[offset, offset + length)}.
 *
 * <p>What a sender left to hardware that never came is still to do (the checksum offload and
 * segmentation offload of a network card): {@link #isUnfinished()} says that the transport checksum
 * holds only the folded sum of its pseudo-header, {@link #isSuperPacket()} that the transport
 * payload is that of several segments in one. Both are kept by index, so headers may come and go in
 * front. So is what a cipher has still to do ({@link #defer}).
 *
 * <p>The buffer belongs to one thread and is reused: whoever is handed one may change it, but must
 * not keep it after returning.
 */
public final class PacketBuffer {

  /** Room before a received packet, enough for every header that this project puts on. */
  public static final int HEADROOM = 192;

  /** Room behind a received packet: ESP padding, trailer and the longest integrity check value. */
  public static final int TAILROOM = 320;

  private final ByteBuffer bytes;
  private final long address;
  private int offset;
  private int length;
  private int checksumStart = -1;
  private int checksumOffset;
  private int segmentSize;
  private CipherJob job;

  /** The memory as words, by how many octets lie before the first; null until one is summed. */
  private LongBuffer[] words;

  /**
   * Wraps memory.
   *
   * @param bytes the memory; its byte order is set to network order, its position is not used
   * @param address the native address of index 0, or 0 where it is not known or on the heap
   */
  public PacketBuffer(ByteBuffer bytes, long address) {
    this.bytes = bytes.order(ByteOrder.BIG_ENDIAN);
    this.address = address;
  }

  /** A new direct buffer that can take a packet of a size, with the usual head and tail room. */
  public static PacketBuffer allocate(int size) {
    PacketBuffer buffer =
        new PacketBuffer(ByteBuffer.allocateDirect(HEADROOM + size + TAILROOM), 0);
    return buffer.set(HEADROOM, 0);
  }

  /** A new heap buffer that holds a copy of these octets, with the usual head and tail room. */
  public static PacketBuffer copyOf(byte[] octets) {
    return copyOf(octets, 0, octets.length);
  }

  /** A new heap buffer that holds a copy of these octets, with the usual head and tail room. */
  public static PacketBuffer copyOf(byte[] octets, int from, int count) {
    byte[] room = new byte[HEADROOM + count + TAILROOM];
    System.arraycopy(octets, from, room, HEADROOM, count);
    return new PacketBuffer(ByteBuffer.wrap(room), 0).set(HEADROOM, count);
  }

  /** The memory around and under the packet. */
  public ByteBuffer bytes() {
    return bytes;
  }

  /** The native address of index 0 of {@link #bytes()}, or 0 where it is not known. */
  public long address() {
    return address;
  }

  /** The index of the packet's first octet. */
  public int offset() {
    return offset;
  }

  /** The packet's length in octets. */
  public int length() {
    return length;
  }

  /** The index behind the packet's last octet. */
  public int end() {
    return offset + length;
  }

  /** Octets free before the packet. */
  public int headroom() {
    return offset;
  }

  /** Octets free behind the packet. */
  public int tailroom() {
    return bytes.capacity() - offset - length;
  }

  /**
   * The partial sum of octets of this memory, as {@link InternetChecksum#sum} has it; where it is
   * outside of the heap, in less than half of the time.
   *
   * @param index the absolute index of the first octet
   * @param count how many octets
   */
  public long sum(int index, int count) {
    int whole = count / Long.BYTES;
    // Were views of both kinds of memory summed by one loop, it would ask of which kind for each
    // word.
    if (whole == 0 || !bytes.isDirect()) {
      return InternetChecksum.sum(bytes, index, count);
    }
    int summed = whole * Long.BYTES;
    // What a view checks, the compiler checks once for all words, and a ByteBuffer's for each.
    return InternetChecksum.sum(wordsFrom(index % Long.BYTES), index / Long.BYTES, whole)
        + InternetChecksum.sum(bytes, index + summed, count - summed);
  }

  private LongBuffer wordsFrom(int before) {
    if (words == null) {
      words = new LongBuffer[Long.BYTES];
    }
    LongBuffer view = words[before];
    if (view == null) {
      view =
          bytes
              .slice(before, bytes.capacity() - before)
              .order(ByteOrder.nativeOrder())
              .asLongBuffer();
      words[before] = view;
    }
    return view;
  }

  /**
   * Says where the packet lies.
   *
   * @throws IndexOutOfBoundsException if that is not inside the memory
   */
  public PacketBuffer set(int newOffset, int newLength) {
    if (newOffset < 0 || newLength < 0 || newLength > bytes.capacity() - newOffset) {
      throw new IndexOutOfBoundsException(
          newOffset + "+" + newLength + " is outside of " + bytes.capacity());
    }
    offset = newOffset;
    length = newLength;
    return this;
  }

  /**
   * Grows the packet at its front; what the new octets hold is undefined.
   *
   * @throws IndexOutOfBoundsException if the headroom is smaller
   */
  public PacketBuffer prepend(int count) {
    return set(offset - count, length + count);
  }

  /**
   * Takes octets off the front.
   *
   * @throws IndexOutOfBoundsException if the packet has fewer
   */
  public PacketBuffer trimFront(int count) {
    return set(offset + count, length - count);
  }

  /**
   * Sets the packet's length, its front unmoved.
   *
   * @throws IndexOutOfBoundsException if the memory is smaller
   */
  public PacketBuffer resize(int newLength) {
    return set(offset, newLength);
  }

  /**
   * Makes this packet the copy of another, at the usual headroom, with what it still lacks. What a
   * cipher has refused or failed at is not whole in the copy either.
   */
  public PacketBuffer copyFrom(PacketBuffer other) {
    bytes.put(HEADROOM, other.bytes, other.offset, other.length);
    finished();
    if (other.isUnfinished()) {
      unfinished(
          HEADROOM + other.checksumStart - other.offset, other.checksumOffset, other.segmentSize);
    }
    if (other.job != null && !other.job.isSettled()) {
      ownJob().copy(other.job, HEADROOM - other.offset);
    }
    return set(HEADROOM, other.length);
  }

  /**
   * Says that the transport checksum is unfinished, and perhaps the segmentation too: the field
   * holds the folded, uncomplemented sum of the pseudo-header of the packet as it is.
   *
   * @param start the absolute index where the sum begins: the TCP or UDP header
   * @param offset where the field is, counted from there: 16 for TCP, 6 for UDP
   * @param segment octets of transport payload of each segment, but the last may have less; 0 for
   *     an ordinary packet
   */
  public PacketBuffer unfinished(int start, int offset, int segment) {
    checksumStart = start;
    checksumOffset = offset;
    segmentSize = segment;
    return this;
  }

  /**
   * Says that nothing is left to do: whoever puts another packet in the buffer begins with this.
   */
  public PacketBuffer finished() {
    checksumStart = -1;
    checksumOffset = 0;
    segmentSize = 0;
    if (job != null) {
      job.clear();
    }
    return this;
  }

  /**
   * Leaves the pass of a cipher over the packet, as it lies now, for later: until {@link #perform},
   * what lies there is for nobody's eyes.
   *
   * @param number the sequence number
   */
  public PacketBuffer defer(CipherWork work, long number) {
    ownJob().due(work, number, offset, length);
    return this;
  }

  /** What a cipher has still to do, or has done ahead of time; null where there never was any. */
  public CipherJob cipherJob() {
    return job;
  }

  /** Whether a cipher has still to do something. */
  public boolean isDeferred() {
    return job != null && job.isDue();
  }

  /** Whether no cipher has to do anything, or failed, or refused to. */
  public boolean isSettled() {
    return job == null || job.isSettled();
  }

  /**
   * Does what was deferred. If the cipher throws, the packet never is {@link #isSettled}.
   *
   * @param member who does it, see {@link CipherWork#perform}
   */
  public void perform(int member) {
    if (job != null) {
      job.perform(this, member);
    }
  }

  /**
   * Begins what was deferred, so that it is done in one pass with what the same member begins next,
   * or does it where that cannot be. {@link #complete} must follow, on the same thread.
   *
   * @param member who does it, see {@link CipherWork#begin}
   */
  public void begin(int member) {
    if (job != null) {
      job.begin(this, member);
    }
  }

  /** Completes what was begun; see {@link CipherWork#complete}. */
  public void complete(int member) {
    if (job != null) {
      job.complete(this, member);
    }
  }

  /**
   * Does at once what was deferred, on the thread that owns the packet.
   *
   * @return whether the packet may be used: see {@link #isSettled}
   */
  public boolean settle() {
    perform(0);
    return isSettled();
  }

  /** Takes over what is known of a packet in the same place of the same memory. */
  public PacketBuffer jobOf(PacketBuffer other) {
    if (other.job != null) {
      ownJob().copy(other.job, 0);
    }
    return this;
  }

  private CipherJob ownJob() {
    if (job == null) {
      job = new CipherJob();
    }
    return job;
  }

  /** Whether the transport checksum is still to be computed. */
  public boolean isUnfinished() {
    return checksumStart >= 0;
  }

  /** Whether this is to be taken apart into several segments. */
  public boolean isSuperPacket() {
    return segmentSize > 0;
  }

  /** The absolute index where the sum of an unfinished checksum begins, or -1. */
  public int checksumStart() {
    return checksumStart;
  }

  /** Where the field of an unfinished checksum is, counted from {@link #checksumStart()}. */
  public int checksumOffset() {
    return checksumOffset;
  }

  /** Octets of transport payload of each segment, or 0 for an ordinary packet. */
  public int segmentSize() {
    return segmentSize;
  }

  /** The packet's octets, copied: for the control plane and tests. */
  public byte[] toBytes() {
    byte[] octets = new byte[length];
    bytes.get(offset, octets);
    return octets;
  }
}
