package org.kagemusha.daemon.service;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.daemon.loop.PacketLoop;
import org.kagemusha.tap.careof.CareOfAddressSelector;
import org.kagemusha.tap.careof.CareOfDecision;
import org.kagemusha.tap.careof.CareOfSettings;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netlink.InterfaceAddress;
import org.kagemusha.tap.netlink.Link;
import org.kagemusha.tap.netlink.Route;
import org.kagemusha.tap.netlink.RouteNetlink;
import org.kagemusha.tap.nft.KernelQuiet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the care-of address and follows it: looks again at each change that netlink tells of (RFC
 * 6275 §11.5.3). All asking and changing is done on the edge thread; the outcome goes to the loop.
 */
final class CareOfTracker implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(CareOfTracker.class);

  /** How long an old care-of address of ours stays, for packets that are on their way. */
  private static final long FAREWELL_SECONDS = 10;

  /** After a failure, such as a missing nft, the next try. */
  private static final long RETRY_SECONDS = 10;

  /** Takes the care-of address, or null, and its link's MTU in octets; on the loop. */
  interface Listener {
    void onCareOfAddress(Ipv6Address address, int mtu);
  }

  private final CareOfSettings settings;
  private final List<Ipv6Prefix> homePrefixes;
  private final String interfaceName;
  private final KernelQuiet quiet;
  private final PacketLoop loop;
  private final Executor edge;
  private final Listener listener;
  private final AtomicBoolean asked = new AtomicBoolean();

  // The edge thread's.
  private CareOfAddressSelector selector;
  private RouteNetlink netlink;
  private int index;
  private final Set<Ipv6Address> leaving = new LinkedHashSet<>();
  private Set<Ipv6Address> quieted = Set.of();
  private Ipv6Address told;
  private int toldMtu;
  private CareOfDecision.State toldState;

  /**
   * @param interfaceName where the care-of address is, or null for the way to the home agent
   */
  CareOfTracker(
      CareOfSettings settings,
      List<Ipv6Prefix> homePrefixes,
      String interfaceName,
      KernelQuiet quiet,
      PacketLoop loop,
      Executor edge,
      Listener listener) {
    this.settings = settings;
    this.homePrefixes = homePrefixes;
    this.interfaceName = interfaceName;
    this.quiet = quiet;
    this.loop = loop;
    this.edge = edge;
    this.listener = listener;
  }

  /** Looks again, soon; from any thread. Calls that come before it has looked are one. */
  void look() {
    if (asked.compareAndSet(false, true)) {
      edge.execute(this::decide);
    }
  }

  private void decide() {
    asked.set(false);
    try {
      if (netlink == null) {
        netlink = RouteNetlink.open();
      }
      Optional<Link> link = findLink();
      if (link.isEmpty() || !link.get().isUp()) {
        tell(null, 0, CareOfDecision.State.WAITING_FOR_ADDRESS);
        return;
      }
      if (link.get().index() != index) {
        changeInterface(link.get());
      }
      List<InterfaceAddress> present = netlink.addresses(index);
      // An address on the home link is no care-of address (RFC 6275 §3.1): at home there is none.
      present.removeIf(one -> homePrefixes.stream().anyMatch(p -> p.contains(one.address())));
      CareOfDecision decision = selector.decide(present);
      scheduleRemoval(decision.remove());
      keepQuiet(decision);
      if (decision.add().isPresent()) {
        Ipv6Address address = decision.add().get();
        leaving.remove(address);
        netlink.addHostAddress(index, address, true);
        log.info("care-of address added coa={} interface={}", address, link.get().name());
      }
      tell(decision.careOf().orElse(null), link.get().mtu(), decision.state());
    } catch (IOException e) {
      log.warn("care-of address not found cause={}", e.getMessage());
      tell(null, 0, CareOfDecision.State.WAITING_FOR_ADDRESS);
      loop.eventLoop().schedule(this::look, RETRY_SECONDS, TimeUnit.SECONDS);
    }
  }

  private Optional<Link> findLink() throws KernelException {
    if (interfaceName != null) {
      return netlink.link(interfaceName);
    }
    Optional<Route> route = netlink.routeTo(settings.homeAgent());
    return route.isEmpty() ? Optional.empty() : netlink.link(route.get().index());
  }

  private void changeInterface(Link link) throws KernelException {
    removeAll();
    index = link.index();
    selector = new CareOfAddressSelector(settings);
  }

  /** The rule stands before the address does, so no packet ever meets an address without it. */
  private void keepQuiet(CareOfDecision decision) throws KernelException {
    Set<Ipv6Address> locals = new LinkedHashSet<>(selector.ours());
    locals.addAll(leaving);
    decision.careOf().ifPresent(locals::add);
    decision.add().ifPresent(locals::add);
    if (!locals.isEmpty() && !locals.equals(quieted)) {
      quiet.install(locals);
      quieted = locals;
    }
  }

  private void scheduleRemoval(List<Ipv6Address> addresses) {
    for (Ipv6Address address : addresses) {
      if (leaving.add(address)) {
        loop.eventLoop()
            .schedule(
                () -> edge.execute(() -> remove(address)), FAREWELL_SECONDS, TimeUnit.SECONDS);
      }
    }
  }

  private void remove(Ipv6Address address) {
    if (leaving.remove(address)) {
      delete(address);
    }
  }

  private void delete(Ipv6Address address) {
    try {
      if (netlink.deleteHostAddress(index, address)) {
        log.info("care-of address removed coa={}", address);
      }
    } catch (KernelException e) {
      log.warn("care-of address not removed coa={} cause={}", address, e.getMessage());
    }
  }

  private void tell(Ipv6Address address, int mtu, CareOfDecision.State state) {
    if (state != toldState) {
      toldState = state;
      log.info(
          "care-of state={} policy={} coa={}",
          word(state), word(settings.policy()), address == null ? "none" : address);
    }
    if (!Objects.equals(address, told) || address != null && mtu != toldMtu) {
      told = address;
      toldMtu = mtu;
      loop.execute(() -> listener.onCareOfAddress(address, mtu));
    }
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private void removeAll() {
    if (selector != null) {
      List<Ipv6Address> all = new ArrayList<>(selector.ours());
      all.addAll(leaving);
      leaving.clear();
      all.forEach(this::delete);
    }
  }

  /** Takes away the addresses and rules; on the edge thread, at an orderly stop. */
  @Override
  public void close() {
    try {
      if (netlink != null) {
        removeAll();
        netlink.close();
      }
      quiet.remove();
    } catch (KernelException e) {
      log.warn("not all was removed cause={}", e.getMessage());
    }
  }
}
