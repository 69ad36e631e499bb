package org.kagemusha.daemon.service;

import java.io.IOException;
import org.kagemusha.daemon.loop.PacketSource;
import org.kagemusha.tap.netlink.InterfaceAddress;
import org.kagemusha.tap.netlink.Link;
import org.kagemusha.tap.netlink.NetlinkMonitor;

/** Netlink events, each of which only says "look again". */
final class MonitorSource implements PacketSource, NetlinkMonitor.Listener, AutoCloseable {

  private final NetlinkMonitor monitor;
  private final Runnable onChange;
  private final Links links;
  private boolean changed;
  private boolean addressesChanged;
  private boolean addressRemoved;
  private boolean rulesChanged;

  MonitorSource(NetlinkMonitor monitor, Runnable onChange, Links links) {
    this.monitor = monitor;
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
    changed = true;
    addressesChanged = true;
  }

  @Override
  public void onAddressRemoved(InterfaceAddress address) {
    changed = true;
    addressRemoved = true;
  }

  @Override
  public void onLink(Link link) {
    changed = true;
  }

  @Override
  public void onLinkRemoved(Link link) {
    changed = true;
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
  public void onOverrun() {
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
