package org.kagemusha.core.node;

/** Why a packet was dropped; each has a counter. Add one where none of these is exact. */
public enum DropReason {
  /** The frame is shorter than its headers say. */
  FRAME_TRUNCATED("shorter than its headers say"),
  /** The source is not the guest's MAC address. */
  FRAME_FOREIGN_STATION("sent by another station on the bridge"),
  /** An EtherType that is not carried: IPv4, ARP, VLAN, LLDP and others. */
  FRAME_TYPE_NOT_CARRIED("EtherType not carried"),
  /** The frame goes to another station. */
  FRAME_NOT_FOR_US("addressed to another station"),
  /** Not a complete IPv6 packet. */
  IPV6_MALFORMED("not a complete IPv6 packet"),
  /** A fragmented Neighbor Discovery message, RFC 6980 §5. */
  ND_FRAGMENTED("fragmented Neighbor Discovery"),
  /** A Neighbor Discovery message that its validation rejects, RFC 4861 §6.1, §7.1. */
  ND_INVALID("Neighbor Discovery message fails validation"),
  /** A Router Advertisement or Redirect sent by the guest. */
  ND_FROM_GUEST_NOT_ALLOWED("Router Advertisement or Redirect from the guest"),
  /** A solicitation that is not ours to answer. */
  ND_NOT_OURS("solicitation for an address that is not answered"),
  /** More answers than the rate limit allows. */
  ND_RATE_LIMITED("answer withheld by the rate limit"),
  /** Multicast Listener Discovery, consumed locally. */
  MLD_CONSUMED("MLD report consumed locally"),
  /** A multicast destination of link scope or without listener in the tunnel, §10.4.2. */
  MULTICAST_NOT_TUNNELLED("multicast that is not tunnelled"),
  /** A link-local address on a packet that would leave the link, §10.4.2. */
  LINK_LOCAL_NOT_TUNNELLED("link-local address on a packet for the tunnel"),
  /** The inner source is not a home address of the binding. */
  INNER_SOURCE_SPOOFED("inner source is not a registered home address"),
  /** The inner destination is not a home address of the binding. */
  INNER_DESTINATION_WRONG("inner destination is not a registered home address"),
  /** The outer source is not the tunnel's other end, §11.3.3 and §10.4.5. */
  OUTER_SOURCE_WRONG("outer source is not the tunnel's other end"),
  /** The outer destination is not ours. */
  OUTER_DESTINATION_WRONG("outer destination is not this node"),
  /** No binding for the address. */
  NO_BINDING("no binding"),
  /** The guest's packet came while the node is at home, fenced or without a binding. */
  TUNNEL_NOT_UP("tunnel not up"),
  /** The hop limit ran out, RFC 2473 §3.1. */
  HOP_LIMIT_EXCEEDED("hop limit exceeded"),
  /** Larger than the tunnel MTU; answered by Packet Too Big, RFC 2473 §7.1. */
  TOO_BIG("larger than the tunnel MTU"),
  /** The tunnel encapsulation limit is used up, RFC 2473 §4.1.1. */
  ENCAPSULATION_LIMIT("tunnel encapsulation limit reached"),
  /** Congestion experienced outside, no ECN inside, RFC 6040 §4.2. */
  ECN_CONGESTION("congestion mark on a packet that is not ECN-capable"),
  /** A packet whose inner destination would enter the same tunnel again, RFC 2473 §4.1.2. */
  TUNNEL_LOOP("would enter its own tunnel again"),
  /** Clear payload where the policy demands ESP. */
  PROTECTION_REQUIRED("not protected by ESP where ESP is required"),
  /** No security association for the SPI. */
  ESP_NO_ASSOCIATION("no security association for the SPI"),
  /** The ESP packet is too short or its padding is wrong, RFC 4303 §2.4. */
  ESP_MALFORMED("malformed ESP packet"),
  /** The integrity check failed, RFC 4303 §3.4.4. */
  ESP_AUTHENTICATION_FAILED("ESP integrity check failed"),
  /** The sequence number was seen or is left of the window, RFC 4303 §3.4.3. */
  ESP_REPLAYED("ESP replay or outside of the window"),
  /** The outbound sequence number is used up, RFC 4303 §3.3.3. */
  ESP_SEQUENCE_EXHAUSTED("ESP sequence numbers used up"),
  /**
   * A limit of the security association is reached, or its keys were destroyed, RFC 4301 §4.4.2.1.
   */
  ASSOCIATION_EXPIRED("security association has reached its end"),
  /** A dummy packet, RFC 4303 §2.6. */
  ESP_DUMMY("ESP dummy packet"),
  /** The selectors of the association do not allow this packet, RFC 4301 §5.2. */
  ESP_SELECTOR_MISMATCH("ESP association does not cover this packet"),
  /**
   * A Mobility Header that is truncated, has a wrong checksum, length or payload protocol, §9.2.
   */
  MOBILITY_MALFORMED("malformed Mobility Header"),
  /** A Mobility Header type that is not known, §9.2. */
  MOBILITY_TYPE_UNKNOWN("unknown Mobility Header type"),
  /** A mobility message that this role does not take. */
  MOBILITY_NOT_FOR_ROLE("mobility message not for this role"),
  /** Signalling that is not protected although it must be, §5.1. */
  MOBILITY_UNPROTECTED("signalling without ESP"),
  /** A Binding Acknowledgement that matches no Binding Update, §11.7.3. */
  MOBILITY_UNMATCHED("acknowledgement matches no update"),
  /** A Binding Update that the configuration does not allow. */
  MOBILITY_NOT_AUTHORISED("home or care-of address not allowed"),
  /** Signalling beyond the rate limit. */
  MOBILITY_RATE_LIMITED("signalling beyond the rate limit"),
  /** A type 2 routing header that is not for us, §6.4, §11.3.3. */
  ROUTING_HEADER_INVALID("type 2 routing header not acceptable"),
  /** Destination Options that cannot be understood. */
  OPTIONS_INVALID("destination options not acceptable"),
  /** An upper-layer protocol that is not taken from the routed network. */
  PROTOCOL_NOT_TAKEN("protocol not taken"),
  /** An ICMPv6 error that does not quote a packet of ours, RFC 8201 §4. */
  ICMP_ERROR_UNMATCHED("ICMPv6 error quotes no packet of ours"),
  /** An ICMPv6 error with a wrong checksum or an MTU that cannot be, RFC 4443 §2.3, RFC 8201 §4. */
  ICMP_ERROR_INVALID("ICMPv6 error with a wrong checksum or an impossible MTU"),
  /** ICMPv6 errors withheld by the rate limit, RFC 4443 §2.4(f). */
  ICMP_RATE_LIMITED("ICMPv6 error withheld by the rate limit"),
  /** The neighbour did not answer, RFC 4861 §7.2.2. */
  NEIGHBOR_UNRESOLVED("neighbour not resolved"),
  /** Memory for a queue of packets is used up. */
  QUEUE_FULL("queue full"),
  /** The kernel did not take the packet. */
  SEND_FAILED("kernel did not take the packet"),
  /** There is no route for the packet. */
  SEND_UNREACHABLE("no route"),
  /** A Binding Update that was answered by a status of 128 or more, §9.5.1, §10.3. */
  BINDING_REFUSED("Binding Update refused with a status"),
  /** A received packet is longer than the buffer, or came without its addresses. */
  RECEIVE_TRUNCATED("longer than the receive buffer"),
  /** Datagrams that an offload joined, with boundaries that cannot be restored. */
  RECEIVE_UNFINISHED("datagrams joined by an offload"),
  /** RFC 8415 §16: a DHCPv6 message that servers must discard, or that is no such message. */
  DHCP_INVALID("DHCPv6 message fails validation"),
  /** A DHCPv6 message that only the server at home can answer, RFC 8415 §18.3. */
  DHCP_NOT_ANSWERED("DHCPv6 message that is not answered"),
  /** An answer to a DHCPv6 message withheld, RFC 8415 §22. */
  DHCP_RATE_LIMITED("DHCPv6 answer withheld by the rate limit"),
  /** A NAT-keepalive, RFC 3948 §2.3. */
  UDP_KEEPALIVE("NAT-keepalive"),
  /** A datagram with a non-ESP marker, RFC 3948 §2.2. */
  UDP_NOT_ESP("datagram to the port of ESP in UDP that is not ESP"),
  /** A super-packet or an unfinished checksum that contradicts the packet, virtio 1.2 §5.1.6. */
  OFFLOAD_INVALID("segmentation or checksum left to do that contradicts the packet"),
  /** Packets that the kernel dropped because a socket's queue was full or a checksum wrong. */
  RECEIVE_OVERFLOW("dropped by the kernel before it was read"),
  /** The cipher failed on it, or its keys were destroyed before it was sealed. */
  CIPHER_FAILED("cipher failed, or keys destroyed before sealing"),
  /** A packet kept for a VM that is paused or has left gave way to a later one. */
  HANDOVER_BUFFER_FULL("oldest kept packet gave way to a later one"),
  /** A packet kept for a VM that has left, and that no other host has asked for. */
  HANDOVER_NOT_FETCHED("kept for a VM that no other host spoke for"),
  /** A Handover Initiate or Acknowledge that its key does not authenticate, RFC 5568 §10. */
  HANDOVER_UNAUTHENTIC("Handover message not authentic"),
  /** A Handover Initiate older than one that was taken, or an acknowledgement of none. */
  HANDOVER_UNMATCHED("Handover message matches nothing that is under way"),
  /** A frame for the guest while no VMM is connected to the VM's socket. */
  VMM_NOT_CONNECTED("no VMM is connected to the VM's socket"),
  /** A length that no frame has on the VM's socket, after which nothing on it can be believed. */
  VMM_LENGTH_INVALID("length on the VM's socket that no frame has; connection closed");

  private final String help;

  DropReason(String help) {
    this.help = help;
  }

  /** What happened, for {@code status} and the metrics page. */
  public String help() {
    return help;
  }
}
