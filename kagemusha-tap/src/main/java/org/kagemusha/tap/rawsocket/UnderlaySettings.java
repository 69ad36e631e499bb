package org.kagemusha.tap.rawsocket;

import java.util.Optional;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * How to reach the routed network.
 *
 * @param local the address that packets for us carry as destination: the care-of address or the
 *     home agent's address; it need not be assigned yet
 * @param linkIndex the interface by which packets to link-local and multicast destinations leave,
 *     or 0 where none are sent
 * @param device the one interface (or VRF) that is used at all, where given
 * @param mark the firewall mark of what is sent, for policy routing; 0 for none
 * @param segmentOctets the longest inner packet that comes out of a super-packet (see {@link
 *     UnderlayReceiver}), 1280 or more: the guest's MTU where the guest is the receiver, 1280 where
 *     routers may follow
 * @param encapsulationPort the UDP port of ESP in UDP (RFC 3948) that is wanted, 1 to 65535; 0: the
 *     kernel chooses; {@link #NO_ENCAPSULATION}: no UDP socket
 * @param anyEncapsulationPort whether, where that port is taken, one that the kernel chooses will
 *     do: at a mobile node, whose peer learns it from its packets; not at a home agent
 * @param batch most packets that cross to the kernel in one call, 1 to 64
 * @param largestPacket octets of the longest packet that is queued, 1280 or more: the MTU of the
 *     device; a longer one is sent at once, and refused at once where the device cannot take it
 * @param ordinaryOctets up to this length an inner packet whose checksum is unfinished is taken for
 *     one that came as it is, not for joined segments; segmentOctets or more
 */
public record UnderlaySettings(
    Ipv6Address local,
    int linkIndex,
    Optional<String> device,
    int mark,
    int segmentOctets,
    int encapsulationPort,
    boolean anyEncapsulationPort,
    int batch,
    int largestPacket,
    int ordinaryOctets) {

  /** In place of a port: ESP in UDP is not received. */
  public static final int NO_ENCAPSULATION = -1;

  private static final int MOST = 64;
  private static final int ETHERNET = 1500;

  /**
   * @throws IllegalArgumentException if a component is out of its range
   */
  public UnderlaySettings {
    if (segmentOctets < 1280) {
      throw new IllegalArgumentException("segments of at least 1280 octets, not " + segmentOctets);
    }
    if (encapsulationPort < NO_ENCAPSULATION || encapsulationPort > 0xffff) {
      throw new IllegalArgumentException("no UDP port: " + encapsulationPort);
    }
    if (batch < 1 || batch > MOST || largestPacket < 1280 || largestPacket > 65_575) {
      throw new IllegalArgumentException(
          "no batch: " + batch + " packets of " + largestPacket + " octets");
    }
    if (ordinaryOctets < segmentOctets) {
      throw new IllegalArgumentException(
          "segments of " + segmentOctets + " octets, ordinary ones of " + ordinaryOctets);
    }
  }

  /** One packet at a time, for a device of Ethernet's MTU. */
  public UnderlaySettings(
      Ipv6Address local,
      int linkIndex,
      Optional<String> device,
      int mark,
      int segmentOctets,
      int encapsulationPort,
      boolean anyEncapsulationPort) {
    this(
        local, linkIndex, device, mark, segmentOctets, encapsulationPort, anyEncapsulationPort, 1,
        ETHERNET, segmentOctets);
  }

  /** The same without ESP in UDP. */
  public UnderlaySettings(
      Ipv6Address local, int linkIndex, Optional<String> device, int mark, int segmentOctets) {
    this(local, linkIndex, device, mark, segmentOctets, NO_ENCAPSULATION, false);
  }

  /** The same with ESP in UDP; see the components of these names. */
  public UnderlaySettings withEncapsulation(int port, boolean anyPort) {
    return new UnderlaySettings(
        local, linkIndex, device, mark, segmentOctets, port, anyPort, batch, largestPacket,
        ordinaryOctets);
  }

  /** The same in batches; see the components of these names. */
  public UnderlaySettings withBatch(int newBatch, int newLargestPacket) {
    return new UnderlaySettings(
        local, linkIndex, device, mark, segmentOctets, encapsulationPort, anyEncapsulationPort,
        newBatch, newLargestPacket, ordinaryOctets);
  }

  /** The same for inner packets that may be longer than a division would make them. */
  public UnderlaySettings withOrdinary(int octets) {
    return new UnderlaySettings(
        local, linkIndex, device, mark, segmentOctets, encapsulationPort, anyEncapsulationPort,
        batch, largestPacket, Math.max(octets, segmentOctets));
  }

  /** The usual: one local address, everything else as the routing table says. */
  public static UnderlaySettings of(Ipv6Address local) {
    return new UnderlaySettings(local, 0, Optional.empty(), 0, 1280);
  }
}
