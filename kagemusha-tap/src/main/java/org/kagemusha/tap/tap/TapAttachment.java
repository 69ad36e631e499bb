package org.kagemusha.tap.tap;

import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * The kernel's word on a descriptor of a tap.
 *
 * @param name the interface's name
 * @param flags {@code IFF_TAP}, {@code IFF_NO_PI}, {@code IFF_VNET_HDR} and others
 */
record TapAttachment(String name, int flags) {

  private static final String CLONE_DEVICE = "/dev/net/tun";
  private static final int IFREQ = 40;
  private static final int IFREQ_FLAGS = 16;
  private static final int PLAIN = Constants.IFF_TAP | Constants.IFF_NO_PI;
  private static final int TUN = Constants.IFF_TUN | Constants.IFF_NO_PI | Constants.IFF_VNET_HDR;

  /** Whether a virtio header stands before each frame. */
  boolean hasHeader() {
    return (flags & Constants.IFF_VNET_HDR) != 0;
  }

  /** Whether it is a tap without packet information. */
  boolean isTap() {
    return (flags & PLAIN) == PLAIN;
  }

  /** Opens the device that makes taps. */
  static Descriptor openCloneDevice() throws KernelException {
    try {
      return Descriptor.openFile(CLONE_DEVICE);
    } catch (KernelException e) {
      String hint =
          switch (e.errno()) {
            case Errno.ENOENT, Errno.ENODEV, Errno.ENXIO ->
                "no tun/tap driver: modprobe tun, or hand the device to the container";
            case Errno.EPERM, Errno.EACCES ->
                "not allowed: it takes mode 0666 (udev's) or root, and DeviceAllow= in a unit";
            default -> "";
          };
      throw hint.isEmpty() ? e : new KernelException("open", CLONE_DEVICE, e.errno(), hint);
    }
  }

  /**
   * Makes the tap or takes an existing one.
   *
   * <p>Linux lets whoever takes a persistent tap choose whether it has the header. A kernel that
   * insists on what the tap was made with says EINVAL, so the other choice is tried too.
   *
   * @param header whether the header is wanted; what is got may differ
   * @throws KernelException see {@link TapDevice#open}
   */
  static TapAttachment attach(Descriptor descriptor, String name, boolean header)
      throws KernelException {
    int wanted = header ? PLAIN | Constants.IFF_VNET_HDR : PLAIN;
    int errno = set(descriptor, name, wanted);
    if (errno == Errno.EINVAL && set(descriptor, name, wanted ^ Constants.IFF_VNET_HDR) == 0) {
      errno = 0;
    }
    if (errno == Errno.EINVAL) {
      throw new KernelException("TUNSETIFF", name, errno, describeOther(name));
    }
    if (errno != 0) {
      throw KernelException.of("TUNSETIFF", name, errno);
    }
    return of(descriptor);
  }

  /**
   * Makes a tun with a virtio header before each packet.
   *
   * @param pattern its name, with {@code %d} for the first number that is free
   */
  static TapAttachment makeTun(Descriptor descriptor, String pattern) throws KernelException {
    int errno = set(descriptor, pattern, TUN);
    if (errno != 0) {
      throw KernelException.of("TUNSETIFF", pattern, errno);
    }
    return of(descriptor);
  }

  /** Asks what a descriptor is attached to. */
  static TapAttachment of(Descriptor descriptor) throws KernelException {
    NativeMemory request = new NativeMemory(IFREQ);
    if (Libc.ioctl(descriptor.fd(), Constants.TUNGETIFF, request.address()) < 0) {
      throw KernelException.last("TUNGETIFF", descriptor.name());
    }
    return new TapAttachment(
        request.getString(0), request.bytes().getShort(IFREQ_FLAGS) & 0xffff);
  }

  private static int set(Descriptor descriptor, String name, int flags) {
    NativeMemory request = new NativeMemory(IFREQ);
    request.putString(0, name);
    request.bytes().putShort(IFREQ_FLAGS, (short) flags);
    int result = Libc.ioctl(descriptor.fd(), Constants.TUNSETIFF, request.address());
    int errno = result < 0 ? Libc.errno() : 0;
    Reference.reachabilityFence(request);
    return errno;
  }

  private static String describeOther(String name) {
    Path flags = Path.of("/sys/class/net", name, "tun_flags");
    try {
      int value = Integer.decode(Files.readString(flags).strip());
      return (value & Constants.IFF_TUN) != 0
          ? name + " is a tun device, not a tap"
          : name + " was made with other flags (multi_queue); remove it or make it with"
              + " 'ip tuntap add dev " + name + " mode tap'";
    } catch (IOException | NumberFormatException e) {
      return name + " is in use by an interface that is not a tap device";
    }
  }
}
