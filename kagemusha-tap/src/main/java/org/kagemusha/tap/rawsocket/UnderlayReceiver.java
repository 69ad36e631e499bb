package org.kagemusha.tap.rawsocket;

import java.nio.ByteBuffer;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
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
 * One raw IPv6 socket (or the UDP socket): what the kernel received and reassembled for one
 * protocol and one local address. The kernel hands over what follows the IPv6 header; the header is
 * put in front again, with the addresses, traffic class (ECN included) and hop limit that the packet
 * had, flow label 0, and the protocol as its Next Header.
 *
 * <p>The kernel walks the chain of extension headers and gives each listener its part, so a packet
 * whose Destination Options or Routing header it understands would come twice, once to this
 * protocol's socket and once to the next one's. Destination Options are therefore delivered only
 * with a Home Address option, and Routing headers only of type 2 with segments left: the two where
 * the kernel stops. It verifies the checksum of Mobility Headers (135) and ICMPv6 (58) that stand
 * alone, and drops what fails; behind another header that is left to the engine.
 *
 * <p>One receiver may be a UDP socket, for ESP in UDP (RFC 3948): there the UDP header is put in
 * front again as well, with the checksum zero, since the kernel has verified it. The kernel takes
 * other headers off before.
 *
 * <p>Where a local or offloading sender left inner checksums to the hardware, or receive offload
 * (GRO) joined many inner TCP segments to one packet of up to 64 KiB, {@link SuperPacket} finishes
 * the checksums and takes the segments apart. After such a packet {@link #pending} says that more
 * can be had without the descriptor becoming readable.
 */
public final class UnderlayReceiver implements AutoCloseable {

  /** Nothing to read now. */
  public static final int WOULD_BLOCK = 0;

  private static final int RECEIVE_BUFFER = 4 << 20;
  private static final int DRAIN_AT_MOST = 64;
  private static final int FIRST_ICMP_ERROR = 1;
  private static final int LAST_ICMP_ERROR = 4;
  private static final int ECHO_REPLY = 129;
  private static final int HOME_ADDRESS_OPTION = 0xc9;
  private static final int PAD1 = 0;
  private static final int TYPE_2 = 2;

  private final int protocol;
  private final Descriptor socket;
  private final EncapsulationSocket encapsulation;
  private final int headers;
  private final Counters counters;
  private final MessageHeader message = new MessageHeader();
  private final NativeMemory slot;
  private final SuperPacket superPacket;
  private PacketBuffer own;

  private UnderlayReceiver(
      int protocol,
      Descriptor socket,
      EncapsulationSocket encapsulation,
      UnderlaySettings settings,
      NativeMemory slot,
      Counters counters) {
    this.protocol = protocol;
    this.socket = socket;
    this.encapsulation = encapsulation;
    headers =
        encapsulation == null
            ? Ipv6Header.BYTES
            : Ipv6Header.BYTES + UdpEncapsulation.HEADER_OCTETS;
    this.slot = slot;
    this.counters = counters;
    superPacket =
        protocol == Protocol.IPV6 ? new SuperPacket(settings.segmentOctets()) : null;
  }

  /**
   * @param slot where packets for buffers without an address are received first, of {@link
   *     NativeMemory#LARGEST_PACKET} octets; may be shared on one thread
   */
  static UnderlayReceiver open(
      int protocol, UnderlaySettings settings, NativeMemory slot, Counters counters)
      throws KernelException {
    Descriptor socket =
        Descriptor.openSocket(
            Constants.AF_INET6, Constants.SOCK_RAW, protocol, "raw socket " + protocol);
    try {
      if (protocol == Protocol.ICMPV6) {
        passIcmpMessages(socket);
      }
      prepare(socket, settings);
      UnderlayReceiver receiver =
          new UnderlayReceiver(protocol, socket, null, settings, slot, counters);
      receiver.bind(settings.local());
      // What arrived between socket() and bind() was for any address.
      receiver.discard();
      return receiver;
    } catch (KernelException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /** The UDP socket; the slot as for {@link #open}. */
  static UnderlayReceiver openEncapsulation(
      UnderlaySettings settings, NativeMemory slot, Counters counters) throws KernelException {
    EncapsulationSocket socket = EncapsulationSocket.open(settings);
    return new UnderlayReceiver(Protocol.UDP, null, socket, settings, slot, counters);
  }

  /** Sets what every receiving socket needs before it is bound. */
  static void prepare(Descriptor socket, UnderlaySettings settings) throws KernelException {
    int level = Constants.IPPROTO_IPV6;
    socket.setOption(level, Constants.IPV6_FREEBIND, 1, "IPV6_FREEBIND");
    socket.setOption(level, Constants.IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
    socket.setOption(level, Constants.IPV6_RECVTCLASS, 1, "IPV6_RECVTCLASS");
    socket.setOption(level, Constants.IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT");
    socket.setBuffers(RECEIVE_BUFFER, 0);
    UnderlaySocket.restrict(socket, settings);
  }

  /** The descriptor to poll for input. */
  public int fd() {
    return encapsulation == null ? socket.fd() : encapsulation.fd();
  }

  /** The protocol number, 17, 41, 43, 50, 58, 60 or 135. */
  public int protocol() {
    return protocol;
  }

  /** Says whether the next {@link #receive} has a packet that no poll would tell of. */
  public boolean pending() {
    return superPacket != null && superPacket.pending();
  }

  /**
   * Receives a packet to the buffer's {@link PacketBuffer#HEADROOM}, its IPv6 header first. Without
   * copying where the buffer's address is known ({@link NativeMemory#packetBuffer}) and it has room
   * for {@link NativeMemory#LARGEST_PACKET}; longer packets than fit are dropped and counted.
   *
   * @return the packet's length, or {@link #WOULD_BLOCK}
   * @throws KernelException for an error that does not pass
   */
  public int receive(PacketBuffer packet) throws KernelException {
    if (pending()) {
      return superPacket.next(packet);
    }
    for (int tried = 0; tried < DRAIN_AT_MOST; tried++) {
      int received = receiveAny(packet);
      if (received <= 0) {
        return WOULD_BLOCK;
      }
      if (!isDeliverable(packet.bytes(), packet.offset(), received)) {
        continue;
      }
      if (superPacket == null) {
        return received;
      }
      switch (superPacket.inspect(packet)) {
        case COMPLETE:
          return received;
        case SUPER:
          return superPacket.begin(packet);
        default:
          counters.drop(DropReason.RECEIVE_UNFINISHED);
      }
    }
    return WOULD_BLOCK;
  }

  /**
   * Receives a packet to memory of this receiver's own.
   *
   * @return the packet, good until the next call, or null for nothing now
   * @throws KernelException for an error that does not pass
   */
  public PacketBuffer receive() throws KernelException {
    if (own == null) {
      own = NativeMemory.packetBuffer(NativeMemory.LARGEST_PACKET);
    }
    return receive(own.finished()) == WOULD_BLOCK ? null : own;
  }

  @Override
  public void close() {
    if (encapsulation == null) {
      socket.close();
    } else {
      encapsulation.close();
    }
  }

  void bind(Ipv6Address local) throws KernelException {
    if (encapsulation == null) {
      socket.bind(local, 0);
    } else {
      encapsulation.bind(local);
    }
  }

  int encapsulationPort() {
    return encapsulation == null ? 0 : encapsulation.port();
  }

  private void discard() {
    while (Libc.recv(socket.fd(), slot.address(), 1, 0) >= 0) {
      continue;
    }
  }

  private int receiveAny(PacketBuffer packet) throws KernelException {
    ByteBuffer bytes = packet.bytes();
    int start = PacketBuffer.HEADROOM + headers;
    int room =
        Math.min(
            0xffff - headers + Ipv6Header.BYTES,
            bytes.capacity() - start - PacketBuffer.TAILROOM);
    boolean direct = packet.address() != 0;
    long target = direct ? packet.address() + start : slot.address();
    while (true) {
      Descriptor source = encapsulation == null ? socket : encapsulation.readable();
      long got = Libc.recvmsg(source.fd(), message.prepare(target, room), 0);
      if (got < 0) {
        int errno = Libc.errno();
        if (errno == Errno.EAGAIN && encapsulation != null && encapsulation.advance()) {
          continue;
        }
        // Memory that is short now may not be at the next poll.
        if (errno == Errno.EAGAIN || errno == Errno.ENOMEM || errno == Errno.ENOBUFS) {
          return WOULD_BLOCK;
        }
        if (errno != Errno.EINTR) {
          throw KernelException.of("recvmsg", source.name(), errno);
        }
      } else if (message.isTruncated() || !message.parse()) {
        counters.drop(DropReason.RECEIVE_TRUNCATED);
      } else {
        int length = (int) got;
        if (!direct) {
          bytes.put(start, slot.bytes(), 0, length);
        }
        packet.set(PacketBuffer.HEADROOM, headers + length);
        int payload = packet.length() - Ipv6Header.BYTES;
        message.writeHeader(bytes, PacketBuffer.HEADROOM, payload, protocol);
        if (encapsulation != null) {
          writeUdpHeader(bytes, PacketBuffer.HEADROOM + Ipv6Header.BYTES, payload);
        }
        return packet.length();
      }
    }
  }

  private void writeUdpHeader(ByteBuffer bytes, int at, int length) {
    bytes.putLong(at, (long) encapsulation.readablePort() << 32 | (long) length << 16);
    message.writePort(bytes, at);
  }

  private boolean isDeliverable(ByteBuffer bytes, int at, int length) {
    return switch (protocol) {
      case Protocol.ROUTING ->
          length >= Ipv6Header.BYTES + 4
              && bytes.get(at + Ipv6Header.BYTES + 2) == TYPE_2
              && bytes.get(at + Ipv6Header.BYTES + 3) != 0;
      case Protocol.DESTINATION_OPTIONS ->
          hasHomeAddress(bytes, at + Ipv6Header.BYTES, at + length);
      default -> true;
    };
  }

  /** Looks for the Home Address option (RFC 6275 §6.3) in Destination Options (RFC 8200 §4.2). */
  static boolean hasHomeAddress(ByteBuffer bytes, int at, int packetEnd) {
    if (packetEnd - at < 8) {
      return false;
    }
    int end = Math.min(packetEnd, at + 8 + 8 * (bytes.get(at + 1) & 0xff));
    int option = at + 2;
    while (option < end) {
      int type = bytes.get(option) & 0xff;
      if (type == HOME_ADDRESS_OPTION) {
        return true;
      }
      if (type == PAD1) {
        option++;
      } else if (option + 1 < end) {
        option += 2 + (bytes.get(option + 1) & 0xff);
      } else {
        return false;
      }
    }
    return false;
  }

  private static void passIcmpMessages(Descriptor socket) throws KernelException {
    NativeMemory filter = new NativeMemory(32);
    for (int word = 0; word < 8; word++) {
      filter.bytes().putInt(4 * word, -1);
    }
    int pass = 0;
    for (int type = FIRST_ICMP_ERROR; type <= LAST_ICMP_ERROR; type++) {
      pass |= 1 << type;
    }
    filter.bytes().putInt(0, ~pass);
    // Answers to probes of the path MTU (RFC 8899); RFC 3542 §3.2: a set bit blocks.
    filter.bytes().putInt(4 * (ECHO_REPLY >> 5), ~(1 << (ECHO_REPLY & 31)));
    socket.setOption(
        Constants.IPPROTO_ICMPV6, Constants.ICMP6_FILTER, filter, 32, "ICMP6_FILTER");
  }
}
