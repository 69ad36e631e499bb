package org.kagemusha.tap.netlink;

import java.util.Optional;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * The way that the kernel would send packets to a destination.
 *
 * @param index the interface they leave by
 * @param gateway the next hop, absent where the destination is on the link
 * @param source the source address that the host would pick
 * @param mtu the path's or route's MTU in octets, or 0 where only the interface's holds
 */
public record Route(
    int index, Optional<Ipv6Address> gateway, Optional<Ipv6Address> source, int mtu) {

  /** Takes a route message apart; empty where it is none, or one that names no interface. */
  static Optional<Route> read(NetlinkReader reader) {
    int index = reader.value32(reader.attribute(Netlink.RTMSG, Netlink.RTA_OIF), 0);
    if (reader.type() != Netlink.RTM_NEWROUTE || index == 0) {
      return Optional.empty();
    }
    int metrics = reader.attribute(Netlink.RTMSG, Netlink.RTA_METRICS);
    return Optional.of(
        new Route(
            index,
            address(reader, Netlink.RTA_GATEWAY),
            address(reader, Netlink.RTA_PREFSRC),
            metrics < 0 ? 0 : reader.value32(reader.nested(metrics, Netlink.RTAX_MTU), 0)));
  }

  private static Optional<Ipv6Address> address(NetlinkReader reader, int type) {
    int value = reader.attribute(Netlink.RTMSG, type);
    return value >= 0 && reader.lengthOf(value) == Ipv6Address.BYTES
        ? Optional.of(Ipv6Address.of(reader.octets(value)))
        : Optional.empty();
  }
}
