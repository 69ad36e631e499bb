package org.kagemusha.tap.netlink;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;

/**
 * Asks and changes links, addresses and routes. The kernel answers within the call, so nothing here
 * waits for the network. One thread at a time; the network namespace is that of the thread that
 * opened it.
 */
public final class RouteNetlink implements AutoCloseable {

  private static final int GLOBAL = 0;

  private final NetlinkSocket socket;

  private RouteNetlink(NetlinkSocket socket) {
    this.socket = socket;
  }

  /** Opens a socket; asking needs no privilege, changing needs CAP_NET_ADMIN. */
  public static RouteNetlink open() throws KernelException {
    return new RouteNetlink(new NetlinkSocket(Netlink.NETLINK_ROUTE, 0));
  }

  /** All links. */
  public List<Link> links() throws KernelException {
    NetlinkWriter writer = begin(Netlink.RTM_GETLINK, Netlink.NLM_F_DUMP, Netlink.IFINFOMSG);
    return request(writer, "RTM_GETLINK", "all", Link::read);
  }

  /** The link of a name, absent where there is none. */
  public Optional<Link> link(String name) throws KernelException {
    NetlinkWriter writer = begin(Netlink.RTM_GETLINK, 0, Netlink.IFINFOMSG);
    writer.attributeString(Netlink.IFLA_IFNAME, checkedName(name));
    return present(() -> request(writer, "RTM_GETLINK", name, Link::read));
  }

  /** The link of an index, absent where there is none. */
  public Optional<Link> link(int index) throws KernelException {
    NetlinkWriter writer = begin(Netlink.RTM_GETLINK, 0, Netlink.IFINFOMSG).body32(4, index);
    return present(() -> request(writer, "RTM_GETLINK", "interface " + index, Link::read));
  }

  /** The link of a name. Where there is none the exception says so (ENODEV). */
  public Link requireLink(String name) throws KernelException {
    Optional<Link> link = link(name);
    if (link.isEmpty()) {
      throw KernelException.of("RTM_GETLINK", name, Errno.ENODEV);
    }
    return link.get();
  }

  /** Sets a link up or down. */
  public void setUp(int index, boolean up) throws KernelException {
    NetlinkWriter writer = setLink(index);
    writer.body32(8, up ? Constants.IFF_UP : 0).body32(12, Constants.IFF_UP);
    request(writer, up ? "set up" : "set down", "interface " + index, Link::read);
  }

  /** Sets a link's MTU in octets. */
  public void setMtu(int index, int mtu) throws KernelException {
    NetlinkWriter writer = setLink(index).attribute32(Netlink.IFLA_MTU, mtu);
    request(writer, "set MTU " + mtu, "interface " + index, Link::read);
  }

  /** Sets a link's hardware address. */
  public void setMac(int index, MacAddress mac) throws KernelException {
    NetlinkWriter writer = setLink(index).attribute(Netlink.IFLA_ADDRESS, mac.toBytes());
    request(writer, "set MAC address " + mac, "interface " + index, Link::read);
  }

  /** Makes a link the port of a bridge, or of none with a master of 0. */
  public void setMaster(int index, int master) throws KernelException {
    NetlinkWriter writer = setLink(index).attribute32(Netlink.IFLA_MASTER, master);
    request(writer, "set master " + master, "interface " + index, Link::read);
  }

  /** Keeps the kernel from giving a link a link-local address of its own when it comes up. */
  public void setNoLinkLocalAddress(int index) throws KernelException {
    NetlinkWriter writer = setLink(index);
    int families = writer.beginNested(Netlink.IFLA_AF_SPEC);
    int ipv6 = writer.beginNested(Constants.AF_INET6);
    writer.attribute8(Netlink.IFLA_INET6_ADDR_GEN_MODE, Netlink.IN6_ADDR_GEN_MODE_NONE);
    writer.endNested(ipv6).endNested(families);
    request(writer, "set addrgenmode none", "interface " + index, Link::read);
  }

  /** The IPv6 addresses of an interface, or of all with an index of 0. */
  public List<InterfaceAddress> addresses(int index) throws KernelException {
    NetlinkWriter writer = begin(Netlink.RTM_GETADDR, Netlink.NLM_F_DUMP, Netlink.IFADDRMSG);
    writer.body8(0, Constants.AF_INET6);
    List<InterfaceAddress> all = request(writer, "RTM_GETADDR", "all", InterfaceAddress::read);
    all.removeIf(address -> index != 0 && address.index() != index);
    return all;
  }

  /**
   * Gives an interface an address that the host never picks by itself as a source: a /128 with
   * preferred lifetime 0 (deprecated, RFC 4862 §5.5.4), valid without end, without a prefix route.
   *
   * @param detectDuplicates whether the kernel runs duplicate address detection first; its outcome
   *     comes by {@link NetlinkMonitor}: {@link InterfaceAddress#isTentative()} ends, or {@link
   *     InterfaceAddress#isDuplicate()} begins
   * @return false where the interface had the address already; nothing is changed then
   */
  public boolean addHostAddress(int index, Ipv6Address address, boolean detectDuplicates)
      throws KernelException {
    byte[] deprecated = new byte[16];
    Arrays.fill(deprecated, 4, 8, (byte) 0xff);
    int flags = InterfaceAddress.NO_PREFIX_ROUTE | (detectDuplicates ? 0 : InterfaceAddress.NO_DAD);
    return addHostAddress(index, address, flags, deprecated);
  }

  /**
   * Gives an interface an address that is the host's already: a /128 that is preferred and valid
   * without end, without a prefix route and without duplicate address detection.
   *
   * @return false where the interface had the address already; nothing is changed then
   */
  public boolean addSourceAddress(int index, Ipv6Address address) throws KernelException {
    byte[] preferred = new byte[16];
    Arrays.fill(preferred, 0, 8, (byte) 0xff);
    int flags = InterfaceAddress.NO_PREFIX_ROUTE | InterfaceAddress.NO_DAD;
    return addHostAddress(index, address, flags, preferred);
  }

  private boolean addHostAddress(int index, Ipv6Address address, int flags, byte[] cacheInfo)
      throws KernelException {
    NetlinkWriter writer =
        addressMessage(
            Netlink.RTM_NEWADDR, Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL, index, address);
    writer.attribute32(Netlink.IFA_FLAGS, flags).attribute(Netlink.IFA_CACHEINFO, cacheInfo);
    return unless(Errno.EEXIST, writer, "add address " + address, "interface " + index);
  }

  /**
   * Takes a /128 away from an interface.
   *
   * @return false where it was not there
   */
  public boolean deleteHostAddress(int index, Ipv6Address address) throws KernelException {
    NetlinkWriter writer = addressMessage(Netlink.RTM_DELADDR, 0, index, address);
    return unless(
        Errno.EADDRNOTAVAIL, writer, "delete address " + address, "interface " + index);
  }

  /** The way to a destination, absent where there is none. */
  public Optional<Route> routeTo(Ipv6Address destination) throws KernelException {
    NetlinkWriter writer = begin(Netlink.RTM_GETROUTE, 0, Netlink.RTMSG);
    writer.body8(0, Constants.AF_INET6).body8(1, 128);
    writer.attribute(Netlink.RTA_DST, destination.toBytes());
    try {
      return request(writer, "RTM_GETROUTE", destination.toString(), Route::read).stream()
          .findFirst();
    } catch (KernelException e) {
      if (e.errno() == Errno.ENETUNREACH || e.errno() == Errno.EHOSTUNREACH) {
        return Optional.empty();
      }
      throw e;
    }
  }

  @Override
  public void close() {
    socket.close();
  }

  /** Begins a request; give it to {@link #request} before the next is begun. */
  NetlinkWriter begin(int type, int flags, int bodyLength) {
    return socket.begin(type, flags, bodyLength);
  }

  private NetlinkWriter setLink(int index) {
    return begin(Netlink.RTM_NEWLINK, 0, Netlink.IFINFOMSG).body32(4, index);
  }

  private NetlinkWriter addressMessage(int type, int flags, int index, Ipv6Address address) {
    NetlinkWriter writer = begin(type, flags, Netlink.IFADDRMSG);
    writer.body8(0, Constants.AF_INET6).body8(1, 128).body8(3, GLOBAL).body32(4, index);
    writer.attribute(Netlink.IFA_LOCAL, address.toBytes());
    return writer.attribute(Netlink.IFA_ADDRESS, address.toBytes());
  }

  /** Has the kernel do something; false where it answers by one error number. */
  boolean unless(int errno, NetlinkWriter writer, String operation, String object)
      throws KernelException {
    try {
      request(writer, operation, object, reader -> Optional.empty());
      return true;
    } catch (KernelException e) {
      if (e.errno() == errno) {
        return false;
      }
      throw e;
    }
  }

  private interface Request<T> {
    List<T> run() throws KernelException;
  }

  private static <T> Optional<T> present(Request<T> request) throws KernelException {
    try {
      return request.run().stream().findFirst();
    } catch (KernelException e) {
      if (e.errno() == Errno.ENODEV || e.errno() == Errno.ENXIO) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** As {@link NetlinkSocket#request}. */
  <T> List<T> request(
      NetlinkWriter writer,
      String operation,
      String object,
      Function<NetlinkReader, Optional<T>> parser)
      throws KernelException {
    return socket.request(writer, operation, object, parser);
  }

  private static String checkedName(String name) {
    if (name.isEmpty() || name.length() >= Constants.IFNAMSIZ) {
      throw new IllegalArgumentException("an interface name has 1 to 15 characters: " + name);
    }
    return name;
  }
}
