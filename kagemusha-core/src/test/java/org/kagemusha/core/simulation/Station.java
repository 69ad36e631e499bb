package org.kagemusha.core.simulation;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.Protocol;

/**
 * A plain IPv6 host that knows nothing of mobility: a guest or a correspondent. It sends a counter
 * and notes what counters it got, and keeps its neighbour cache as RFC 4861 §7.2.5 says.
 */
final class Station {

  private static final int COUNTER = Ipv6Header.BYTES + 8;

  final MacAddress mac;
  final Ipv6Address address;
  final Ipv6Address linkLocal;

  /** When each counter arrived; a counter that arrived twice is in {@link #duplicates}. */
  final Map<Long, Long> received = new HashMap<>();

  final List<Long> duplicates = new ArrayList<>();
  final Map<Long, Long> sent = new HashMap<>();
  final Map<Ipv6Address, MacAddress> neighbors = new HashMap<>();

  private final Schedule schedule;
  private LearningBridge.Port port;
  private long counter;

  Station(Schedule schedule, MacAddress mac, Ipv6Address address) {
    this.schedule = schedule;
    this.mac = mac;
    this.address = address;
    this.linkLocal = new Ipv6Address(0xfe80L << 48, address.low());
  }

  void attach(LearningBridge bridge) {
    detach();
    port = bridge.plug(this::receive);
  }

  void detach() {
    if (port != null) {
      port.unplug();
      port = null;
    }
  }

  /**
   * Sends the next counter; without a resolved neighbour it solicits instead, and the next waits.
   */
  void sendCounter(Ipv6Address to) {
    MacAddress neighbor = neighbors.get(to);
    if (port == null) {
      return;
    }
    if (neighbor == null) {
      NeighborSolicitation asked =
          new NeighborSolicitation(address, to.solicitedNode(), to, mac);
      send(MacAddress.multicastOf(to.solicitedNode()), NeighborDiscovery.build(asked));
      return;
    }
    sent.put(++counter, schedule.nowNs());
    send(neighbor, udp(to, counter));
  }

  private byte[] udp(Ipv6Address to, long value) {
    byte[] packet = new byte[COUNTER + 8];
    ByteBuffer bytes = ByteBuffer.wrap(packet);
    Ipv6Header.write(bytes, 0, 0, 0, 16, Protocol.UDP, 64, address, to);
    bytes.putShort(40, (short) 4000).putShort(42, (short) 4000).putShort(44, (short) 16);
    bytes.putLong(COUNTER, value);
    long sum =
        InternetChecksum.pseudoHeader(bytes, 0, 16, Protocol.UDP)
            + InternetChecksum.sum(bytes, 40, 16);
    bytes.putShort(46, (short) InternetChecksum.finish(sum));
    return packet;
  }

  void send(MacAddress to, byte[] ipv6) {
    byte[] frame = new byte[EthernetHeader.BYTES + ipv6.length];
    EthernetHeader.write(ByteBuffer.wrap(frame), 0, to, mac, EthernetHeader.TYPE_IPV6);
    System.arraycopy(ipv6, 0, frame, EthernetHeader.BYTES, ipv6.length);
    port.send(frame);
  }

  private void receive(byte[] frame) {
    ByteBuffer bytes = ByteBuffer.wrap(frame);
    int length = frame.length - EthernetHeader.BYTES;
    long destination = EthernetHeader.destinationBits(bytes, 0);
    boolean group = (destination >>> 40 & 1) != 0;
    if (EthernetHeader.type(bytes, 0) != EthernetHeader.TYPE_IPV6
        || !group && destination != mac.bits()) {
      return;
    }
    if (NeighborDiscovery.isNeighborDiscovery(bytes, EthernetHeader.BYTES, length)) {
      onNeighborMessage(NeighborDiscovery.parse(bytes, EthernetHeader.BYTES, length));
    } else if (Ipv6Header.nextHeader(bytes, 14) == Protocol.UDP
        && address.matches(bytes, 14 + Ipv6Header.DESTINATION)) {
      long value = bytes.getLong(14 + COUNTER);
      if (received.putIfAbsent(value, schedule.nowNs()) != null) {
        duplicates.add(value);
      }
    }
  }

  private void onNeighborMessage(NeighborMessage message) {
    if (message instanceof NeighborSolicitation asked
        && (asked.target().equals(address) || asked.target().equals(linkLocal))) {
      answer(asked);
    } else if (message instanceof NeighborAdvertisement told
        && told.targetLinkLayerAddress() != null
        && (told.override() || !neighbors.containsKey(told.target()))) {
      neighbors.put(told.target(), told.targetLinkLayerAddress());
    }
  }

  private void answer(NeighborSolicitation asked) {
    if (asked.source().isUnspecified()) {
      NeighborAdvertisement answer =
          new NeighborAdvertisement(
              asked.target(), Ipv6Address.ALL_NODES, asked.target(), false, false, true, mac);
      send(MacAddress.multicastOf(Ipv6Address.ALL_NODES), NeighborDiscovery.build(answer));
    } else {
      NeighborAdvertisement answer =
          new NeighborAdvertisement(
              asked.target(), asked.source(), asked.target(), false, true, true, mac);
      send(asked.sourceLinkLayerAddress(), NeighborDiscovery.build(answer));
    }
  }

  /** The longest time without a counter between two times. */
  long longestGapNs(long fromNs, long untilNs) {
    long last = fromNs;
    long longest = 0;
    for (long at : received.values().stream().sorted().toList()) {
      if (at > fromNs && at <= untilNs) {
        longest = Math.max(longest, at - last);
        last = at;
      }
    }
    return Math.max(longest, untilNs - last);
  }
}
