package org.kagemusha.daemon.service;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.kagemusha.daemon.loop.PacketSource;
import org.kagemusha.tap.netlink.InterfaceAddress;
import org.kagemusha.tap.netlink.Link;
import org.kagemusha.tap.netlink.Neighbour;
import org.kagemusha.tap.netlink.NetlinkMonitor;

/**
 * Netlink events, each of which only says "look again". With hundreds of daemons on a host, each
 * start of one is told to all, several times: what says nothing new, or is another one's, is left.
 */
final class MonitorSource implements PacketSource, NetlinkMonitor.Listener, AutoCloseable {

  /** Which addresses and interfaces a service has to do with. */
  interface Interest {

    /** Of all. */
    Interest ALL = new Interest() {};

    /** Says whether to look again because of this address. */
    default boolean in(InterfaceAddress address) {
      return true;
    }

    /** Says whether to look again because of this interface. */
    default boolean in(Link link) {
      return true;
    }
  }

  private final NetlinkMonitor monitor;
  private final Interest interest;
  private final Runnable onChange;
  private final Links links;

  /** By their indices, as they were last told. */
  private final Map<Integer, Link> known = new HashMap<>();

  private boolean changed;
  private boolean addressesChanged;
  private boolean addressRemoved;
  private boolean rulesChanged;

  MonitorSource(NetlinkMonitor monitor, Interest interest, Runnable onChange, Links links) {
    this.monitor = monitor;
    this.interest = interest;
    this.onChange = onChange;
    this.links = links;
  }

  @Override
  public int descriptor() {
    return monitor.fd();
  }

  @Override
  public int receive(long nowNs) throws IOException {
    changed = false;
    addressesChanged = false;
    addressRemoved = false;
    rulesChanged = false;
    monitor.drain(this);
    if (changed || rulesChanged) {
      links.otherWays();
    }
    if (addressRemoved) {
      links.again();
    } else if (addressesChanged || rulesChanged) {
      links.changed(rulesChanged);
    }
    if (changed) {
      onChange.run();
    }
    return 0;
  }

  @Override
  public void onAddress(InterfaceAddress address) {
    if (interest.in(address)) {
      changed = true;
      addressesChanged = true;
    }
  }

  @Override
  public void onAddressRemoved(InterfaceAddress address) {
    if (interest.in(address)) {
      changed = true;
      addressRemoved = true;
    }
  }

  @Override
  public void onLink(Link link) {
    if (interest.in(link) && !link.equals(known.put(link.index(), link))) {
      changed = true;
    }
  }

  @Override
  public void onLinkRemoved(Link link) {
    if (interest.in(link)) {
      known.remove(link.index());
      changed = true;
    }
  }

  @Override
  public void onRoutes() {
    changed = true;
  }

  @Override
  public void onRules() {
    rulesChanged = true;
  }

  @Override
  public void onNeighbour(Neighbour neighbour) {
    links.neighbour(neighbour);
  }

  @Override
  public void onOverrun() {
    known.clear();
    changed = true;
    rulesChanged = true;
  }

  @Override
  public String name() {
    return "netlink";
  }

  @Override
  public void close() {
    monitor.close();
  }
}
