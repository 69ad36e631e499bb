package org.kagemusha.tap.tap;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.netlink.Link;
import org.kagemusha.tap.netlink.RouteNetlink;

/**
 * A tap device without packet information, virtio header and offloads: what is read is a whole
 * Ethernet frame with finished checksums, at most as long as its MTU allows. Reading and writing
 * never wait. One thread.
 */
public final class TapDevice implements HomeLink, AutoCloseable {

  /** Nothing to read now. */
  public static final int WOULD_BLOCK = 0;

  /** The interface is down: it takes and gives no frame until it is up again. */
  public static final int LINK_DOWN = -1;

  /** The interface was deleted: the descriptor is of no use any more. */
  public static final int REMOVED = -2;

  private static final String CLONE_DEVICE = "/dev/net/tun";
  private static final int IFREQ = 40;
  private static final int IFREQ_FLAGS = 16;
  private static final int LARGEST_FRAME = 65_535;

  private final Descriptor descriptor;
  private final Counters counters;
  private final String name;
  private final int index;
  private final NativeMemory slot = new NativeMemory(LARGEST_FRAME);
  private final ByteBuffer slotBytes = slot.bytes();

  private TapDevice(Descriptor descriptor, String name, Counters counters) throws KernelException {
    this.descriptor = descriptor;
    this.name = name;
    this.counters = counters;
    if (Libc.ioctl(descriptor.fd(), Constants.TUNSETOFFLOAD, 0) < 0) {
      throw KernelException.last("TUNSETOFFLOAD", name);
    }
    index = Libc.if_nametoindex(name);
    if (index == 0) {
      throw KernelException.last("if_nametoindex", name);
    }
  }

  /**
   * Creates the tap device, or takes an existing persistent one, and makes it as the settings say:
   * MAC address, MTU, no IPv6 address of its own, port of the bridge, up. A device created here
   * vanishes when it is closed or the process ends.
   *
   * @param counters where frames are counted that {@link #send} could not write
   * @throws KernelException EBUSY where another process holds it, EINVAL where the name is that of
   *     another kind of interface, ENODEV where there is no such bridge
   */
  public static TapDevice open(TapSettings settings, Counters counters) throws KernelException {
    Descriptor descriptor = openCloneDevice();
    try {
      attach(descriptor, settings.name());
      TapDevice device = new TapDevice(descriptor, settings.name(), counters);
      device.configure(settings);
      return device;
    } catch (KernelException | RuntimeException e) {
      descriptor.close();
      throw e;
    }
  }

  /**
   * Takes an open descriptor of a tap device that another process made, attached and handed over.
   * Nothing about the interface is changed but its offloads.
   *
   * @throws KernelException EINVAL where it is not a tap, or has packet information or a virtio
   *     header before each frame
   */
  public static TapDevice adopt(int fd, Counters counters) throws KernelException {
    Descriptor descriptor = Descriptor.adopt(fd, "descriptor " + fd);
    NativeMemory request = new NativeMemory(IFREQ);
    if (Libc.ioctl(fd, Constants.TUNGETIFF, request.address()) < 0) {
      throw KernelException.last("TUNGETIFF", descriptor.name());
    }
    int flags = request.bytes().getShort(IFREQ_FLAGS) & 0xffff;
    boolean plain = (flags & Constants.IFF_TAP) != 0
        && (flags & Constants.IFF_NO_PI) != 0
        && (flags & Constants.IFF_VNET_HDR) == 0;
    if (!plain) {
      throw new KernelException("adopt", descriptor.name(), Errno.EINVAL,
          "it must be a tap opened with IFF_TAP | IFF_NO_PI and without IFF_VNET_HDR");
    }
    return new TapDevice(descriptor, request.getString(0), counters);
  }

  /** The interface's name. */
  public String name() {
    return name;
  }

  /** The interface's index. */
  public int index() {
    return index;
  }

  /** The descriptor to poll for input. */
  public int fd() {
    return descriptor.fd();
  }

  /**
   * Reads a frame to the buffer's {@link PacketBuffer#HEADROOM}. A frame longer than the buffer's
   * room is cut off, so give it room for the MTU and 18 octets. Without copying where the buffer's
   * address is known ({@link NativeMemory#packetBuffer}).
   *
   * @return the frame's length, or {@link #WOULD_BLOCK}, {@link #LINK_DOWN}, {@link #REMOVED}
   * @throws KernelException for an error that does not pass
   */
  public int read(PacketBuffer frame) throws KernelException {
    ByteBuffer bytes = frame.bytes();
    int room = Math.min(LARGEST_FRAME,
        bytes.capacity() - PacketBuffer.HEADROOM - PacketBuffer.TAILROOM);
    boolean direct = frame.address() != 0;
    long target = direct ? frame.address() + PacketBuffer.HEADROOM : slot.address();
    while (true) {
      long got = Libc.read(descriptor.fd(), target, room);
      if (got > 0) {
        int length = (int) got;
        if (!direct) {
          bytes.put(PacketBuffer.HEADROOM, slotBytes, 0, length);
        }
        frame.set(PacketBuffer.HEADROOM, length);
        return length;
      }
      int errno = got == 0 ? Errno.EAGAIN : Libc.errno();
      switch (errno) {
        case Errno.EAGAIN:
          return WOULD_BLOCK;
        case Errno.EIO:
          return LINK_DOWN;
        case Errno.EBADFD:
          return REMOVED;
        case Errno.EINTR:
          break;
        default:
          throw KernelException.of("read", name, errno);
      }
    }
  }

  /**
   * Writes a frame.
   *
   * @return false where the kernel did not take it: the interface is down or gone, its queue is
   *     full, or the frame is shorter than an Ethernet header
   */
  public boolean write(PacketBuffer frame) {
    int length = frame.length();
    long source;
    if (frame.address() != 0) {
      source = frame.address() + frame.offset();
    } else if (length <= LARGEST_FRAME) {
      slotBytes.put(0, frame.bytes(), frame.offset(), length);
      source = slot.address();
    } else {
      return false;
    }
    return Libc.write(descriptor.fd(), source, length) == length;
  }

  /** Writes a frame, or counts it as {@link DropReason#SEND_FAILED}. */
  @Override
  public void send(PacketBuffer frame) {
    if (!write(frame)) {
      counters.drop(DropReason.SEND_FAILED);
    }
  }

  /** Sets the interface up or down. */
  public void setUp(boolean up) throws KernelException {
    try (RouteNetlink netlink = RouteNetlink.open()) {
      netlink.setUp(index, up);
    }
  }

  /** Closes the descriptor; an interface that was created here vanishes. */
  @Override
  public void close() {
    descriptor.close();
  }

  private static Descriptor openCloneDevice() throws KernelException {
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

  private static void attach(Descriptor descriptor, String name) throws KernelException {
    NativeMemory request = new NativeMemory(IFREQ);
    request.putString(0, name);
    request.bytes().putShort(IFREQ_FLAGS, (short) (Constants.IFF_TAP | Constants.IFF_NO_PI));
    if (Libc.ioctl(descriptor.fd(), Constants.TUNSETIFF, request.address()) < 0) {
      int errno = Libc.errno();
      if (errno == Errno.EINVAL) {
        throw new KernelException("TUNSETIFF", name, errno, describeOther(name));
      }
      throw KernelException.of("TUNSETIFF", name, errno);
    }
  }

  private static String describeOther(String name) {
    Path flags = Path.of("/sys/class/net", name, "tun_flags");
    try {
      int value = Integer.decode(Files.readString(flags).strip());
      return (value & Constants.IFF_TUN) != 0
          ? name + " is a tun device, not a tap"
          : name + " was made with other flags (multi_queue or vnet_hdr); remove it or make it with"
              + " 'ip tuntap add dev " + name + " mode tap'";
    } catch (IOException | NumberFormatException e) {
      return name + " is in use by an interface that is not a tap device";
    }
  }

  private void configure(TapSettings settings) throws KernelException {
    try (RouteNetlink netlink = RouteNetlink.open()) {
      int master = 0;
      if (settings.bridge().isPresent()) {
        Link bridge = netlink.requireLink(settings.bridge().get());
        if (!bridge.isBridge()) {
          throw new KernelException("use as bridge", bridge.name(), Errno.EINVAL,
              bridge.name() + " is not a bridge");
        }
        master = bridge.index();
      }
      // Without an address of its own the host sends nothing into the tap by itself: no router
      // solicitation, no listener report.
      netlink.setNoLinkLocalAddress(index);
      if (settings.mac().isPresent()) {
        netlink.setMac(index, settings.mac().get());
      }
      if (settings.mtu() != 0) {
        netlink.setMtu(index, settings.mtu());
      }
      if (master != 0) {
        netlink.setMaster(index, master);
      }
      netlink.setUp(index, true);
    }
  }
}
