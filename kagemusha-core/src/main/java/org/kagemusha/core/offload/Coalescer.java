package org.kagemusha.core.offload;

import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * Joins consecutive segments of a flow to super-packets, so that the receiver takes up to 64 KiB at
 * once; one thread.
 *
 * <p>Packets of TCP are joined where nothing but what a segmentation restores differs: addresses,
 * ports, link header, traffic class with its ECN field, flow label, hop limit, acknowledgment,
 * window and options are equal, the sequence numbers follow each other, all are of the first one's
 * size and only the last may be shorter. PSH ends a super-packet; SYN, FIN, RST, URG and CWR,
 * extension headers and empty segments are never joined. Packets of UDP are joined where that was
 * asked for. A checksum is verified before, so what was damaged stays so. Super-packets that come
 * in are joined to others of their segment size if they are small.
 *
 * <p>Order within a flow is kept. What is neither TCP nor UDP is given on at once. Allocates at
 * most {@value #MOST_FLOWS} buffers, when first needed, and nothing per packet.
 */
public final class Coalescer {

  /** Flows that are held at a time; the oldest makes room for a further one. */
  public static final int MOST_FLOWS = 8;

  /** A super-packet with more payload passes at once: copying it would cost more than it gains. */
  private static final int SMALL_SUPER_PACKET = 24 * 1024;

  private static final int HOLDABLE = Transport.ACK | Transport.ECE;
  private static final int FLAGS = 0xff;

  private final HomeLink output;
  private final int link;
  private final boolean datagrams;
  private final Supplier<PacketBuffer> memory;
  private final HeldFlow[] flows = new HeldFlow[MOST_FLOWS];
  private int held;
  private int made;

  /** Joins Ethernet frames with TCP, in memory of its own. */
  public Coalescer(HomeLink output) {
    this(
        output,
        EthernetHeader.BYTES,
        false,
        () -> PacketBuffer.allocate(EthernetHeader.BYTES + HeldFlow.LARGEST_PACKET));
  }

  /**
   * @param output takes packets, joined (unfinished super-packets) and not, the latter exactly as
   *     they came
   * @param link octets before the IPv6 header: 14 for Ethernet, 0 for none
   * @param datagrams whether the receiver takes super-packets of UDP too
   * @param memory gives a buffer of its own for each flow, up to {@value #MOST_FLOWS}; its size
   *     behind the headroom limits what is joined
   */
  public Coalescer(
      HomeLink output, int link, boolean datagrams, Supplier<PacketBuffer> memory) {
    this.output = output;
    this.link = link;
    this.datagrams = datagrams;
    this.memory = memory;
  }

  /** Takes a packet: keeps a copy of it, or gives it (and what must go before it) on. */
  public void add(PacketBuffer packet) {
    ByteBuffer bytes = packet.bytes();
    int ipv6 = packet.offset() + link;
    int length = packet.length() - link;
    if (link == EthernetHeader.BYTES
            && (length < 0
                || EthernetHeader.type(bytes, ipv6 - EthernetHeader.BYTES)
                    != EthernetHeader.TYPE_IPV6)
        || !Ipv6Header.isComplete(bytes, ipv6, length)) {
      output.send(packet);
      return;
    }
    int protocol = Ipv6Header.nextHeader(bytes, ipv6);
    boolean tcp = protocol == Protocol.TCP;
    int upper = ipv6 + Ipv6Header.BYTES;
    int end = upper + Ipv6Header.payloadLength(bytes, ipv6);
    int headerLength =
        tcp || protocol == Protocol.UDP ? Transport.headerLength(bytes, upper, end, tcp) : -1;
    if (headerLength < 0) {
      passUnusual(packet, ipv6, protocol);
      return;
    }
    int flow = find(bytes, ipv6, tcp);
    int payload = end - upper - headerLength;
    boolean joinable =
        end == packet.end()
            && payload > 0
            && (tcp || datagrams)
            && isJoinable(packet, upper, payload, tcp);
    if (!joinable) {
      if (flow >= 0) {
        release(flow);
      }
      output.send(packet);
      return;
    }
    int segment = packet.isSuperPacket() ? packet.segmentSize() : payload;
    if (flow >= 0) {
      HeldFlow.Joined joined = flows[flow].join(packet, headerLength, payload, segment);
      if (joined != HeldFlow.Joined.NO) {
        if (joined == HeldFlow.Joined.LAST) {
          release(flow);
        }
        return;
      }
      release(flow);
    }
    hold(packet, upper, tcp, headerLength, payload, segment);
  }

  /** Gives on what is kept: at the end of each batch. Cheap where nothing is. */
  public void flush() {
    while (held > 0) {
      release(0);
    }
  }

  /** Whether nothing is kept. */
  public boolean isEmpty() {
    return held == 0;
  }

  /** Whether a packet may be joined to others at all, for what it says itself. */
  private static boolean isJoinable(PacketBuffer packet, int upper, int payload, boolean tcp) {
    ByteBuffer bytes = packet.bytes();
    if (packet.isUnfinished()
        && (packet.checksumStart() != upper
            || packet.checksumOffset()
                != (tcp ? Transport.TCP_CHECKSUM : Transport.UDP_CHECKSUM))) {
      return false;
    }
    if (packet.isSuperPacket()
        && (payload > SMALL_SUPER_PACKET || payload <= packet.segmentSize())) {
      return false;
    }
    if (tcp) {
      int flags = bytes.get(upper + Transport.TCP_FLAGS) & FLAGS;
      return (flags & ~(HOLDABLE | Transport.PSH)) == 0 && (flags & Transport.ACK) != 0;
    }
    // RFC 8200 §8.1: no checksum is no UDP over IPv6, but for tunnels, whose packets stay as they
    // are.
    return (bytes.getShort(upper + Transport.UDP_LENGTH) & 0xffff) == Transport.UDP_HEADER + payload
        && bytes.getShort(upper + Transport.UDP_CHECKSUM) != 0;
  }

  private int find(ByteBuffer bytes, int ipv6, boolean tcp) {
    for (int i = held - 1; i >= 0; i--) {
      if (flows[i].isOf(bytes, ipv6, tcp)) {
        return i;
      }
    }
    return -1;
  }

  /**
   * Gives on what has no TCP or UDP header behind the IPv6 header. It may belong to a flow that is
   * held, behind extension headers, in a fragment or under ESP, so what has its addresses goes
   * first.
   */
  private void passUnusual(PacketBuffer packet, int ipv6, int protocol) {
    if (protocol != Protocol.ICMPV6) {
      for (int i = 0; i < held; ) {
        if (flows[i].hasAddresses(packet.bytes(), ipv6)) {
          release(i);
        } else {
          i++;
        }
      }
    }
    output.send(packet);
  }

  /** Holds a packet as the first of several, or gives it on if it would be the last as well. */
  private void hold(
      PacketBuffer packet,
      int upper,
      boolean tcp,
      int headerLength,
      int payload,
      int segment) {
    boolean pushed =
        tcp && (packet.bytes().get(upper + Transport.TCP_FLAGS) & Transport.PSH) != 0;
    if (pushed || HeldFlow.endsShort(packet, payload, segment)) {
      output.send(packet);
      return;
    }
    if (held == made && made < MOST_FLOWS) {
      flows[made++] = new HeldFlow(memory.get(), link);
    } else if (held == MOST_FLOWS) {
      release(0);
    }
    HeldFlow flow = flows[held];
    if (packet.length() + segment > flow.most()) {
      output.send(packet);
      return;
    }
    held++;
    flow.hold(packet, tcp, headerLength, segment);
  }

  /** Gives on what a flow holds; those behind it move up, so the first is always the oldest. */
  private void release(int index) {
    HeldFlow flow = flows[index];
    held--;
    for (int i = index; i < held; i++) {
      flows[i] = flows[i + 1];
    }
    flows[held] = flow;
    output.send(flow.take());
  }
}
