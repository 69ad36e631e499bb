package org.kagemusha.tap.rawsocket;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * The routed network through raw IPv6 sockets: six to receive, one per protocol that reaches us,
 * all bound to the local address, and one to send whole packets. Where ESP in UDP (RFC 3948) is
 * wanted, a UDP socket receives it, and the raw one sends it as all else. None is connected: a
 * connected one would make the kernel answer other peers with ICMPv6 errors. One thread.
 */
public final class UnderlaySocket implements Underlay, AutoCloseable {

  private static final int[] PROTOCOLS = {
    Protocol.IPV6,
    Protocol.ESP,
    Protocol.DESTINATION_OPTIONS,
    Protocol.ROUTING,
    Protocol.MOBILITY,
    Protocol.ICMPV6
  };
  private static final int SEND_BUFFER = 4 << 20;
  private static final int SOCKADDR_IN6 = 28;
  private static final int ADDRESS = 8;
  private static final int SCOPE = 24;

  private final Descriptor sender;
  private final List<UnderlayReceiver> receivers;
  private final int linkIndex;
  private final NativeMemory slot;
  private final ByteBuffer slotBytes;
  private final NativeMemory destination = new NativeMemory(SOCKADDR_IN6);
  private final ByteBuffer destinationBytes = destination.bytes();
  private final long destinationAddress = destination.address();

  private UnderlaySocket(
      Descriptor sender,
      List<UnderlayReceiver> receivers,
      UnderlaySettings settings,
      NativeMemory slot) {
    this.sender = sender;
    this.slot = slot;
    slotBytes = slot.bytes();
    this.receivers = List.copyOf(receivers);
    linkIndex = settings.linkIndex();
    destinationBytes.putShort(0, (short) Constants.AF_INET6);
  }

  /**
   * Opens all sockets. Needs CAP_NET_RAW.
   *
   * @param counters where packets are counted that the receivers drop
   */
  public static UnderlaySocket open(UnderlaySettings settings, Counters counters)
      throws KernelException {
    Descriptor sender = null;
    List<UnderlayReceiver> receivers = new ArrayList<>();
    try {
      sender =
          Descriptor.openSocket(
              Constants.AF_INET6, Constants.SOCK_RAW, Constants.IPPROTO_RAW, "raw sender");
      sender.setBuffers(0, SEND_BUFFER);
      sender.setOption(
          Constants.IPPROTO_IPV6, Constants.IPV6_MULTICAST_LOOP, 0, "IPV6_MULTICAST_LOOP");
      restrict(sender, settings);
      NativeMemory slot = new NativeMemory(NativeMemory.LARGEST_PACKET);
      for (int protocol : PROTOCOLS) {
        receivers.add(UnderlayReceiver.open(protocol, settings, slot, counters));
      }
      if (settings.encapsulationPort() != UnderlaySettings.NO_ENCAPSULATION) {
        receivers.add(UnderlayReceiver.openEncapsulation(settings, slot, counters));
      }
      return new UnderlaySocket(sender, receivers, settings, slot);
    } catch (KernelException | RuntimeException e) {
      receivers.forEach(UnderlayReceiver::close);
      if (sender != null) {
        sender.close();
      }
      throw e;
    }
  }

  /** The receiving sockets, to be polled for input; they stay the same until closed. */
  public List<UnderlayReceiver> receivers() {
    return receivers;
  }

  /**
   * Binds the receivers to another local address, which need not be assigned yet; what the old one
   * received before can still be read. {@link #encapsulationPort} may differ afterwards.
   */
  public void rebind(Ipv6Address local) throws KernelException {
    for (UnderlayReceiver receiver : receivers) {
      receiver.bind(local);
    }
  }

  /** The UDP port at which ESP in UDP is received, 1 to 65535, or 0 where it is not. */
  public int encapsulationPort() {
    return receivers.get(receivers.size() - 1).encapsulationPort();
  }

  /**
   * Sends a packet to the destination in its header, as the routing table says. The packet is
   * whole: the kernel changes nothing in it.
   */
  @Override
  public Sent send(PacketBuffer packet) {
    int length = packet.length();
    if (length < Ipv6Header.BYTES || length > NativeMemory.LARGEST_PACKET) {
      return Sent.TOO_BIG;
    }
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    boolean onLink = isOnLink(bytes, at);
    if (onLink && linkIndex == 0) {
      return Sent.UNREACHABLE;
    }
    destinationBytes.put(ADDRESS, bytes, at + Ipv6Header.DESTINATION, Ipv6Address.BYTES);
    destinationBytes.putInt(SCOPE, onLink ? linkIndex : 0);
    long source = packet.address() + at;
    if (packet.address() == 0) {
      slotBytes.put(0, bytes, at, length);
      source = slot.address();
    }
    if (Libc.sendto(sender.fd(), source, length, 0, destinationAddress, SOCKADDR_IN6) >= 0) {
      return Sent.OK;
    }
    return switch (Libc.errno()) {
      case Errno.EMSGSIZE -> Sent.TOO_BIG;
      case Errno.EAGAIN, Errno.ENOBUFS, Errno.ENOMEM, Errno.EINTR -> Sent.CONGESTED;
      default -> Sent.UNREACHABLE;
    };
  }

  /** Takes back what the kernel did not. */
  @FunctionalInterface
  public interface Refused {
    /**
     * Called once for each packet that did not go out.
     *
     * @param outer the packet, as it was sent; good until this returns
     */
    void refused(PacketBuffer outer, Sent why);
  }

  /** Whether nothing waits to be flushed. */
  public boolean isEmpty() {
    return true;
  }

  /** Gives the kernel what waits. */
  public void flush(Refused refused) {}

  /** How many packets one system call moves at most. */
  public int batch() {
    return 1;
  }

  /** Whether the kernel segments ESP in UDP for us (UDP_SEGMENT). */
  public boolean segmentsUdp() {
    return false;
  }

  /** Whether the kernel joins ESP in UDP for us (UDP_GRO). */
  public boolean joinsUdp() {
    return false;
  }

  /** Closes all sockets. */
  @Override
  public void close() {
    sender.close();
    receivers.forEach(UnderlayReceiver::close);
  }

  static void restrict(Descriptor socket, UnderlaySettings settings) throws KernelException {
    Optional<String> device = settings.device();
    if (device.isPresent()) {
      NativeMemory name = new NativeMemory(Constants.IFNAMSIZ);
      name.putString(0, device.get());
      socket.setOption(
          Constants.SOL_SOCKET,
          Constants.SO_BINDTODEVICE,
          name,
          device.get().length(),
          "SO_BINDTODEVICE " + device.get());
    }
    if (settings.mark() != 0) {
      socket.setOption(Constants.SOL_SOCKET, Constants.SO_MARK, settings.mark(), "SO_MARK");
    }
  }

  /** Link-local unicast, or multicast: destinations that name no interface by themselves. */
  private static boolean isOnLink(ByteBuffer bytes, int at) {
    int start = bytes.getShort(at + Ipv6Header.DESTINATION) & 0xffff;
    return start >>> 8 == 0xff || start >>> 6 == 0xfe80 >>> 6;
  }
}
