package org.kagemusha.core.node;

/** What an engine counts besides drops. */
public enum Counter {
  /** Frames taken from the home side; a super-frame is one. */
  HOME_FRAMES_RECEIVED("frames received from the home side"),
  /** Frames given to the home side; a super-frame is one. */
  HOME_FRAMES_SENT("frames sent to the home side"),
  /** Packets taken from the routed network, each of those that it joined. */
  UNDERLAY_PACKETS_RECEIVED("packets received from the routed network"),
  /** Packets given to the routed network. */
  UNDERLAY_PACKETS_SENT("packets sent to the routed network"),
  /** Inner packets that entered the tunnel, each segment of a super-packet. */
  TUNNEL_PACKETS_SENT("inner packets encapsulated"),
  /** Octets of inner packets that entered the tunnel. */
  TUNNEL_OCTETS_SENT("octets of inner packets encapsulated"),
  /** Inner packets that left the tunnel, each segment of a super-packet. */
  TUNNEL_PACKETS_RECEIVED("inner packets decapsulated"),
  /** Octets of inner packets that left the tunnel. */
  TUNNEL_OCTETS_RECEIVED("octets of inner packets decapsulated"),
  /** Outer fragments sent, RFC 2473 §7.2. */
  TUNNEL_FRAGMENTS_SENT("outer fragments sent"),
  /** Packet Too Big messages answered to an inner source, RFC 2473 §7.1. */
  PACKET_TOO_BIG_SENT("Packet Too Big messages sent to inner sources"),
  /** TCP SYN segments whose maximum segment size was lowered. */
  MSS_CLAMPED("TCP SYN segments clamped"),
  /** Binding Updates sent. */
  BINDING_UPDATES_SENT("Binding Updates sent"),
  /** Binding Updates received. */
  BINDING_UPDATES_RECEIVED("Binding Updates received"),
  /** Binding Acknowledgements sent. */
  BINDING_ACKNOWLEDGEMENTS_SENT("Binding Acknowledgements sent"),
  /** Binding Acknowledgements accepted. */
  BINDING_ACKNOWLEDGEMENTS_RECEIVED("Binding Acknowledgements accepted"),
  /** Binding Errors sent. */
  BINDING_ERRORS_SENT("Binding Errors sent"),
  /** INVALID_SPI notifications sent, RFC 7296 §1.5. */
  INVALID_SPI_SENT("notifications of an unknown SPI sent in UDP"),
  /** Neighbor Advertisements sent. */
  NEIGHBOR_ADVERTISEMENTS_SENT("Neighbor Advertisements sent"),
  /** Neighbor Solicitations sent. */
  NEIGHBOR_SOLICITATIONS_SENT("Neighbor Solicitations sent"),
  /** Router Advertisements sent. */
  ROUTER_ADVERTISEMENTS_SENT("Router Advertisements sent"),
  /** Echo requests to the home router that were answered on its behalf. */
  ECHO_REPLIES_SENT("echo replies sent on behalf of the home router"),
  /** DHCPv6 messages of the guest that were answered in the place of the server at home. */
  DHCP_REPLIES_SENT("DHCPv6 replies sent in place of the server at home"),
  /** Handover Initiates sent to the host that the VM left, RFC 5568 §6.2.1.1. */
  HANDOVER_INITIATES_SENT("Handover Initiates sent"),
  /** Handover Initiates accepted from the host where the VM is now. */
  HANDOVER_INITIATES_ACCEPTED("Handover Initiates accepted"),
  /** Packets kept for a VM that is paused or has left. */
  HANDOVER_PACKETS_KEPT("packets kept for a VM that is paused or has left"),
  /** Packets forwarded to the host where the VM is now. */
  HANDOVER_PACKETS_FORWARDED("packets forwarded to the VM's next host"),
  /** Packets that the host forwarded that the VM left. */
  HANDOVER_PACKETS_RECEIVED("packets forwarded by the VM's previous host"),
  /** Packets of the home agent that waited until those of the previous host were there. */
  HANDOVER_PACKETS_HELD("packets held until the previous host's are there"),
  /** Packets given to the device with the next hop's link-layer address. */
  DIRECT_PACKETS_SENT("packets sent straight to the next hop"),
  /** Packets that could not be, and took the way by the routing table. */
  DIRECT_PACKETS_DIVERTED("packets that could not leave straight and took the routing table's way");

  private final String help;

  Counter(String help) {
    this.help = help;
  }

  /** What is counted, for {@code status} and the metrics page. */
  public String help() {
    return help;
  }
}
