package org.kagemusha.tap.rawsocket;

import java.nio.ByteBuffer;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.ipsec.engine.CipherTeam;
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
 * put in front again, with the addresses, traffic class (ECN included) and hop limit that the
 * packet had, flow label 0, and the protocol as its Next Header.
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
 * <p>Where a local or offloading sender left inner checksums to the hardware, {@link
 * ReceiveOffload} notes it in the buffer. Where receive offload (GRO) joined many inner TCP
 * segments to one packet of up to 64 KiB, that is handed over whole, as a super-packet. Joined UDP
 * datagrams (UDP_GRO) come one by one again.
 *
 * <p>Packets are read in batches, into memory of the receiver's own in which they are handed over.
 * {@link #pending} says that more can be had without the descriptor becoming readable.
 */
public final class UnderlayReceiver implements AutoCloseable {

  private static final int RECEIVE_BUFFER = 4 << 20;
  private static final int DROP_AT_MOST = 64;
  /** Signalling comes in ones and twos. */
  private static final int CONTROL_BATCH = 4;
  private static final int FIRST_ICMP_ERROR = 1;
  private static final int LAST_ICMP_ERROR = 4;
  private static final int ECHO_REPLY = 129;
  private static final int HOME_ADDRESS_OPTION = 0xc9;
  private static final int PAD1 = 0;
  private static final int TYPE_2 = 2;

  private final int protocol;
  private final UnderlaySettings settings;
  private final EncapsulationSocket encapsulation;
  private final int headers;
  private final Counters counters;
  private final IncomingBatch batch;
  private final ReceiveOffload offload;
  private final EarlyOpening opening;
  private final ByteBuffer kept = ByteBuffer.allocate(PacketBuffer.TAILROOM);
  private Descriptor socket;
  private int next;
  private boolean drained;
  private int kernelDrops;
  private int port;
  private PacketBuffer joined;
  private int position;
  private int end;
  private int segment;
  private int keptOctets;
  private int joinedMessage;
  private int joinedIndex;
  private boolean openedEarly;

  private UnderlayReceiver(
      int protocol,
      EncapsulationSocket encapsulation,
      UnderlaySettings settings,
      Counters counters,
      EarlyOpening opening)
      throws KernelException {
    this.opening = protocol == Protocol.ESP || protocol == Protocol.UDP ? opening : null;
    this.protocol = protocol;
    this.settings = settings;
    this.encapsulation = encapsulation;
    headers =
        encapsulation == null
            ? Ipv6Header.BYTES
            : Ipv6Header.BYTES + UdpEncapsulation.HEADER_OCTETS;
    this.counters = counters;
    offload =
        protocol == Protocol.IPV6
            ? new ReceiveOffload(settings.segmentOctets(), settings.ordinaryOctets())
            : null;
    boolean isData =
        protocol == Protocol.IPV6 || protocol == Protocol.ESP || protocol == Protocol.UDP;
    batch =
        new IncomingBatch(
            isData ? settings.batch() : Math.min(settings.batch(), CONTROL_BATCH), headers);
  }

  /**
   * For one protocol; {@link #open} opens its raw socket.
   *
   * @param opening opens ESP ahead of time; null: nobody does
   */
  static UnderlayReceiver of(
      int protocol, UnderlaySettings settings, Counters counters, EarlyOpening opening)
      throws KernelException {
    return new UnderlayReceiver(protocol, null, settings, counters, opening);
  }

  /** The UDP socket, which is closed with the receiver. */
  static UnderlayReceiver openEncapsulation(
      EncapsulationSocket socket, UnderlaySettings settings, Counters counters,
      EarlyOpening opening)
      throws KernelException {
    try {
      return new UnderlayReceiver(Protocol.UDP, socket, settings, counters, opening);
    } catch (KernelException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /** Sets what every receiving socket needs before it is bound. */
  static void prepare(Descriptor socket, UnderlaySettings settings) throws KernelException {
    int level = Constants.IPPROTO_IPV6;
    socket.setOption(level, Constants.IPV6_FREEBIND, 1, "IPV6_FREEBIND");
    socket.setOption(level, Constants.IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
    socket.setOption(level, Constants.IPV6_RECVTCLASS, 1, "IPV6_RECVTCLASS");
    socket.setOption(level, Constants.IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT");
    socket.setOption(Constants.SOL_SOCKET, Constants.SO_RXQ_OVFL, 1, "SO_RXQ_OVFL");
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

  /** Says whether {@link #receive} has something that no poll would tell of. */
  public boolean pending() {
    return joined != null || next < batch.received();
  }

  /**
   * Gives the next packet, its IPv6 header first, with head and tail room. The buffer is the
   * receiver's: the caller may change it and what is around the packet, up to the next call.
   *
   * <p>After a batch that was not full there is one null without a call into the kernel: a lone
   * packet costs one call. Poll the descriptor then; it tells of what has come since.
   *
   * @return the packet, or null for nothing now, as while the socket is closed
   * @throws KernelException for an error that does not pass
   */
  public PacketBuffer receive() throws KernelException {
    if (joined != null) {
      return nextJoined();
    }
    for (int dropped = 0; dropped < DROP_AT_MOST; dropped++) {
      if (next == batch.received() && !fetch()) {
        return null;
      }
      PacketBuffer packet = take(next++);
      if (packet != null) {
        return packet;
      }
    }
    return null;
  }

  @Override
  public void close() {
    shut();
    if (encapsulation != null) {
      encapsulation.close();
    }
    batch.release();
  }

  /** Opens the raw socket, which is closed. */
  void open(Ipv6Address local) throws KernelException {
    Descriptor opened =
        Descriptor.openSocket(
            Constants.AF_INET6, Constants.SOCK_RAW, protocol, "raw socket " + protocol);
    try {
      if (protocol == Protocol.ICMPV6) {
        passIcmpMessages(opened);
      }
      prepare(opened, settings);
      opened.bind(local, 0);
    } catch (KernelException | RuntimeException e) {
      opened.close();
      throw e;
    }
    socket = opened;
    kernelDrops = 0;
    // What arrived between socket() and bind() was for any address.
    discard();
  }

  /** Closes the raw socket, if it is open; what it had received is lost. */
  void shut() {
    if (socket != null) {
      socket.close();
      socket = null;
    }
    joined = null;
    next = 0;
    drained = false;
    batch.filled(0);
  }

  /** Says whether there is a socket. */
  boolean isOpen() {
    return socket != null || encapsulation != null;
  }

  /** Binds the socket, if it is open, to another address. */
  void bind(Ipv6Address local) throws KernelException {
    if (encapsulation != null) {
      encapsulation.bind(local);
    } else if (socket != null) {
      socket.bind(local, 0);
    }
  }

  /** Whether the kernel joins datagrams on this socket. */
  boolean joins() {
    return encapsulation != null && encapsulation.joins();
  }

  int encapsulationPort() {
    return encapsulation == null ? 0 : encapsulation.port();
  }

  private void discard() {
    while (Libc.recv(socket.fd(), batch.scratch(), 1, 0) >= 0) {
      continue;
    }
  }

  private boolean fetch() throws KernelException {
    if (drained || !isOpen()) {
      drained = false;
      return false;
    }
    next = 0;
    while (true) {
      Descriptor source = encapsulation == null ? socket : encapsulation.readable();
      long vector = batch.prepare();
      int got =
          Libc.recvmmsg(source.fd(), vector, batch.length(), Constants.MSG_DONTWAIT, 0);
      if (got > 0) {
        batch.filled(got);
        port = encapsulation == null ? 0 : encapsulation.readablePort();
        drained =
            got < batch.length() && (encapsulation == null || !encapsulation.hasPrevious());
        if (opening != null) {
          openEarly(got);
        }
        return true;
      }
      int errno = Libc.errno();
      if (errno == Errno.EAGAIN && encapsulation != null && encapsulation.advance()) {
        continue;
      }
      // Memory that is short now may not be at the next poll.
      if (errno == Errno.EAGAIN || errno == Errno.ENOMEM || errno == Errno.ENOBUFS) {
        return false;
      }
      if (errno != Errno.EINTR) {
        throw KernelException.of("recvmmsg", source.name(), errno);
      }
    }
  }

  /** Looks at all that came, before the first of it is handed over. */
  private void openEarly(int messages) {
    openedEarly = encapsulation != null || messages >= CipherTeam.FEWEST_IN_ONE_PASS;
    if (!openedEarly) {
      return;
    }
    opening.begin();
    int drops = batch.kernelDrops();
    for (int i = 0; i < messages; i++) {
      if (batch.parse(i)) {
        openEarly(batch.packet(i).finished(), batch.octets(i), i);
      }
    }
    batch.kernelDrops(drops);
    opening.run();
  }

  private void openEarly(PacketBuffer packet, int octets, int message) {
    int esp = PacketBuffer.HEADROOM + headers;
    if (encapsulation == null) {
      place(packet, PacketBuffer.HEADROOM, octets);
      opening.add(packet, esp);
    } else if (batch.segment() == 0 || octets <= batch.segment()) {
      opening.add(packet.set(esp, octets), esp);
    } else {
      for (int from = 0, i = 0; from < octets; from += batch.segment(), i++) {
        PacketBuffer view = batch.view(message, i);
        view.finished().set(esp + from, Math.min(batch.segment(), octets - from));
        opening.add(view, esp + from);
      }
    }
  }

  private PacketBuffer take(int message) {
    boolean whole = batch.parse(message);
    countKernelDrops();
    if (!whole) {
      counters.drop(DropReason.RECEIVE_TRUNCATED);
      return null;
    }
    PacketBuffer packet = batch.packet(message);
    if (!openedEarly) {
      packet.finished();
    }
    int octets = batch.octets(message);
    if (batch.segment() > 0 && octets > batch.segment()) {
      joined = packet;
      position = PacketBuffer.HEADROOM + headers;
      end = position + octets;
      segment = batch.segment();
      keptOctets = 0;
      joinedMessage = message;
      joinedIndex = 0;
      return nextJoined();
    }
    place(packet, PacketBuffer.HEADROOM, octets);
    if (!isDeliverable(packet.bytes(), packet.offset(), packet.length())) {
      return null;
    }
    if (offload != null && offload.inspect(packet) == ReceiveOffload.Kind.INDIVISIBLE) {
      counters.drop(DropReason.RECEIVE_UNFINISHED);
      return null;
    }
    return packet;
  }

  /**
   * The next of joined datagrams, in place. Its headers lie on what was handed over before; what
   * follows it is kept while the caller may write to the tail room.
   */
  private PacketBuffer nextJoined() {
    PacketBuffer packet = joined.finished();
    if (openedEarly) {
      packet.jobOf(batch.view(joinedMessage, joinedIndex++));
    }
    ByteBuffer bytes = packet.bytes();
    bytes.put(position, kept, 0, keptOctets);
    int count = Math.min(segment, end - position);
    place(packet, position - headers, count);
    position += count;
    keptOctets = Math.min(PacketBuffer.TAILROOM, end - position);
    kept.put(0, bytes, position, keptOctets);
    if (position == end) {
      joined = null;
    }
    return packet;
  }

  private void place(PacketBuffer packet, int at, int octets) {
    packet.set(at, headers + octets);
    int payload = packet.length() - Ipv6Header.BYTES;
    batch.writeHeader(packet.bytes(), at, payload, protocol);
    if (encapsulation != null) {
      int udp = at + Ipv6Header.BYTES;
      packet.bytes().putLong(udp, (long) port << 32 | (long) payload << 16);
      batch.writePort(packet.bytes(), udp);
    }
  }

  private void countKernelDrops() {
    int all = batch.kernelDrops();
    // Another socket behind the same receiver begins at zero.
    int since = all - kernelDrops < 0 ? all : all - kernelDrops;
    kernelDrops = all;
    for (int i = 0; i < since; i++) {
      counters.drop(DropReason.RECEIVE_OVERFLOW);
    }
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
