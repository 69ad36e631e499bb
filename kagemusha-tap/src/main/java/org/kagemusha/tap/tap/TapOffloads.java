package org.kagemusha.tap.tap;

import static org.kagemusha.tap.libc.Constants.TUN_F_CSUM;
import static org.kagemusha.tap.libc.Constants.TUN_F_TSO4;
import static org.kagemusha.tap.libc.Constants.TUN_F_TSO6;
import static org.kagemusha.tap.libc.Constants.TUN_F_TSO_ECN;
import static org.kagemusha.tap.libc.Constants.TUN_F_USO4;
import static org.kagemusha.tap.libc.Constants.TUN_F_USO6;

import java.lang.ref.Reference;
import java.nio.ByteOrder;
import org.kagemusha.core.offload.VirtioNetHeader;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * What a tap leaves to its reader, and takes from its writer.
 *
 * @param headerOctets octets of virtio header before each frame: 0, 10 or 12
 * @param flags what the kernel may leave undone, {@code TUN_F_CSUM} and others; 0 for nothing
 * @param text for the log: {@code checksum+tcp+udp}, {@code checksum+tcp} or {@code none}, and
 *     where more was wanted the reason in parentheses
 */
record TapOffloads(int headerOctets, int flags, String text) {

  /** The header with the number of merged buffers behind it, virtio 1.2 §5.1.6. */
  static final int LONG_HEADER = 12;

  private static final int SEGMENTS =
      TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
  private static final int DATAGRAMS = TUN_F_USO4 | TUN_F_USO6;
  /** Linux has USO on taps since 6.2, and only for both families at once. */
  private static final int[] STEPS = {SEGMENTS | DATAGRAMS, SEGMENTS, 0};

  /** Whether super-packets of TCP and unfinished checksums may be read and written. */
  boolean isOn() {
    return flags != 0;
  }

  /** Whether super-packets of UDP may be read and written too. */
  boolean hasDatagrams() {
    return (flags & DATAGRAMS) != 0;
  }

  /**
   * Sets a tap that was opened here.
   *
   * @throws KernelException for an error that has nothing to do with what the kernel supports
   */
  static TapOffloads open(Descriptor descriptor, TapAttachment tap, boolean wanted)
      throws KernelException {
    if (tap.hasHeader()) {
      // A persistent tap keeps the size that its last holder chose.
      set(descriptor, Constants.TUNSETVNETHDRSZ, VirtioNetHeader.OCTETS, "TUNSETVNETHDRSZ", tap);
    }
    return agree(descriptor, tap, wanted, VirtioNetHeader.OCTETS);
  }

  /**
   * Sets a tap that another process opened, and leaves its header as it is.
   *
   * @throws KernelException EINVAL where the header has a size that is not supported
   */
  static TapOffloads adopt(Descriptor descriptor, TapAttachment tap, boolean wanted)
      throws KernelException {
    int header = 0;
    if (tap.hasHeader()) {
      NativeMemory size = new NativeMemory(Integer.BYTES);
      if (Libc.ioctl(descriptor.fd(), Constants.TUNGETVNETHDRSZ, size.address()) < 0) {
        throw KernelException.last("TUNGETVNETHDRSZ", tap.name());
      }
      header = size.bytes().getInt(0);
      if (header != VirtioNetHeader.OCTETS && header != LONG_HEADER) {
        throw new KernelException("adopt", tap.name(), Errno.EINVAL,
            "its virtio header has " + header + " octets; TUNSETVNETHDRSZ must have set "
                + VirtioNetHeader.OCTETS + " or " + LONG_HEADER);
      }
    }
    return agree(descriptor, tap, wanted, header);
  }

  private static TapOffloads agree(
      Descriptor descriptor, TapAttachment tap, boolean wanted, int header)
      throws KernelException {
    if (!tap.hasHeader()) {
      offload(descriptor, tap, 0);
      return new TapOffloads(0, 0, wanted
          ? "none (" + tap.name() + " was made without vnet_hdr and cannot be given it)"
          : "none");
    }
    // virtio 1.2 §5.1.6: little-endian. A kernel that does not know it has the machine's order.
    try {
      set(descriptor, Constants.TUNSETVNETLE, 1, "TUNSETVNETLE", tap);
    } catch (KernelException e) {
      if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
        throw e;
      }
    }
    if (!wanted) {
      offload(descriptor, tap, 0);
      return new TapOffloads(header, 0, "none");
    }
    for (int flags : STEPS) {
      if (offload(descriptor, tap, flags)) {
        return new TapOffloads(header, flags, describe(flags));
      }
    }
    throw KernelException.of("TUNSETOFFLOAD", tap.name(), Errno.EINVAL);
  }

  private static String describe(int flags) {
    if (flags == 0) {
      return "none (the kernel has none for taps)";
    }
    return (flags & DATAGRAMS) != 0 ? "checksum+tcp+udp" : "checksum+tcp";
  }

  /** Sets the offloads; false where the kernel does not have all of them. */
  private static boolean offload(Descriptor descriptor, TapAttachment tap, int flags)
      throws KernelException {
    if (Libc.ioctl(descriptor.fd(), Constants.TUNSETOFFLOAD, flags) == 0) {
      return true;
    }
    int errno = Libc.errno();
    if (flags == 0 || errno != Errno.EINVAL) {
      throw KernelException.of("TUNSETOFFLOAD", tap.name(), errno);
    }
    return false;
  }

  private static void set(
      Descriptor descriptor, long request, int value, String what, TapAttachment tap)
      throws KernelException {
    NativeMemory memory = new NativeMemory(Integer.BYTES);
    memory.bytes().putInt(0, value);
    if (Libc.ioctl(descriptor.fd(), request, memory.address()) < 0) {
      throw KernelException.last(what, tap.name());
    }
    Reference.reachabilityFence(memory);
  }
}
