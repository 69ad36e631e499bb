package org.kagemusha.daemon.service;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netlink.PolicyRule;
import org.kagemusha.tap.netlink.PolicyRule.Action;
import org.kagemusha.tap.netlink.PolicyRules;
import org.kagemusha.tap.netlink.RouteNetlink;
import org.kagemusha.tap.netlink.Seg6Routes;
import org.kagemusha.tap.tap.TunDevice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the kernel encapsulate super-packets: they go into a tun, and a table of its own has seg6
 * routes for all that comes by it. The tun has the tunnel's local address, so that the kernel takes
 * it for the outer source. Rules send what is encapsulated, being from that address, on to the
 * ordinary tables, and drop what has no route of ours.
 *
 * <p>No packet is written before the kernel has said that a packet from there to its destination
 * takes such a route; that is remembered until addresses or rules change. The tun, its address and
 * routes vanish with the process; rules of a killed one are removed by the next. The loop's thread,
 * or the starting one before.
 */
final class KernelEncapsulation implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(KernelEncapsulation.class);

  private static final String NAME = "kge%d";
  private static final int FEW_DESTINATIONS = 1 << 10;

  /** The tables' numbers are this and the tun's index, where nobody else has tables. */
  private static final int FIRST_TABLE = 0x6b00_0000;

  /** Before what an administrator usually has; the rule of local addresses is 0 and stays first. */
  private static final int FIRST_PRIORITY = 100;

  private static final String NO_ADDRESS = "no local address";

  /** A home agent with more tunnels asks the kernel more often. */
  private static final int MOST_PEERS = 10_000;

  private static final int BEYOND = FIRST_PRIORITY + 3;

  private final TunDevice tun;
  private final RouteNetlink netlink;
  private final PolicyRules rules;
  private final Seg6Routes routes;
  private final EncapsulationTrial trial;
  private final EncapsulatedDestinations destinations;
  private final boolean perDestination;
  private final List<PolicyRule> standing;

  /** Of killed processes; what in them belongs to no interface is left. */
  private final List<Seg6Routes> tablesOfOthers = new ArrayList<>();

  private Ipv6Address local;
  private Ipv6Address everythingTo;
  private PolicyRule passage;
  private String reason = NO_ADDRESS;

  private KernelEncapsulation(TunDevice tun, RouteNetlink netlink, int peers)
      throws KernelException {
    this.tun = tun;
    this.netlink = netlink;
    perDestination = peers > 1;
    destinations = new EncapsulatedDestinations(
        perDestination ? Math.min(peers, MOST_PEERS) : FEW_DESTINATIONS);
    rules = new PolicyRules(netlink);
    routes = new Seg6Routes(netlink, FIRST_TABLE + tun.index(), tun.index());
    trial = new EncapsulationTrial(tun, routes);
    // In the order in which they are added: there is no moment in which a packet could pass.
    standing =
        List.of(
            rule(BEYOND, Optional.empty(), Action.NOTHING, 0),
            rule(BEYOND - 1, Optional.empty(), Action.DROP, 0),
            rule(BEYOND - 2, Optional.empty(), Action.TABLE, FIRST_TABLE + tun.index()));
  }

  /**
   * Makes the tun and its rules.
   *
   * @param peers how many tunnels there are about; with 1 everything goes to the same remote end
   */
  static KernelEncapsulation open(int peers) throws KernelException {
    TunDevice tun = TunDevice.open(NAME);
    RouteNetlink netlink = null;
    try {
      netlink = RouteNetlink.open();
      KernelEncapsulation made = new KernelEncapsulation(tun, netlink, peers);
      made.removeLeftovers();
      made.assertRules();
      return made;
    } catch (KernelException | RuntimeException e) {
      if (netlink != null) {
        netlink.close();
      }
      tun.close();
      throw e;
    }
  }

  private PolicyRule rule(
      int priority, Optional<Ipv6Address> source, Action action, int value) {
    return new PolicyRule(priority, tun.name(), source, action, value);
  }

  private void removeLeftovers() throws KernelException {
    for (PolicyRule old : rules.all()) {
      if (old.orphaned() || old.interfaceName().equals(tun.name())) {
        rules.delete(old);
        if (old.action() == Action.TABLE) {
          tablesOfOthers.add(new Seg6Routes(netlink, old.value(), 0));
        }
      }
    }
  }

  private void assertRules() throws KernelException {
    for (PolicyRule one : standing) {
      rules.add(one);
    }
    if (passage != null) {
      rules.add(passage);
    }
  }

  /** The tun's name. */
  String interfaceName() {
    return tun.name();
  }

  /** Null while the kernel encapsulates, else why it does not. */
  String reason() {
    return reason;
  }

  /**
   * Follows the tunnel's local address, and tries whether the kernel does what it shall.
   *
   * @param address null for none
   */
  void local(Ipv6Address address) {
    if (address != null && address.equals(local)) {
      return;
    }
    try {
      withdraw();
      if (address == null) {
        return;
      }
      netlink.addSourceAddress(tun.index(), address);
      local = address;
      tryOut();
    } catch (KernelException e) {
      say(e.getMessage());
    }
  }

  private void withdraw() throws KernelException {
    reason = NO_ADDRESS;
    destinations.doubtAll();
    closePassage();
    if (local != null) {
      Ipv6Address old = local;
      local = null;
      netlink.deleteHostAddress(tun.index(), old);
    }
  }

  private void closePassage() throws KernelException {
    if (passage != null) {
      rules.delete(passage);
      passage = null;
    }
  }

  /**
   * Looks again whether it works, and whether address and rules are there: now and then, and when
   * an address was removed.
   */
  void again() {
    if (local == null) {
      return;
    }
    try {
      changed();
      assertRules();
      netlink.addSourceAddress(tun.index(), local);
      tryOut();
    } catch (KernelException e) {
      say(e.getMessage());
    }
  }

  /** Rules or addresses have changed. */
  void changed() {
    destinations.doubtAll();
  }

  /** Rules have changed, by whomsoever. */
  void rulesChanged() {
    changed();
    try {
      assertRules();
    } catch (KernelException e) {
      say(e.getMessage());
    }
  }

  private void tryOut() throws KernelException {
    // While it is closed, what is encapsulated comes back by the tun.
    closePassage();
    String failure;
    try {
      failure = trial.run(local);
    } catch (KernelException e) {
      failure = e.errno() == Errno.EOPNOTSUPP || e.errno() == Errno.EINVAL
          ? "the kernel lacks CONFIG_IPV6_SEG6_LWTUNNEL: " + e.getMessage()
          : e.getMessage();
    }
    if (failure == null) {
      PolicyRule opened = rule(FIRST_PRIORITY, Optional.of(local), Action.GOTO, BEYOND);
      rules.add(opened);
      passage = opened;
    } else if (failure.equals(EncapsulationTrial.NOTHING_CAME)) {
      failure = isForwarding()
          ? failure + "; does a firewall let pass what comes by " + tun.name() + "?"
          : "IPv6 forwarding is off for " + tun.name();
    }
    say(failure);
  }

  private boolean isForwarding() {
    return isSet("all/forwarding") || isSet(tun.name() + "/force_forwarding");
  }

  private static boolean isSet(String key) {
    try {
      return !Files.readString(Path.of("/proc/sys/net/ipv6/conf", key)).strip().equals("0");
    } catch (IOException e) {
      return false;
    }
  }

  private void say(String now) {
    boolean isNew = now == null ? reason != null : !now.equals(reason);
    reason = now;
    if (now == null && isNew) {
      log.info("kernel encapsulation in use interface={} local={}", tun.name(), local);
    } else if (isNew) {
      log.warn("kernel encapsulation not used cause={}", now);
    }
  }

  /**
   * Whether the kernel will encapsulate a packet to this remote end, and so {@link #write} may be
   * called.
   */
  boolean admits(PacketBuffer inner, Ipv6Address outerSource, Ipv6Address remote) {
    if (reason != null || !outerSource.equals(local)) {
      return false;
    }
    ByteBuffer bytes = inner.bytes();
    int source = inner.offset() + Ipv6Header.SOURCE;
    // It would be taken for one that is encapsulated already.
    if (local.matches(bytes, source)) {
      return false;
    }
    int destination = inner.offset() + Ipv6Header.DESTINATION;
    long high = bytes.getLong(destination);
    long low = bytes.getLong(destination + Long.BYTES);
    int slot = destinations.find(high, low);
    if (slot < 0 || destinations.isDoubtful(slot, remote)) {
      slot = ask(Ipv6Address.read(bytes, source), new Ipv6Address(high, low), remote);
    }
    return slot >= 0 && destinations.isEncapsulated(slot);
  }

  /** Makes the route and asks whether it leads there; the slot, or -1. */
  private int ask(Ipv6Address source, Ipv6Address destination, Ipv6Address remote) {
    if (!destination.isRoutableUnicast()) {
      return -1;
    }
    int slot = destinations.place(destination.high(), destination.low());
    try {
      if (perDestination) {
        askForOne(slot, destination, remote);
      } else if (!remote.equals(everythingTo)) {
        everythingTo(remote);
      }
      boolean leads = routes.leads(source, destination);
      destinations.put(slot, destination.high(), destination.low(), remote, leads);
      return slot;
    } catch (KernelException e) {
      destinations.clear(slot);
      say(e.getMessage());
      return -1;
    }
  }

  private void everythingTo(Ipv6Address remote) throws KernelException {
    Ipv6Address before = everythingTo;
    everythingTo = null;
    destinations.doubtAll();
    // Should the outer source ever be another than that of our rule: not once more into the tunnel,
    // and once more, which older kernels do until their stack is full.
    routes.leave(remote);
    routes.encapsulateAll(remote);
    if (before != null) {
      routes.leaveNoLonger(before);
    }
    everythingTo = remote;
    // Theirs went, most likely, to the same end.
    for (Seg6Routes others : tablesOfOthers) {
      others.leaveNoLonger(remote);
    }
    tablesOfOthers.clear();
  }

  private void askForOne(int slot, Ipv6Address destination, Ipv6Address remote)
      throws KernelException {
    if (destinations.isOther(slot, destination.high(), destination.low())) {
      Ipv6Address evicted = new Ipv6Address(destinations.high(slot), destinations.low(slot));
      destinations.clear(slot);
      routes.delete(evicted);
    }
    routes.encapsulate(destination, remote);
  }

  /** Gives the kernel a packet; false where it does not take it. */
  boolean write(PacketBuffer inner) {
    return tun.write(inner);
  }

  @Override
  public void close() {
    try {
      if (everythingTo != null) {
        routes.leaveNoLonger(everythingTo);
      }
      closePassage();
      for (int i = standing.size() - 1; i >= 0; i--) {
        rules.delete(standing.get(i));
      }
    } catch (KernelException e) {
      log.warn("rules of {} not removed cause={}", tun.name(), e.getMessage());
    }
    netlink.close();
    tun.close();
  }
}
