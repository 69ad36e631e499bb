package org.kagemusha.tap.libc;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * A piece of memory outside of the heap whose address is known, for what system calls read and
 * write. It is freed when it becomes unreachable: whoever gives away its address keeps the object.
 */
public final class NativeMemory {

  /** The largest IPv6 packet without the jumbo option, RFC 8200 §3: header and 65,535 octets. */
  public static final int LARGEST_PACKET = 40 + 65_535;

  private final ByteBuffer bytes;
  private final long address;

  /** Allocates zeroed memory, at an address divisible by 8. */
  public NativeMemory(int size) {
    this(size, 8);
  }

  /**
   * Allocates zeroed memory.
   *
   * @param alignment what the address is divisible by: a power of two
   */
  public NativeMemory(int size, int alignment) {
    bytes =
        ByteBuffer.allocateDirect(size + 2 * alignment - 1)
            .alignedSlice(alignment)
            .order(ByteOrder.nativeOrder());
    address = addressOf(bytes);
  }

  /** The memory, in the machine's byte order. */
  public ByteBuffer bytes() {
    return bytes;
  }

  /** The address of index 0. */
  public long address() {
    return address;
  }

  /** The address of an index. */
  public long address(int index) {
    return address + index;
  }

  /** Puts an address into the memory, octet for octet. */
  public void putAddress(int index, Ipv6Address value) {
    bytes.put(index, value.toBytes());
  }

  /** Puts a text with a terminating zero, ASCII. */
  public void putString(int index, String text) {
    byte[] octets = text.getBytes(StandardCharsets.US_ASCII);
    bytes.put(index, octets);
    bytes.put(index + octets.length, (byte) 0);
  }

  /** Takes a text that ends before a zero. */
  public String getString(int index) {
    int end = index;
    while (bytes.get(end) != 0) {
      end++;
    }
    byte[] octets = new byte[end - index];
    bytes.get(index, octets);
    return new String(octets, StandardCharsets.US_ASCII);
  }

  /**
   * A packet buffer whose address is known, so that the kernel reads and writes it without a copy.
   *
   * @param size octets of the largest packet, head and tail room apart
   */
  public static PacketBuffer packetBuffer(int size) {
    ByteBuffer memory =
        ByteBuffer.allocateDirect(PacketBuffer.HEADROOM + size + PacketBuffer.TAILROOM);
    return new PacketBuffer(memory, addressOf(memory)).set(PacketBuffer.HEADROOM, 0);
  }

  private static long addressOf(ByteBuffer direct) {
    return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
  }
}
