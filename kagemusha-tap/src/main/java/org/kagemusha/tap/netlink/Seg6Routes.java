package org.kagemusha.tap.netlink;

import java.util.Optional;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;

/**
 * Routes of one table by which the kernel itself encapsulates: {@code encap seg6 mode encap.red}
 * with a single segment, which is IPv6 in IPv6 without a routing header (RFC 8986 §5.2).
 */
public final class Seg6Routes {

  /** Who made a route or rule, among the numbers that nobody has been given. */
  static final int PROTOCOL = 107;

  private static final int ENTIRE = 128;
  private static final int ROUTING_TYPE = 4;
  private static final int CREATE = Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL;
  private static final int REPLACE = Netlink.NLM_F_CREATE | Netlink.NLM_F_REPLACE;

  private final RouteNetlink netlink;
  private final int table;
  private final int index;

  /**
   * Changes nothing yet.
   *
   * @param table its number, unsigned
   * @param index the interface that the routes belong to, and vanish with
   */
  public Seg6Routes(RouteNetlink netlink, int table, int index) {
    this.netlink = netlink;
    this.table = table;
    this.index = index;
  }

  /**
   * Makes everything without a route of its own be encapsulated.
   *
   * @param remote the outer destination
   * @throws KernelException EOPNOTSUPP or EINVAL where the kernel lacks CONFIG_IPV6_SEG6_LWTUNNEL
   */
  public void encapsulateAll(Ipv6Address remote) throws KernelException {
    replace(null, remote);
  }

  /**
   * Makes what goes to a destination be encapsulated, perhaps otherwise than before.
   *
   * @param remote the outer destination
   * @throws KernelException EOPNOTSUPP or EINVAL where the kernel lacks CONFIG_IPV6_SEG6_LWTUNNEL
   */
  public void encapsulate(Ipv6Address destination, Ipv6Address remote) throws KernelException {
    replace(destination, remote);
  }

  /** Sends what goes to a destination out by the interface, as it is. */
  public void direct(Ipv6Address destination) throws KernelException {
    NetlinkWriter writer = route(Netlink.RTM_NEWROUTE, CREATE, destination);
    netlink.unless(Errno.EEXIST, writer, "add route", destination.toString());
  }

  /** Leaves what goes to a destination to the rules that follow, whatever other routes say. */
  public void leave(Ipv6Address destination) throws KernelException {
    NetlinkWriter writer = netlink.begin(Netlink.RTM_NEWROUTE, CREATE, Netlink.RTMSG);
    writer.body8(0, Constants.AF_INET6).body8(1, ENTIRE);
    writer.body8(5, PROTOCOL).body8(7, Netlink.RTN_THROW);
    writer.attribute(Netlink.RTA_DST, destination.toBytes());
    writer.attribute32(Netlink.RTA_TABLE, table);
    netlink.unless(Errno.EEXIST, writer, "add throw route", destination.toString());
  }

  /** Undoes {@link #leave}: such a route belongs to no interface, and vanishes with none. */
  public void leaveNoLonger(Ipv6Address destination) throws KernelException {
    NetlinkWriter writer = netlink.begin(Netlink.RTM_DELROUTE, 0, Netlink.RTMSG);
    writer.body8(0, Constants.AF_INET6).body8(1, ENTIRE).body8(7, Netlink.RTN_THROW);
    writer.attribute(Netlink.RTA_DST, destination.toBytes());
    writer.attribute32(Netlink.RTA_TABLE, table);
    netlink.unless(Errno.ESRCH, writer, "delete throw route", destination.toString());
  }

  /**
   * Takes the route to a destination away.
   *
   * @return false where there was none
   */
  public boolean delete(Ipv6Address destination) throws KernelException {
    NetlinkWriter writer = route(Netlink.RTM_DELROUTE, 0, destination);
    return netlink.unless(Errno.ESRCH, writer, "delete route", destination.toString());
  }

  /**
   * Asks the kernel whether a packet that comes by the interface would be routed by this table to
   * the interface: not where the destination is the host's own, or another rule comes first.
   */
  public boolean leads(Ipv6Address source, Ipv6Address destination) throws KernelException {
    NetlinkWriter writer = netlink.begin(Netlink.RTM_GETROUTE, 0, Netlink.RTMSG);
    writer.body8(0, Constants.AF_INET6).body8(1, ENTIRE).body8(2, ENTIRE);
    writer.attribute(Netlink.RTA_DST, destination.toBytes());
    writer.attribute(Netlink.RTA_SRC, source.toBytes());
    writer.attribute32(Netlink.RTA_IIF, index);
    try {
      return netlink
          .request(writer, "RTM_GETROUTE", destination.toString(), this::isOurs)
          .contains(true);
    } catch (KernelException e) {
      // By this the kernel tells of routes and rules that drop.
      if (e.errno() == Errno.ENETUNREACH
          || e.errno() == Errno.EHOSTUNREACH
          || e.errno() == Errno.EACCES
          || e.errno() == Errno.EINVAL) {
        return false;
      }
      throw e;
    }
  }

  private Optional<Boolean> isOurs(NetlinkReader reader) {
    return Optional.of(
        reader.type() == Netlink.RTM_NEWROUTE
            && reader.value32(reader.attribute(Netlink.RTMSG, Netlink.RTA_TABLE), 0) == table
            && reader.value32(reader.attribute(Netlink.RTMSG, Netlink.RTA_OIF), 0) == index
            && reader.attribute(Netlink.RTMSG, Netlink.RTA_ENCAP) >= 0);
  }

  private void replace(Ipv6Address destination, Ipv6Address remote) throws KernelException {
    NetlinkWriter writer = route(Netlink.RTM_NEWROUTE, REPLACE, destination);
    putEncapsulation(writer, remote);
    String what = (destination == null ? "default" : destination.toString()) + " by " + remote;
    netlink.request(writer, "add seg6 route", what, reader -> Optional.empty());
  }

  private NetlinkWriter route(int type, int flags, Ipv6Address destination) {
    NetlinkWriter writer = netlink.begin(type, flags, Netlink.RTMSG);
    writer.body8(0, Constants.AF_INET6).body8(1, destination == null ? 0 : ENTIRE);
    writer.body8(5, PROTOCOL).body8(7, Netlink.RTN_UNICAST);
    if (destination != null) {
      writer.attribute(Netlink.RTA_DST, destination.toBytes());
    }
    writer.attribute32(Netlink.RTA_TABLE, table);
    return writer.attribute32(Netlink.RTA_OIF, index);
  }

  /** {@code struct seg6_iptunnel_encap}: the mode, and a segment routing header (RFC 8754 §2). */
  static void putEncapsulation(NetlinkWriter writer, Ipv6Address segment) {
    byte[] srh = new byte[8 + Ipv6Address.BYTES];
    srh[1] = (byte) (Ipv6Address.BYTES / 8);
    srh[2] = ROUTING_TYPE;
    System.arraycopy(segment.toBytes(), 0, srh, 8, Ipv6Address.BYTES);
    writer.attribute16(Netlink.RTA_ENCAP_TYPE, Netlink.LWTUNNEL_ENCAP_SEG6);
    int encapsulation = writer.beginNested(Netlink.RTA_ENCAP);
    writer.attributeBehind32(
        Netlink.SEG6_IPTUNNEL_SRH, Netlink.SEG6_IPTUN_MODE_ENCAP_RED, srh);
    writer.endNested(encapsulation);
  }
}
