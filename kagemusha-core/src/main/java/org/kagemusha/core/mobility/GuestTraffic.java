package org.kagemusha.core.mobility;

import java.nio.ByteBuffer;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.tunnel.InnerErrors;
import org.kagemusha.core.tunnel.Tunnel;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Ipv6Map;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * The guest's packets on their way through the tunnel (RFC 6275 §11.3.1 "Reverse Tunneling",
 * §11.3.3), with the checks against spoofing both ways. Allocates nothing for data.
 */
final class GuestTraffic {

  private static final int ICMP_PER_SECOND = 100;

  private final Ipv6Map<HomeAddressPath> paths = new Ipv6Map<>();
  private final Underlay underlay;
  private final InnerErrors toGuest;
  private final HandoverRecorder recorder;
  private final Counters counters;
  private final TokenBucket icmpErrors = new TokenBucket(ICMP_PER_SECOND, ICMP_PER_SECOND);
  private boolean open;
  private boolean lingering;
  private boolean waitForAcknowledgement;
  private boolean requireProtection;
  private Ipv6Address careOf;

  /**
   * @param toGuest takes whole IPv6 packets for the guest
   */
  GuestTraffic(
      Underlay underlay, InnerErrors toGuest, HandoverRecorder recorder, Counters counters) {
    this.underlay = underlay;
    this.toGuest = toGuest;
    this.recorder = recorder;
    this.counters = counters;
  }

  void add(HomeAddressPath path) {
    paths.put(path.registration().homeAddress(), path);
  }

  void remove(Ipv6Address homeAddress) {
    paths.remove(homeAddress);
  }

  HomeAddressPath path(Ipv6Address homeAddress) {
    return paths.get(homeAddress);
  }

  /** All paths, in no order. */
  Iterable<HomeAddressPath> paths() {
    return paths.values();
  }

  /** Whether the guest's packets wait until the home agent has acknowledged. */
  void waitForAcknowledgement(boolean value) {
    waitForAcknowledgement = value;
  }

  /** Whether the guest's packets pass only in ESP, both ways, whatever the keys say. */
  void requireProtection(boolean value) {
    requireProtection = value;
  }

  /** Opens the tunnels at a care-of address, or with null shuts them. */
  void careOf(Ipv6Address address) {
    careOf = address;
    open = address != null;
    lingering = false;
  }

  /** Shuts the tunnels for what the guest sends; what comes is still taken, as it was before. */
  void linger() {
    if (open) {
      for (HomeAddressPath path : paths.values()) {
        path.linger();
      }
      open = false;
      lingering = true;
    }
  }

  /** Whether a home address' packets may pass in clear. */
  boolean allowsClear(Ipv6Address homeAddress) {
    HomeAddressPath path = paths.get(homeAddress);
    return path != null && !requireProtection && path.allowsClear(lingering);
  }

  /** Says whether packets flow at all. */
  boolean isOpen() {
    return open;
  }

  /** A packet of the guest; the buffer begins at its IPv6 header, which is complete. */
  void uplink(PacketBuffer packet, long nowNs) {
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    long high = bytes.getLong(at + Ipv6Header.SOURCE);
    long low = bytes.getLong(at + Ipv6Header.SOURCE + 8);
    HomeAddressPath path = paths.get(high, low);
    if (path == null) {
      counters.drop(DropReason.INNER_SOURCE_SPOOFED);
      return;
    }
    HomeRegistration registration = path.registration();
    if (!open
        || !registration.isUnderWay()
        || waitForAcknowledgement && !registration.isBound(nowNs)) {
      counters.drop(DropReason.TUNNEL_NOT_UP);
      return;
    }
    // RFC 4301 §5.1: what the policy protects is protected or discarded.
    if (!path.admitOutbound(requireProtection)) {
      counters.drop(DropReason.PROTECTION_REQUIRED);
      return;
    }
    path.usedUplink(nowNs);
    recorder.uplink(nowNs);
    path.tunnel().send(packet, underlay, toGuest, nowNs);
  }

  /** A tunnelled packet that the reader has just opened, §11.3.3. */
  void downlink(PacketBuffer outer, SignallingReader reader, long nowNs) {
    ByteBuffer bytes = outer.bytes();
    int inner = reader.innerOffset();
    HomeAddressPath path =
        paths.get(
            bytes.getLong(inner + Ipv6Header.DESTINATION),
            bytes.getLong(inner + Ipv6Header.DESTINATION + 8));
    if (path == null) {
      counters.drop(DropReason.INNER_DESTINATION_WRONG);
      return;
    }
    DropReason refused = check(path, outer, reader);
    if (refused == null) {
      refused = checkSource(path, bytes, inner + Ipv6Header.SOURCE);
    }
    if (refused == null) {
      refused = path.tunnel().receive(outer, inner, toGuest, nowNs);
    }
    if (refused != null) {
      counters.drop(refused);
      return;
    }
    recorder.downlink(nowNs);
    toGuest.send(outer);
  }

  private DropReason check(HomeAddressPath path, PacketBuffer outer, SignallingReader reader) {
    if (!lingering && (!open || !path.registration().isUnderWay())) {
      return DropReason.NO_BINDING;
    }
    // §11.3.3: "the mobile node MUST check that the IPv6 source address of the tunneled packet is
    // the IP address of its home agent."
    int at = outer.offset();
    if (!path.registration().homeAgent().matches(outer.bytes(), at + Ipv6Header.SOURCE)) {
      return DropReason.OUTER_SOURCE_WRONG;
    }
    if (!careOf.matches(outer.bytes(), at + Ipv6Header.DESTINATION)) {
      return DropReason.OUTER_DESTINATION_WRONG;
    }
    return path.refuseInbound(reader.association(), requireProtection, lingering);
  }

  /**
   * RFC 4291 §2.5.6: nothing link-local comes from beyond the link; the guest must not take it for
   * one of its neighbours. Nor does its own packet come back to it.
   */
  static DropReason checkSource(HomeAddressPath path, ByteBuffer bytes, int source) {
    long high = bytes.getLong(source);
    if (high >>> 54 == 0xfe80 >>> 6) {
      return DropReason.LINK_LOCAL_NOT_TUNNELLED;
    }
    boolean nobody = high == 0 && bytes.getLong(source + 8) >>> 1 == 0;
    return nobody
            || high >>> 56 == 0xff
            || path.registration().homeAddress().matches(bytes, source)
        ? DropReason.INNER_SOURCE_SPOOFED
        : null;
  }

  /**
   * An upper-layer packet of the home agent itself that came with a type 2 routing header: §11.3.3,
   * "the node swaps the IPv6 destination field with the Home Address field in the routing header";
   * the guest gets it without that header.
   */
  void routed(PacketBuffer outer, SignallingReader reader, long nowNs) {
    HomeAddressPath path = paths.get(reader.type2HomeAddress());
    if (path == null) {
      counters.drop(DropReason.ROUTING_HEADER_INVALID);
      return;
    }
    DropReason refused = check(path, outer, reader);
    if (refused != null) {
      counters.drop(refused);
      return;
    }
    ByteBuffer bytes = outer.bytes();
    int from = outer.offset();
    int to = reader.innerOffset() - Ipv6Header.BYTES;
    int payload = outer.end() - reader.innerOffset();
    for (int i = Ipv6Header.DESTINATION - 8; i >= 0; i -= 8) {
      bytes.putLong(to + i, bytes.getLong(from + i));
    }
    bytes.putShort(to + Ipv6Header.PAYLOAD_LENGTH, (short) payload);
    bytes.put(to + Ipv6Header.NEXT_HEADER, (byte) reader.upperLayerProtocol());
    reader.type2HomeAddress().write(bytes, to + Ipv6Header.DESTINATION);
    outer.set(to, Ipv6Header.BYTES + payload);
    recorder.downlink(nowNs);
    counters.add(Counter.TUNNEL_PACKETS_RECEIVED);
    counters.add(Counter.TUNNEL_OCTETS_RECEIVED, outer.length());
    toGuest.send(outer);
  }

  /**
   * An ICMPv6 error from inside a tunnel. The tunnel of the quoted inner source relays it; all
   * others with the same ends learn the path's MTU, too. RFC 4443 §5.2: where the inner packet is
   * to be seen and none of our addresses sent it, nothing is believed.
   */
  void icmpError(PacketBuffer error, long nowNs) {
    int quoted = Tunnel.quotedDestination(error);
    int inner = Tunnel.quotedInner(error);
    HomeAddressPath owner = inner < 0 ? null : sender(error, inner + Ipv6Header.SOURCE);
    if (!open || quoted < 0 || inner >= 0 && owner == null) {
      counters.drop(DropReason.ICMP_ERROR_UNMATCHED);
      return;
    }
    if (!icmpErrors.tryTake(nowNs)) {
      counters.drop(DropReason.ICMP_RATE_LIMITED);
      return;
    }
    byte[] copy = error.toBytes();
    DropReason refused = DropReason.ICMP_ERROR_UNMATCHED;
    for (HomeAddressPath path : paths.values()) {
      Ipv6Address remote = path.tunnel().remote();
      if (remote != null && remote.matches(error.bytes(), quoted)) {
        DropReason reason =
            path.tunnel()
                .onIcmpError(PacketBuffer.copyOf(copy), path == owner ? toGuest : null, nowNs);
        refused = refused == null || reason == null ? null : reason;
      }
    }
    if (refused != null) {
      counters.drop(refused);
    }
  }

  /** An outer packet did not go out because it is too big: the tunnels to its destination learn. */
  void tooBig(PacketBuffer outer, long nowNs) {
    int destination = outer.offset() + Ipv6Header.DESTINATION;
    for (HomeAddressPath path : paths.values()) {
      Ipv6Address remote = path.tunnel().remote();
      if (remote != null && remote.matches(outer.bytes(), destination)) {
        path.tunnel().onRefused(outer.length(), nowNs);
      }
    }
  }

  private HomeAddressPath sender(PacketBuffer error, int source) {
    return paths.get(error.bytes().getLong(source), error.bytes().getLong(source + 8));
  }
}
