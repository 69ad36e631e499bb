package org.kagemusha.tap.rawsocket;

import java.nio.ByteBuffer;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.ipsec.engine.CipherTeam;
import org.kagemusha.core.ipsec.engine.DeferredPasses;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay.Sent;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends packets in batches, in the order in which they were given. ESP in UDP leaves by the UDP
 * socket, what has a next hop of {@link NextHops} by the packet socket, all else by a raw one.
 *
 * <p>Packets wait in slots. After one was refused and not yet told of, and where it does not fit a
 * slot, a packet is sent at once, behind those that wait, and the answer is the kernel's own.
 */
final class UnderlaySender implements AutoCloseable {

  static final int SEND_BUFFER = 4 << 20;

  private static final Logger log = LoggerFactory.getLogger(UnderlaySender.class);

  private final Descriptor raw;
  private final DirectSocket direct;
  private final EncapsulationSocket encapsulation;
  private final int linkIndex;
  private final int size;
  private final int largest;
  private final PacketBuffer[] slots;
  private final PacketBuffer[] refused;
  private final Sent[] reasons;
  private final OutgoingBatch batch;
  private final OutgoingBatch single;
  private final Counters counters;
  private final CipherTeam team;
  private final CipherTeam.Task sealing;
  private PacketBuffer large;
  private int refusals;
  private boolean deferred;
  private boolean segments;

  private UnderlaySender(
      Descriptor raw,
      DirectSocket direct,
      EncapsulationSocket encapsulation,
      UnderlaySettings settings,
      Counters counters,
      CipherTeam team) {
    this.counters = counters;
    this.team = team;
    this.raw = raw;
    this.direct = direct;
    this.encapsulation = encapsulation;
    linkIndex = settings.linkIndex();
    size = settings.batch();
    largest = settings.largestPacket();
    slots = new PacketBuffer[size];
    refused = new PacketBuffer[size];
    sealing = new DeferredPasses(slots);
    reasons = new Sent[size];
    batch = new OutgoingBatch(size, linkIndex);
    single = new OutgoingBatch(1, linkIndex);
    segments = encapsulation != null && size > 1;
  }

  /**
   * @param encapsulation the UDP socket, or null where there is none
   * @param hops which packets leave past the routing table, or null for none
   * @param counters where packets are counted that could not be sealed
   * @param team seals what is deferred, if it takes that
   */
  static UnderlaySender open(
      UnderlaySettings settings,
      EncapsulationSocket encapsulation,
      NextHops hops,
      Counters counters,
      CipherTeam team)
      throws KernelException {
    Descriptor raw =
        Descriptor.openSocket(
            Constants.AF_INET6, Constants.SOCK_RAW, Constants.IPPROTO_RAW, "raw sender");
    try {
      raw.setBuffers(0, SEND_BUFFER);
      raw.setOption(Constants.IPPROTO_IPV6, Constants.IPV6_FREEBIND, 1, "IPV6_FREEBIND");
      raw.setOption(
          Constants.IPPROTO_IPV6, Constants.IPV6_MULTICAST_LOOP, 0, "IPV6_MULTICAST_LOOP");
      UnderlaySocket.restrict(raw, settings);
      DirectSocket direct = hops == null ? null : openDirect(hops, counters);
      UnderlaySender sender =
          new UnderlaySender(raw, direct, encapsulation, settings, counters, team);
      try {
        sender.bind(settings.local());
      } catch (KernelException e) {
        sender.close();
        throw e;
      }
      return sender;
    } catch (KernelException | RuntimeException e) {
      raw.close();
      throw e;
    }
  }

  private static DirectSocket openDirect(NextHops hops, Counters counters) {
    try {
      return DirectSocket.open(hops, counters);
    } catch (KernelException e) {
      hops.unavailable(e.getMessage());
      log.warn("direct sending not used cause={}", e.getMessage());
      return null;
    }
  }

  /**
   * Says from which address the routing table is asked, whatever source a packet has. Without one
   * the kernel chooses a source for each packet, only to find a route: a sixth of a packet's cost.
   */
  void bind(Ipv6Address local) throws KernelException {
    raw.bind(local, 0);
    if (direct != null) {
      direct.local(local);
    }
  }

  boolean segments() {
    return segments;
  }

  boolean takesDeferred() {
    return size > 1 && team.takesDeferred();
  }

  boolean isEmpty() {
    return batch.packets() == 0 && refusals == 0;
  }

  PacketBuffer slot(int octets) {
    return octets > largest ? null : nextSlot();
  }

  private PacketBuffer nextSlot() {
    int next = batch.packets();
    if (slots[next] == null) {
      slots[next] = NativeMemory.packetBuffer(largest);
    }
    return slots[next];
  }

  Sent send(PacketBuffer packet) {
    int length = packet.length();
    if (length < Ipv6Header.BYTES || length > NativeMemory.LARGEST_PACKET) {
      return Sent.TOO_BIG;
    }
    boolean onLink = isOnLink(packet.bytes(), packet.offset());
    if (onLink && linkIndex == 0) {
      return Sent.UNREACHABLE;
    }
    boolean udp = !onLink && isOurUdp(packet);
    if (direct != null && batch.packets() == 0) {
      direct.look();
    }
    if (size == 1 || refusals > 0 || length > largest) {
      transmit();
      return sendNow(packet, udp, onLink);
    }
    PacketBuffer slot = nextSlot();
    if (packet != slot) {
      slot.copyFrom(packet);
    }
    if (slot.isDeferred()) {
      deferred = true;
      // Its checksum is computed here.
      if (!udp && isUdp(slot) && !slot.settle()) {
        return Sent.NOT_SEALED;
      }
    }
    add(slot, udp, onLink);
    if (batch.packets() == size) {
      transmit();
    }
    return Sent.OK;
  }

  private void add(PacketBuffer slot, boolean udp, boolean onLink) {
    NextHops.Hop hop;
    if (udp) {
      batch.addUdp(slot, segments);
    } else if (!onLink && direct != null && (hop = direct.choose(slot)) != null) {
      batch.addDirect(slot, hop);
    } else {
      UdpEncapsulation.restoreChecksum(slot);
      batch.addRaw(slot, onLink);
    }
  }

  void flush(UnderlaySocket.Refused listener) {
    transmit();
    for (int i = 0; i < refusals; i++) {
      listener.refused(refused[i], reasons[i]);
    }
    refusals = 0;
  }

  /** Hands over what waits; what is refused waits to be told of. */
  void transmit() {
    if (takesDeferred()) {
      sealAll();
    }
    int at = 0;
    int messages = batch.messages();
    while (at < messages) {
      OutgoingBatch.Way way = batch.way(at);
      int end = at + 1;
      while (end < messages && batch.way(end) == way) {
        end++;
      }
      int sent = Libc.sendmmsg(fd(way), batch.address(at), end - at, Constants.MSG_DONTWAIT);
      // An error of a later message shows when the call begins with it.
      if (sent > 0) {
        at += sent;
        if (way == OutgoingBatch.Way.DIRECT) {
          counters.add(Counter.DIRECT_PACKETS_SENT, sent);
        }
      } else {
        failed(at, Libc.errno());
        at++;
      }
    }
    batch.clear();
  }

  /** Seals what is deferred, and takes out of the batch what must not leave. */
  private void sealAll() {
    int packets = batch.packets();
    if (deferred) {
      deferred = false;
      team.run(packets, sealing);
    }
    int good = 0;
    while (good < packets && mayLeave(slots[good])) {
      good++;
    }
    if (good == packets) {
      return;
    }
    batch.clear();
    for (int i = 0; i < packets; i++) {
      PacketBuffer slot = slots[i];
      if (mayLeave(slot)) {
        int place = batch.packets();
        slots[i] = slots[place];
        slots[place] = slot;
        boolean onLink = isOnLink(slot.bytes(), slot.offset());
        add(slot, !onLink && isOurUdp(slot), onLink);
      } else {
        counters.drop(DropReason.CIPHER_FAILED);
      }
    }
  }

  /** Whether the packet says that it is sealed, or needs not be, and looks like it. */
  private static boolean mayLeave(PacketBuffer packet) {
    return packet.isSettled() && !hasSpiOfNobody(packet);
  }

  /**
   * What is not sealed yet has an SPI of 0, and its number. RFC 4303 §2.1: such an SPI "MUST NOT be
   * sent on the wire". In UDP it is a marker (RFC 3948 §2.2), which nothing of ours but zeros
   * follows.
   */
  private static boolean hasSpiOfNobody(PacketBuffer packet) {
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset() + Ipv6Header.BYTES;
    int end = packet.end();
    int next = Ipv6Header.nextHeader(bytes, packet.offset());
    if (next == Protocol.DESTINATION_OPTIONS && end - at >= 2) {
      next = bytes.get(at) & 0xff;
      at += 8 + 8 * (bytes.get(at + 1) & 0xff);
    }
    boolean udp = next == Protocol.UDP;
    if (udp) {
      at += UdpEncapsulation.HEADER_OCTETS;
    }
    return (udp || next == Protocol.ESP)
        && end - at >= Long.BYTES
        && bytes.getInt(at) == 0
        && (!udp || bytes.getInt(at + Integer.BYTES) != 0);
  }

  private void failed(int message, int errno) {
    if (batch.way(message) == OutgoingBatch.Way.DIRECT) {
      failedDirect(message, errno);
      return;
    }
    int from = batch.firstPacket(message);
    int end = batch.firstPacket(message + 1);
    boolean divides =
        batch.way(message) == OutgoingBatch.Way.UDP
            && (errno == Errno.EINVAL || errno == Errno.EIO || errno == Errno.EMSGSIZE);
    if (!divides || end - from == 1 && errno == Errno.EMSGSIZE) {
      for (int i = from; i < end; i++) {
        refuse(i, reason(errno));
      }
      return;
    }
    boolean allTaken = true;
    for (int i = from; i < end; i++) {
      Sent sent = sendNow(slots[i], true, false);
      if (sent != Sent.OK) {
        allTaken = false;
        refuse(i, sent);
      }
    }
    // EINVAL is also what old kernels say of segments beyond the MTU.
    if (segments && end - from > 1 && (errno == Errno.EIO || errno == Errno.EINVAL && allTaken)) {
      segments = false;
      log.info("udp segmentation off reason={}", Errno.name(errno));
    }
  }

  /** What is not the packet's own fault is the next hop's, and the routing table knows better. */
  private void failedDirect(int message, int errno) {
    int packet = batch.firstPacket(message);
    Sent sent = reason(errno);
    if (sent == Sent.UNREACHABLE) {
      direct.failed(batch.hop(message), errno);
      sent = sendNow(slots[packet], false, false);
    } else if (errno == Errno.ENOBUFS) {
      // The device's queue was full and the packet is gone, of which a raw socket says nothing.
      counters.drop(DropReason.SEND_FAILED);
      return;
    }
    if (sent != Sent.OK) {
      refuse(packet, sent);
    }
  }

  private void refuse(int packet, Sent reason) {
    PacketBuffer spare = refused[refusals];
    refused[refusals] = slots[packet];
    reasons[refusals++] = reason;
    slots[packet] = spare;
  }

  private Sent sendNow(PacketBuffer given, boolean udp, boolean onLink) {
    if (!given.settle()) {
      return Sent.NOT_SEALED;
    }
    PacketBuffer packet = given.address() == 0 ? copied(given) : given;
    single.clear();
    if (udp) {
      single.addUdp(packet, false);
      if (Libc.sendmsg(fd(OutgoingBatch.Way.UDP), single.address(0), Constants.MSG_DONTWAIT) >= 0) {
        return Sent.OK;
      }
      int errno = Libc.errno();
      // The raw socket asks nobody for a flow label that another program holds.
      if (errno != Errno.EINVAL) {
        return reason(errno);
      }
      single.clear();
    }
    UdpEncapsulation.restoreChecksum(packet);
    single.addRaw(packet, onLink);
    return Libc.sendmsg(raw.fd(), single.address(0), Constants.MSG_DONTWAIT) >= 0
        ? Sent.OK
        : reason(Libc.errno());
  }

  private PacketBuffer copied(PacketBuffer packet) {
    if (large == null) {
      large = NativeMemory.packetBuffer(NativeMemory.LARGEST_PACKET);
    }
    return large.copyFrom(packet);
  }

  private int fd(OutgoingBatch.Way way) {
    return switch (way) {
      case RAW -> raw.fd();
      case UDP -> encapsulation.sender().fd();
      case DIRECT -> direct.fd();
    };
  }

  private static boolean isUdp(PacketBuffer packet) {
    return Ipv6Header.nextHeader(packet.bytes(), packet.offset()) == Protocol.UDP;
  }

  /** What the UDP socket would send alike: bound to the packet's source, no extension headers. */
  private boolean isOurUdp(PacketBuffer packet) {
    if (encapsulation == null) {
      return false;
    }
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    return bytes.get(at + Ipv6Header.NEXT_HEADER) == Protocol.UDP
        && OutgoingBatch.isWholeDatagram(packet)
        && UdpEncapsulation.sourcePort(bytes, at + Ipv6Header.BYTES) == encapsulation.port()
        && UdpEncapsulation.destinationPort(bytes, at + Ipv6Header.BYTES) != 0
        && encapsulation.local().matches(bytes, at + Ipv6Header.SOURCE);
  }

  private static Sent reason(int errno) {
    return switch (errno) {
      case Errno.EMSGSIZE -> Sent.TOO_BIG;
      case Errno.EAGAIN, Errno.ENOBUFS, Errno.ENOMEM, Errno.EINTR -> Sent.CONGESTED;
      default -> Sent.UNREACHABLE;
    };
  }

  /** Link-local unicast, or multicast: destinations that name no interface by themselves. */
  private static boolean isOnLink(ByteBuffer bytes, int at) {
    int start = bytes.getShort(at + Ipv6Header.DESTINATION) & 0xffff;
    return start >>> 8 == 0xff || start >>> 6 == 0xfe80 >>> 6;
  }

  @Override
  public void close() {
    raw.close();
    if (direct != null) {
      direct.close();
    }
  }
}
