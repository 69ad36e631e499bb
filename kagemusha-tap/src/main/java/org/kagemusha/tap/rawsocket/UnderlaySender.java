package org.kagemusha.tap.rawsocket;

import java.nio.ByteBuffer;
import org.kagemusha.core.ipsec.UdpEncapsulation;
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
 * socket, all else by a raw one.
 *
 * <p>Packets wait in slots. After one was refused and not yet told of, and where it does not fit a
 * slot, a packet is sent at once, behind those that wait, and the answer is the kernel's own.
 */
final class UnderlaySender implements AutoCloseable {

  static final int SEND_BUFFER = 4 << 20;

  private static final Logger log = LoggerFactory.getLogger(UnderlaySender.class);

  private final Descriptor raw;
  private final EncapsulationSocket encapsulation;
  private final int linkIndex;
  private final int size;
  private final int largest;
  private final PacketBuffer[] slots;
  private final PacketBuffer[] refused;
  private final Sent[] reasons;
  private final OutgoingBatch batch;
  private final OutgoingBatch single;
  private PacketBuffer large;
  private int refusals;
  private boolean segments;

  private UnderlaySender(
      Descriptor raw, EncapsulationSocket encapsulation, UnderlaySettings settings) {
    this.raw = raw;
    this.encapsulation = encapsulation;
    linkIndex = settings.linkIndex();
    size = settings.batch();
    largest = settings.largestPacket();
    slots = new PacketBuffer[size];
    refused = new PacketBuffer[size];
    reasons = new Sent[size];
    batch = new OutgoingBatch(size, linkIndex);
    single = new OutgoingBatch(1, linkIndex);
    segments = encapsulation != null && size > 1;
  }

  /**
   * @param encapsulation the UDP socket, or null where there is none
   */
  static UnderlaySender open(UnderlaySettings settings, EncapsulationSocket encapsulation)
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
      UnderlaySender sender = new UnderlaySender(raw, encapsulation, settings);
      sender.bind(settings.local());
      return sender;
    } catch (KernelException | RuntimeException e) {
      raw.close();
      throw e;
    }
  }

  /**
   * Says from which address the routing table is asked, whatever source a packet has. Without one
   * the kernel chooses a source for each packet, only to find a route: a sixth of a packet's cost.
   */
  void bind(Ipv6Address local) throws KernelException {
    raw.bind(local, 0);
  }

  boolean segments() {
    return segments;
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
    if (size == 1 || refusals > 0 || length > largest) {
      transmit();
      return sendNow(packet, udp, onLink);
    }
    PacketBuffer slot = nextSlot();
    if (packet != slot) {
      slot.copyFrom(packet);
    }
    if (udp) {
      batch.addUdp(slot, segments);
    } else {
      UdpEncapsulation.restoreChecksum(slot);
      batch.addRaw(slot, onLink);
    }
    if (batch.packets() == size) {
      transmit();
    }
    return Sent.OK;
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
    int at = 0;
    int messages = batch.messages();
    while (at < messages) {
      boolean udp = batch.isUdp(at);
      int end = at + 1;
      while (end < messages && batch.isUdp(end) == udp) {
        end++;
      }
      int sent = Libc.sendmmsg(fd(udp), batch.address(at), end - at, Constants.MSG_DONTWAIT);
      // An error of a later message shows when the call begins with it.
      if (sent > 0) {
        at += sent;
      } else {
        failed(at, Libc.errno());
        at++;
      }
    }
    batch.clear();
  }

  private void failed(int message, int errno) {
    int from = batch.firstPacket(message);
    int end = batch.firstPacket(message + 1);
    boolean divides =
        batch.isUdp(message)
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

  private void refuse(int packet, Sent reason) {
    PacketBuffer spare = refused[refusals];
    refused[refusals] = slots[packet];
    reasons[refusals++] = reason;
    slots[packet] = spare;
  }

  private Sent sendNow(PacketBuffer given, boolean udp, boolean onLink) {
    PacketBuffer packet = given.address() == 0 ? copied(given) : given;
    single.clear();
    if (udp) {
      single.addUdp(packet, false);
      if (Libc.sendmsg(fd(true), single.address(0), Constants.MSG_DONTWAIT) >= 0) {
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
    return Libc.sendmsg(fd(false), single.address(0), Constants.MSG_DONTWAIT) >= 0
        ? Sent.OK
        : reason(Libc.errno());
  }

  private PacketBuffer copied(PacketBuffer packet) {
    if (large == null) {
      large = NativeMemory.packetBuffer(NativeMemory.LARGEST_PACKET);
    }
    return large.copyFrom(packet);
  }

  private int fd(boolean udp) {
    return udp ? encapsulation.sender().fd() : raw.fd();
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
  }
}
