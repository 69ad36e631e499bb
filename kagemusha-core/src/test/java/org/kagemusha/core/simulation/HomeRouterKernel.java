package org.kagemusha.core.simulation;

import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.Protocol;

/** The kernel under the home agent: it has the address, and hands raw sockets their packets. */
final class HomeRouterKernel {

  private final MacAddress mac;
  private final Ipv6Address address;
  private final LearningBridge.Port port;
  private final Consumer<byte[]> rawSockets;

  HomeRouterKernel(
      LearningBridge bridge, MacAddress mac, Ipv6Address address, Consumer<byte[]> rawSockets) {
    this.mac = mac;
    this.address = address;
    this.rawSockets = rawSockets;
    this.port = bridge.plug(this::receive);
  }

  /** Puts a packet of the home agent's on the home link. */
  void send(MacAddress to, byte[] ipv6) {
    byte[] frame = new byte[EthernetHeader.BYTES + ipv6.length];
    EthernetHeader.write(ByteBuffer.wrap(frame), 0, to, mac, EthernetHeader.TYPE_IPV6);
    System.arraycopy(ipv6, 0, frame, EthernetHeader.BYTES, ipv6.length);
    port.send(frame);
  }

  private void receive(byte[] frame) {
    ByteBuffer bytes = ByteBuffer.wrap(frame);
    if (EthernetHeader.type(bytes, 0) != EthernetHeader.TYPE_IPV6) {
      return;
    }
    int length = frame.length - EthernetHeader.BYTES;
    if (NeighborDiscovery.isNeighborDiscovery(bytes, EthernetHeader.BYTES, length)) {
      if (NeighborDiscovery.parse(bytes, EthernetHeader.BYTES, length)
              instanceof NeighborSolicitation asked
          && asked.target().equals(address)
          && asked.sourceLinkLayerAddress() != null) {
        NeighborAdvertisement answer =
            new NeighborAdvertisement(address, asked.source(), address, true, true, true, mac);
        send(asked.sourceLinkLayerAddress(), NeighborDiscovery.build(answer));
      }
      return;
    }
    int next = Ipv6Header.nextHeader(bytes, EthernetHeader.BYTES);
    boolean raw =
        next == Protocol.MOBILITY
            || next == Protocol.ESP
            || next == Protocol.IPV6
            || next == Protocol.DESTINATION_OPTIONS;
    if (raw
        && EthernetHeader.destinationBits(bytes, 0) == mac.bits()
        && address.matches(bytes, EthernetHeader.BYTES + Ipv6Header.DESTINATION)) {
      byte[] packet = new byte[length];
      System.arraycopy(frame, EthernetHeader.BYTES, packet, 0, length);
      rawSockets.accept(packet);
    }
  }
}
