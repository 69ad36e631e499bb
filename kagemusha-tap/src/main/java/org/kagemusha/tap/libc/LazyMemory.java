package org.kagemusha.tap.libc;

import com.sun.jna.Pointer;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;

/**
 * Zeroed memory outside of the heap that costs nothing until it is written: pages come one by one
 * as they are touched. For slots that must hold the largest packet and seldom do. It is unmapped
 * when it and all buffers made of it are unreachable.
 */
public final class LazyMemory {

  private static final Cleaner CLEANER = Cleaner.create();

  private final ByteBuffer bytes;
  private final long address;
  private final int size;

  /**
   * Reserves addresses.
   *
   * @param size in octets, a multiple of the page size
   * @throws KernelException if there are no more
   */
  public LazyMemory(int size) throws KernelException {
    long mapped =
        Libc.mmap(
            0,
            size,
            Constants.PROT_READ | Constants.PROT_WRITE,
            Constants.MAP_PRIVATE | Constants.MAP_ANONYMOUS | Constants.MAP_NORESERVE,
            -1,
            0);
    if (mapped == -1) {
      throw KernelException.last("mmap", size + " octets");
    }
    this.size = size;
    address = mapped;
    bytes = new Pointer(mapped).getByteBuffer(0, size);
    CLEANER.register(bytes, () -> Libc.munmap(mapped, size));
    // One page of 2 MiB for an octet would undo the purpose; a kernel without such refuses.
    Libc.madvise(mapped, size, Constants.MADV_NOHUGEPAGE);
  }

  /** A part of it, indexed from 0; it keeps the whole. */
  public ByteBuffer slice(int index, int length) {
    return bytes.slice(index, length);
  }

  /** The address of an index. */
  public long address(int index) {
    return address + index;
  }

  /** Gives its pages back; it reads as zero afterwards. */
  public void release() {
    Libc.madvise(address, size, Constants.MADV_DONTNEED);
  }
}
