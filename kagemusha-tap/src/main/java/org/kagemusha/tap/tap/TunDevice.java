package org.kagemusha.tap.tap;

import java.nio.ByteBuffer;
import org.kagemusha.core.offload.VirtioNetHeader;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.netlink.RouteNetlink;

/**
 * A tun device by which IPv6 packets, super-packets too, are given to the kernel to be routed: it
 * has done so when {@link #write} returns. It vanishes when it is closed or the process ends.
 * Neither reading nor writing waits. One thread.
 */
public final class TunDevice implements AutoCloseable {

  /** Octets of the longest packet. */
  public static final int LONGEST_PACKET = 65_535;

  private static final int HEADER = VirtioNetHeader.OCTETS;

  private final Descriptor descriptor;
  private final String name;
  private final int index;
  private final NativeMemory slot = new NativeMemory(HEADER + LONGEST_PACKET);
  private final ByteBuffer slotBytes = slot.bytes();

  private TunDevice(Descriptor descriptor, String name) throws KernelException {
    this.descriptor = descriptor;
    this.name = name;
    index = Libc.if_nametoindex(name);
    if (index == 0) {
      throw KernelException.last("if_nametoindex", name);
    }
  }

  /**
   * Makes one, up, without any address, with the largest MTU. Needs CAP_NET_ADMIN.
   *
   * @param pattern its name, with {@code %d} for the first number that is free
   */
  public static TunDevice open(String pattern) throws KernelException {
    Descriptor descriptor = TapAttachment.openCloneDevice();
    try {
      TapAttachment tun = TapAttachment.makeTun(descriptor, pattern);
      // What is read has nothing left to do; what is written may have, without asking.
      TapOffloads.open(descriptor, tun, false);
      TunDevice device = new TunDevice(descriptor, tun.name());
      try (RouteNetlink netlink = RouteNetlink.open()) {
        netlink.setNoLinkLocalAddress(device.index);
        netlink.setMtu(device.index, LONGEST_PACKET);
        netlink.setUp(device.index, true);
      }
      return device;
    } catch (KernelException | RuntimeException e) {
      descriptor.close();
      throw e;
    }
  }

  /** The interface's name. */
  public String name() {
    return name;
  }

  /** The interface's index. */
  public int index() {
    return index;
  }

  /**
   * Gives the kernel an IPv6 packet, with what is left to do to it. Up to 10 octets of its headroom
   * are overwritten.
   *
   * @return false where the kernel did not take it: it lacks what is left to do, or memory, or the
   *     interface is down or gone
   */
  public boolean write(PacketBuffer packet) {
    int length = packet.length();
    long source;
    if (packet.address() != 0 && packet.offset() >= HEADER) {
      VirtioNetHeader.writeIpv6(packet, packet.bytes(), packet.offset() - HEADER);
      source = packet.address() + packet.offset() - HEADER;
    } else if (length <= LONGEST_PACKET) {
      VirtioNetHeader.writeIpv6(packet, slotBytes, 0);
      slotBytes.put(HEADER, packet.bytes(), packet.offset(), length);
      source = slot.address();
    } else {
      return false;
    }
    return Libc.write(descriptor.fd(), source, HEADER + length) == HEADER + length;
  }

  /**
   * Takes a packet that the kernel sends by the interface, finished.
   *
   * @return null where there is none
   */
  public byte[] read() {
    while (true) {
      long got = Libc.read(descriptor.fd(), slot.address(), HEADER + LONGEST_PACKET);
      if (got <= 0) {
        return null;
      }
      int length = (int) got - HEADER;
      if (length >= Ipv6Header.BYTES && (slotBytes.get(HEADER) & 0xf0) == 0x60) {
        byte[] packet = new byte[length];
        slotBytes.get(HEADER, packet);
        return packet;
      }
    }
  }

  @Override
  public void close() {
    descriptor.close();
  }
}
