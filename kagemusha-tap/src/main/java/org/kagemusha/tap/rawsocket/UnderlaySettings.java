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
 * @param batch how many packets one system call moves at most, 1 to {@value #LARGEST_BATCH}
 * @param largestPacket octets of the longest packet that is expected: the interface's MTU
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
    int largestPacket) {

  /** More is not gained by more. */
  public static final int LARGEST_BATCH = 64;

  private static final int USUAL_MTU = 1500;

  /** In place of a port: ESP in UDP is not received. */
  public static final int NO_ENCAPSULATION = -1;

  /**
   * @throws IllegalArgumentException if {@code segmentOctets} is below 1280, or the port or batch is none
   */
  public UnderlaySettings {
    if (segmentOctets < 1280) {
      throw new IllegalArgumentException("segments of at least 1280 octets, not " + segmentOctets);
    }
    if (encapsulationPort < NO_ENCAPSULATION || encapsulationPort > 0xffff) {
      throw new IllegalArgumentException("no UDP port: " + encapsulationPort);
    }
    if (batch < 1 || batch > LARGEST_BATCH) {
      throw new IllegalArgumentException("no batch: " + batch);
    }
  }

  /** Without ESP in UDP. */
  public UnderlaySettings(
      Ipv6Address local, int linkIndex, Optional<String> device, int mark, int segmentOctets) {
    this(
        local, linkIndex, device, mark, segmentOctets, NO_ENCAPSULATION, false, LARGEST_BATCH,
        USUAL_MTU);
  }

  /** The same with ESP in UDP; see the components of these names. */
  public UnderlaySettings withEncapsulation(int port, boolean anyPort) {
    return new UnderlaySettings(
        local, linkIndex, device, mark, segmentOctets, port, anyPort, batch, largestPacket);
  }

  /** The usual: one local address, everything else as the routing table says. */
  public static UnderlaySettings of(Ipv6Address local) {
    return new UnderlaySettings(local, 0, Optional.empty(), 0, 1280);
  }
}
