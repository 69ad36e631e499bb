package org.kagemusha.tap.netlink;

import java.util.List;
import java.util.Optional;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;

/**
 * Asks the kernel by which interface and to which neighbour it would send packets, and whether that
 * is all that it would do with them. One thread at a time.
 */
public final class NextHopFinder implements AutoCloseable {

  /**
   * What was found.
   *
   * @param index the interface's, 0 where there is none
   * @param address the next hop's: a router, or the destination itself; null where there is none
   * @param mac that of the next hop, where it is resolved
   * @param obstacle why packets must be left to the kernel's routing, else null
   */
  public record Found(
      int index, Ipv6Address address, Optional<MacAddress> mac, String obstacle) {

    private static Found none(String obstacle) {
      return new Found(0, null, Optional.empty(), obstacle);
    }
  }

  private record RouteTaken(
      int type, int index, Optional<Ipv6Address> gateway, boolean encapsulates, boolean divides) {

    private static final int TYPE = 7;

    static Optional<RouteTaken> read(NetlinkReader reader) {
      if (reader.type() != Netlink.RTM_NEWROUTE || reader.bodyLength() < Netlink.RTMSG) {
        return Optional.empty();
      }
      int gateway = reader.attribute(Netlink.RTMSG, Netlink.RTA_GATEWAY);
      return Optional.of(
          new RouteTaken(
              reader.body8(TYPE),
              reader.value32(reader.attribute(Netlink.RTMSG, Netlink.RTA_OIF), 0),
              gateway >= 0 && reader.lengthOf(gateway) == Ipv6Address.BYTES
                  ? Optional.of(Ipv6Address.of(reader.octets(gateway)))
                  : Optional.empty(),
              reader.attribute(Netlink.RTMSG, Netlink.RTA_ENCAP) >= 0,
              reader.attribute(Netlink.RTMSG, Netlink.RTA_MULTIPATH) >= 0));
    }
  }

  private final RouteNetlink netlink;

  private NextHopFinder(RouteNetlink netlink) {
    this.netlink = netlink;
  }

  /** Opens a socket in the network namespace that the calling thread is in. */
  public static NextHopFinder open() throws KernelException {
    return new NextHopFinder(RouteNetlink.open());
  }

  /**
   * Finds the next hop of packets from this source to this destination.
   *
   * @throws KernelException where the kernel does not answer
   */
  public Found find(Ipv6Address source, Ipv6Address destination) throws KernelException {
    // What is taken, redirects included; and the route of the table, which says if it is several.
    Optional<RouteTaken> taken = route(source, destination, 0);
    Optional<RouteTaken> whole = route(source, destination, Netlink.RTM_F_FIB_MATCH);
    if (taken.isEmpty() || whole.isEmpty()) {
      return Found.none("no route");
    }
    RouteTaken route = taken.get();
    if (route.type() != Netlink.RTN_UNICAST) {
      return Found.none("not a route to another host");
    }
    if (route.encapsulates() || whole.get().encapsulates()) {
      return Found.none("the route encapsulates");
    }
    if (route.divides() || whole.get().divides()) {
      return Found.none("the route has several next hops");
    }
    Optional<Link> link = netlink.link(route.index());
    if (link.isEmpty() || !link.get().isUp()) {
      return Found.none("interface is down");
    }
    if (!isEthernet(route.index())) {
      return Found.none(link.get().name() + " is not Ethernet");
    }
    Ipv6Address address = route.gateway().orElse(destination);
    return new Found(route.index(), address, neighbour(route.index(), address), null);
  }

  private Optional<RouteTaken> route(Ipv6Address source, Ipv6Address destination, int flags)
      throws KernelException {
    NetlinkWriter writer = netlink.begin(Netlink.RTM_GETROUTE, 0, Netlink.RTMSG);
    writer.body8(0, Constants.AF_INET6).body8(1, 128).body8(2, 128).body32(8, flags);
    writer.attribute(Netlink.RTA_DST, destination.toBytes());
    writer.attribute(Netlink.RTA_SRC, source.toBytes());
    try {
      return first(
          netlink.request(writer, "RTM_GETROUTE", destination.toString(), RouteTaken::read));
    } catch (KernelException e) {
      // By this the kernel tells of routes and rules that drop.
      if (e.errno() == Errno.ENETUNREACH
          || e.errno() == Errno.EHOSTUNREACH
          || e.errno() == Errno.EACCES
          || e.errno() == Errno.EINVAL) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private boolean isEthernet(int index) throws KernelException {
    NetlinkWriter writer =
        netlink.begin(Netlink.RTM_GETLINK, 0, Netlink.IFINFOMSG).body32(4, index);
    return netlink
        .request(
            writer, "RTM_GETLINK", "interface " + index,
            reader -> Optional.of(reader.body16(Netlink.IFI_TYPE) == Netlink.ARPHRD_ETHER))
        .contains(true);
  }

  private Optional<MacAddress> neighbour(int index, Ipv6Address address) throws KernelException {
    NetlinkWriter writer = netlink.begin(Netlink.RTM_GETNEIGH, 0, Netlink.NDMSG);
    writer.body8(0, Constants.AF_INET6).body32(4, index);
    writer.attribute(Netlink.NDA_DST, address.toBytes());
    try {
      return first(netlink.request(writer, "RTM_GETNEIGH", address.toString(), Neighbour::read))
          .flatMap(Neighbour::mac);
    } catch (KernelException e) {
      if (e.errno() == Errno.ENOENT) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static <T> Optional<T> first(List<T> found) {
    return found.stream().findFirst();
  }

  @Override
  public void close() {
    netlink.close();
  }
}
