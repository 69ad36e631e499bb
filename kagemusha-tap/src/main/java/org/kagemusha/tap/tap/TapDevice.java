package org.kagemusha.tap.tap;

import java.nio.ByteBuffer;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.offload.VirtioNetHeader;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.FilterProgram;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.netlink.Link;
import org.kagemusha.tap.netlink.RouteNetlink;
import org.kagemusha.tap.port.FramePort;

/**
 * A tap device, plain or with offloads. Plain, what is read is a whole Ethernet frame with finished
 * checksums, at most as long as its MTU allows, and what is written must be one. With offloads a
 * frame may be a super-packet or have an unfinished checksum, on either way; its buffer says so
 * (see {@link PacketBuffer#isUnfinished}), and neither has to do with the MTU. Reading and writing
 * never wait. One thread.
 */
public final class TapDevice implements FramePort {

  /**
   * Octets of the longest frame, super-packets included: the kernel passes at most 65,535 octets,
   * and a VLAN tag that it kept apart.
   */
  public static final int LARGEST_FRAME = 65_550;

  /** The interface is down: it takes and gives no frame until it is up again. */
  public static final int LINK_DOWN = -1;

  /** Frames that one call passes over before it gives the others their turn. */
  private static final int MOST_PASSED_OVER = 64;

  private final Descriptor descriptor;
  private final Counters counters;
  private final String name;
  private final int index;
  private final TapOffloads offloads;
  private final int header;
  private final boolean adopted;
  private boolean closed;
  private boolean filtered;
  private final NativeMemory slot =
      new NativeMemory(TapOffloads.LONG_HEADER + LARGEST_FRAME + 1);
  private final ByteBuffer slotBytes = slot.bytes();

  private TapDevice(
      Descriptor descriptor, String name, TapOffloads offloads, boolean adopted,
      Counters counters)
      throws KernelException {
    this.descriptor = descriptor;
    this.name = name;
    this.offloads = offloads;
    this.adopted = adopted;
    this.counters = counters;
    header = offloads.headerOctets();
    index = Libc.if_nametoindex(name);
    if (index == 0) {
      throw KernelException.last("if_nametoindex", name);
    }
  }

  /**
   * Creates the tap device, or takes an existing persistent one, and makes it as the settings say:
   * MAC address, MTU, no IPv6 address of its own, port of the bridge, up. A device created here
   * vanishes when it is closed or the process ends. Where offloads are wanted and not to be had, it
   * is a plain one; {@link #offloadText} has the reason.
   *
   * @param counters where frames are counted that {@link #send} could not write
   * @throws KernelException EBUSY where another process holds it, EINVAL where the name is that of
   *     another kind of interface, ENODEV where there is no such bridge
   */
  public static TapDevice open(TapSettings settings, Counters counters) throws KernelException {
    Descriptor descriptor = TapAttachment.openCloneDevice();
    try {
      boolean wanted = settings.offloads();
      TapAttachment tap = TapAttachment.attach(descriptor, settings.name(), wanted);
      TapOffloads offloads = TapOffloads.open(descriptor, tap, wanted);
      TapDevice device = new TapDevice(descriptor, tap.name(), offloads, false, counters);
      device.configure(settings);
      return device;
    } catch (KernelException | RuntimeException e) {
      descriptor.close();
      throw e;
    }
  }

  /**
   * Takes an open descriptor of a tap device that another process made, attached and handed over.
   * Nothing about the interface is changed but its offloads. Where this fails the descriptor stays
   * open.
   *
   * @param offloads whether offloads are wanted; it has none without a virtio header before each
   *     frame ({@code IFF_VNET_HDR})
   * @throws KernelException EINVAL where it is not a tap, has packet information before each frame,
   *     or a virtio header that is neither 10 nor 12 octets long
   */
  public static TapDevice adopt(int fd, boolean offloads, Counters counters)
      throws KernelException {
    Descriptor descriptor = Descriptor.adopt(fd, "descriptor " + fd);
    TapAttachment tap = TapAttachment.of(descriptor);
    if (!tap.isTap()) {
      throw new KernelException("adopt", descriptor.name(), Errno.EINVAL,
          "it must be a tap opened with IFF_TAP | IFF_NO_PI");
    }
    return new TapDevice(
        descriptor, tap.name(), TapOffloads.adopt(descriptor, tap, offloads), true, counters);
  }

  /** The interface's name. */
  @Override
  public String name() {
    return name;
  }

  /** The interface's index. */
  public int index() {
    return index;
  }

  /** The descriptor to poll for input. */
  @Override
  public int fd() {
    return descriptor.fd();
  }

  /**
   * Whether super-packets of TCP and unfinished checksums are read, and may be written. Where it is
   * false, checksums must be finished and super-packets taken apart before they are written.
   */
  @Override
  public boolean offloads() {
    return offloads.isOn();
  }

  /** Whether the same holds for super-packets of UDP, never without {@link #offloads}. */
  @Override
  public boolean segmentsUdp() {
    return offloads.hasDatagrams();
  }

  /**
   * The offloads for the log: {@code checksum+tcp+udp}, {@code checksum+tcp} or {@code none}, and
   * the reason in parentheses where more was wanted.
   */
  @Override
  public String offloadText() {
    return offloads.text();
  }

  /**
   * Reads a frame to the buffer's {@link PacketBuffer#HEADROOM}, with what is left to do to it.
   * Give the buffer room for {@link #LARGEST_FRAME} with offloads, else for the MTU and 18 octets.
   * Without copying where the buffer's address is known ({@link NativeMemory#packetBuffer}).
   *
   * <p>A frame longer than the room ({@link DropReason#RECEIVE_TRUNCATED}) and one that leaves to
   * do what cannot be done to it ({@link DropReason#OFFLOAD_INVALID}: a guest's own virtio header
   * comes through to here) are counted and passed over.
   *
   * @return the frame's length, or {@link #WOULD_BLOCK}, {@link #LINK_DOWN}, {@link #REMOVED}
   * @throws KernelException for an error that does not pass
   */
  @Override
  public int read(PacketBuffer frame) throws KernelException {
    int capacity = frame.bytes().capacity();
    int room = Math.min(
        LARGEST_FRAME, capacity - PacketBuffer.HEADROOM - PacketBuffer.TAILROOM);
    int start = PacketBuffer.HEADROOM - header;
    long target = frame.address() != 0 ? frame.address() + start : slot.address();
    for (int passedOver = 0; passedOver < MOST_PASSED_OVER; passedOver++) {
      // The octet too many tells a frame that was cut off.
      long got = Libc.read(descriptor.fd(), target, header + room + 1);
      if (got > header) {
        if (take(frame, (int) got - header, room)) {
          return frame.length();
        }
        continue;
      }
      int errno = got >= 0 ? Errno.EAGAIN : Libc.errno();
      switch (errno) {
        case Errno.EAGAIN:
          return WOULD_BLOCK;
        case Errno.EIO:
          return LINK_DOWN;
        case Errno.EBADFD:
          return REMOVED;
        case Errno.EINTR:
          break;
        case Errno.EINVAL:
          if (header == 0) {
            throw KernelException.of("read", name, errno);
          }
          // The frame needs an offload that the header has no name for; the kernel dropped it.
          counters.drop(DropReason.OFFLOAD_INVALID);
          break;
        default:
          throw KernelException.of("read", name, errno);
      }
    }
    return WOULD_BLOCK;
  }

  private boolean take(PacketBuffer frame, int length, int room) {
    if (length > room) {
      counters.drop(DropReason.RECEIVE_TRUNCATED);
      return false;
    }
    boolean direct = frame.address() != 0;
    if (!direct) {
      frame.bytes().put(PacketBuffer.HEADROOM, slotBytes, header, length);
    }
    frame.set(PacketBuffer.HEADROOM, length);
    if (header == 0) {
      frame.finished();
      return true;
    }
    boolean valid = direct
        ? VirtioNetHeader.read(frame.bytes(), PacketBuffer.HEADROOM - header, frame)
        : VirtioNetHeader.read(slotBytes, 0, frame);
    if (!valid) {
      counters.drop(DropReason.OFFLOAD_INVALID);
    }
    return valid;
  }

  /**
   * Writes a frame, with what is left to do to it. Up to 12 octets of its headroom are overwritten.
   *
   * @return false where the kernel did not take it: the interface is down or gone, its queue is
   *     full, the frame is shorter than an Ethernet header, or leaves to do what this tap does not
   *     take ({@link #offloads}, {@link #segmentsUdp}) or what cannot be done to it
   */
  public boolean write(PacketBuffer frame) {
    int length = frame.length();
    if (header == 0 && frame.isUnfinished()) {
      return false;
    }
    long source;
    if (frame.address() != 0 && frame.offset() >= header) {
      putHeader(frame, frame.bytes(), frame.offset() - header);
      source = frame.address() + frame.offset() - header;
    } else if (length <= LARGEST_FRAME) {
      putHeader(frame, slotBytes, 0);
      slotBytes.put(header, frame.bytes(), frame.offset(), length);
      source = slot.address();
    } else {
      return false;
    }
    return Libc.write(descriptor.fd(), source, header + length) == header + length;
  }

  private void putHeader(PacketBuffer frame, ByteBuffer target, int at) {
    if (header == 0) {
      return;
    }
    VirtioNetHeader.write(frame, target, at);
    if (header == TapOffloads.LONG_HEADER) {
      target.putShort(at + VirtioNetHeader.OCTETS, (short) 0);
    }
  }

  /** Writes a frame, or counts it as {@link DropReason#SEND_FAILED}. */
  @Override
  public void send(PacketBuffer frame) {
    if (!write(frame)) {
      counters.drop(DropReason.SEND_FAILED);
    }
  }

  /**
   * Has the kernel pass only what a guest sends, what goes to a group, and what goes to a station;
   * other frames, which a bridge floods, are gone without waking anybody.
   */
  public void only(MacAddress guest, MacAddress station) throws KernelException {
    StationFilter.program(guest, station).attachToTap(descriptor);
    filtered = true;
  }

  /** Sets the interface up or down. */
  public void setUp(boolean up) throws KernelException {
    try (RouteNetlink netlink = RouteNetlink.open()) {
      netlink.setUp(index, up);
    }
  }

  /**
   * Closes the descriptor; an interface that was created here vanishes, and a persistent one is
   * left without offloads to whoever takes it next.
   */
  @Override
  public void close() {
    if (offloads.isOn() && !adopted && !closed) {
      Libc.ioctl(descriptor.fd(), Constants.TUNSETOFFLOAD, 0);
    }
    if (filtered && !closed) {
      FilterProgram.detachFromTap(descriptor);
    }
    closed = true;
    descriptor.close();
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
