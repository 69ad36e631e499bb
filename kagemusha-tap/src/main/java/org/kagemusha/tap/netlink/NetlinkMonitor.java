package org.kagemusha.tap.netlink;

import java.nio.ByteOrder;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.FilterProgram;
import org.kagemusha.tap.libc.KernelException;

/**
 * Hears changes of links, IPv6 addresses, IPv6 routes and IPv6 rules, and of IPv6 neighbours where
 * that is wanted. Open it before asking {@link
 * RouteNetlink} for the present state, so that nothing is missed in between. One thread.
 */
public final class NetlinkMonitor implements AutoCloseable {

  /**
   * What changed. Events repeat and carry the whole state, so they may be taken as "look again".
   */
  public interface Listener {

    /** An address appeared, or its flags or lifetimes changed. */
    default void onAddress(InterfaceAddress address) {}

    /** An address is gone. */
    default void onAddressRemoved(InterfaceAddress address) {}

    /** A link appeared, or its flags, MTU, name or master changed. */
    default void onLink(Link link) {}

    /** A link is gone. */
    default void onLinkRemoved(Link link) {}

    /** Some IPv6 route came or went that leads to another host. */
    default void onRoutes() {}

    /** Some IPv6 rule came or went. */
    default void onRules() {}

    /** The neighbour cache has changed. */
    default void onNeighbour(Neighbour neighbour) {}

    /** Events were lost: ask for everything again. */
    default void onOverrun() {}
  }

  private static final int GROUPS =
      Netlink.RTMGRP_LINK
          | Netlink.RTMGRP_IPV6_IFADDR
          | Netlink.RTMGRP_IPV6_ROUTE
          | Netlink.RTMGRP_IPV6_RULE;

  private static final int DRAIN_AT_MOST = 64;

  /** Where a route message has its table, if that is below 256. */
  private static final int RTM_TABLE = 4;

  private final NetlinkSocket socket;

  private NetlinkMonitor(NetlinkSocket socket) {
    this.socket = socket;
  }

  /** Starts to listen in the network namespace that the calling thread is in. */
  public static NetlinkMonitor open() throws KernelException {
    return open(false);
  }

  /**
   * Starts to listen in the network namespace that the calling thread is in.
   *
   * @param neighbours whether to hear of these too: on a busy link there is much to hear
   */
  public static NetlinkMonitor open(boolean neighbours) throws KernelException {
    NetlinkSocket socket =
        new NetlinkSocket(
            Netlink.NETLINK_ROUTE, neighbours ? GROUPS | Netlink.RTMGRP_NEIGH : GROUPS);
    if (neighbours) {
      socket.filter(ipv6Neighbours());
    }
    return new NetlinkMonitor(socket);
  }

  /** All but neighbours of other protocols: those of IPv4, and what bridges learn. */
  private static FilterProgram ipv6Neighbours() {
    return new FilterProgram.Assembler()
        .load(FilterProgram.HALF, Netlink.TYPE)
        .skipIf(loaded(Netlink.RTM_NEWNEIGH), 1)
        .acceptUnless(loaded(Netlink.RTM_DELNEIGH))
        .load(FilterProgram.OCTET, Netlink.HEADER)
        .acceptIf(Constants.AF_INET6)
        .finish();
  }

  /** A number of netlink's, in the machine's byte order, as a filter loads it. */
  private static int loaded(int type) {
    return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
        ? Short.toUnsignedInt(Short.reverseBytes((short) type))
        : type;
  }

  /** The descriptor to poll for input. */
  public int fd() {
    return socket.fd();
  }

  /**
   * Reports what is there, some datagrams of it: on a router with a full table there is no end of
   * it, and the caller has other things to do. Returns at once where nothing is.
   *
   * @return how many datagrams were read
   */
  public int drain(Listener listener) throws KernelException {
    int read = 0;
    for (; read < DRAIN_AT_MOST; read++) {
      NetlinkReader reader;
      try {
        reader = socket.receive();
      } catch (KernelException e) {
        if (e.errno() != Errno.ENOBUFS) {
          throw e;
        }
        listener.onOverrun();
        continue;
      }
      if (reader == null) {
        break;
      }
      dispatch(reader, listener);
    }
    return read;
  }

  static void dispatch(NetlinkReader reader, Listener listener) {
    boolean routes = false;
    boolean rules = false;
    while (reader.next()) {
      switch (reader.type()) {
        case Netlink.RTM_NEWADDR ->
            InterfaceAddress.read(reader).ifPresent(listener::onAddress);
        case Netlink.RTM_DELADDR ->
            InterfaceAddress.read(reader).ifPresent(listener::onAddressRemoved);
        case Netlink.RTM_NEWLINK -> Link.read(reader).ifPresent(listener::onLink);
        case Netlink.RTM_DELLINK -> Link.read(reader).ifPresent(listener::onLinkRemoved);
        case Netlink.RTM_NEWROUTE, Netlink.RTM_DELROUTE ->
            routes |=
                reader.body8(0) == Constants.AF_INET6
                    && reader.body8(RTM_TABLE) != Netlink.RT_TABLE_LOCAL;
        case Netlink.RTM_NEWRULE, Netlink.RTM_DELRULE ->
            rules |= reader.body8(0) == Constants.AF_INET6;
        case Netlink.RTM_NEWNEIGH, Netlink.RTM_DELNEIGH ->
            Neighbour.read(reader).ifPresent(listener::onNeighbour);
        default -> { }
      }
    }
    if (routes) {
      listener.onRoutes();
    }
    if (rules) {
      listener.onRules();
    }
  }

  @Override
  public void close() {
    socket.close();
  }
}
