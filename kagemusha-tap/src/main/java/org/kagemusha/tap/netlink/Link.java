package org.kagemusha.tap.netlink;

import static org.kagemusha.tap.libc.Constants.IFF_RUNNING;
import static org.kagemusha.tap.libc.Constants.IFF_UP;

import java.util.Optional;
import org.kagemusha.core.wire.MacAddress;

/**
 * A network interface as the kernel described it.
 *
 * @param index its number, 1 or more
 * @param name its name
 * @param mac its hardware address, absent where it has none of six octets
 * @param mtu its MTU in octets
 * @param flags {@code IFF_...}
 * @param master the index of the bridge that it is a port of, or 0
 * @param kind {@code bridge}, {@code tun} (tap devices too), {@code veth} ..., or empty
 */
public record Link(
    int index, String name, Optional<MacAddress> mac, int mtu, int flags, int master, String kind) {

  /** Says whether it was set up by the administrator. */
  public boolean isUp() {
    return (flags & IFF_UP) != 0;
  }

  /** Says whether it is up and has a carrier. */
  public boolean isRunning() {
    return (flags & IFF_RUNNING) != 0;
  }

  /** Says whether it is a bridge. */
  public boolean isBridge() {
    return kind.equals("bridge");
  }

  /** Says whether it is a tun or a tap device. */
  public boolean isTun() {
    return kind.equals("tun");
  }

  /** Takes a link message apart; empty where it is none, or one of a bridge about its ports. */
  static Optional<Link> read(NetlinkReader reader) {
    int type = reader.type();
    boolean isLink = type == Netlink.RTM_NEWLINK || type == Netlink.RTM_DELLINK;
    boolean isOfBridge = reader.body8(0) != 0;
    int name = reader.attribute(Netlink.IFINFOMSG, Netlink.IFLA_IFNAME);
    if (!isLink || isOfBridge || reader.bodyLength() < Netlink.IFINFOMSG || name < 0) {
      return Optional.empty();
    }
    int mac = reader.attribute(Netlink.IFINFOMSG, Netlink.IFLA_ADDRESS);
    int info = reader.attribute(Netlink.IFINFOMSG, Netlink.IFLA_LINKINFO);
    return Optional.of(
        new Link(
            reader.body32(4),
            reader.string(name),
            mac >= 0 && reader.lengthOf(mac) == MacAddress.BYTES
                ? Optional.of(MacAddress.of(reader.octets(mac)))
                : Optional.empty(),
            reader.value32(reader.attribute(Netlink.IFINFOMSG, Netlink.IFLA_MTU), 0),
            reader.body32(8),
            reader.value32(reader.attribute(Netlink.IFINFOMSG, Netlink.IFLA_MASTER), 0),
            info < 0 ? "" : reader.string(reader.nested(info, Netlink.IFLA_INFO_KIND))));
  }
}
