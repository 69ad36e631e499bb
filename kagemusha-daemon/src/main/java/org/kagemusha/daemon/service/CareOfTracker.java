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
import org.kagemusha.tap.libc.Errno;
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

  /** How much a valid lifetime may be off from what was told, seconds. */
  private static final long VALIDITY_TOLERANCE_SECONDS = 2;

  /**
   * Takes the care-of address, or null, its link's MTU in octets, and for how many seconds it is
   * valid; on the loop.
   */
  interface Listener {
    void onCareOfAddress(Ipv6Address address, int mtu, long validSeconds);
  }

  /**
   * What is followed.
   *
   * @param homePrefixes where no address is a care-of address
   * @param interfaceName where the care-of address is, or null for the way to the home agent
   */
  record Target(CareOfSettings settings, List<Ipv6Prefix> homePrefixes, String interfaceName) {}

  private final KernelQuiet quiet;
  private final int encapsulationPort;
  private final PacketLoop loop;
  private final Executor edge;
  private final Listener listener;
  private final AtomicBoolean asked = new AtomicBoolean();

  // The edge thread's; two of them are read by others.
  private volatile int found;
  private volatile Set<Ipv6Address> quieted = Set.of();
  private Target target;
  private CareOfAddressSelector selector;
  private RouteNetlink netlink;
  private int index;
  private final Set<Ipv6Address> leaving = new LinkedHashSet<>();
  private Ipv6Address told;
  private int toldMtu;
  private long toldUntilSeconds = Long.MAX_VALUE;
  private CareOfDecision.State toldState;
  private boolean retrying;
  private String failure;

  /**
   * @param encapsulationPort the home agents' UDP port of ESP in UDP, or 0 for none
   */
  CareOfTracker(
      Target target,
      KernelQuiet quiet,
      int encapsulationPort,
      PacketLoop loop,
      Executor edge,
      Listener listener) {
    this.target = target;
    this.quiet = quiet;
    this.encapsulationPort = encapsulationPort;
    this.loop = loop;
    this.edge = edge;
    this.listener = listener;
  }

  /** Whether a change of this address may be one for the care-of address; from any thread. */
  boolean concerns(InterfaceAddress address) {
    return !CareOfAddressSelector.isOfDaemon(address) || quieted.contains(address.address());
  }

  /** Whether a care-of address may be on this interface; from any thread. */
  boolean concerns(Link link) {
    int present = found;
    return present == 0 || present == link.index() || !link.isTun();
  }

  /** Looks again, soon; from any thread. Calls that come before it has looked are one. */
  void look() {
    if (asked.compareAndSet(false, true)) {
      edge.execute(this::decide);
    }
  }

  /** Follows something else from now on; what served until now stays a little while. */
  void follow(Target other) {
    edge.execute(
        () -> {
          if (selector != null) {
            scheduleRemoval(selector.ours());
            selector = new CareOfAddressSelector(other.settings());
          }
          target = other;
          toldState = null;
          decide();
        });
  }

  /** Tells the address once more, soon: it could not be used. */
  void tellAgain() {
    edge.execute(
        () -> {
          told = null;
          retry();
        });
  }

  /** Installs the rules again, which another tool may have flushed with its own. */
  void assertRules() {
    edge.execute(
        () -> {
          try {
            if (!quieted.isEmpty()) {
              quiet.install(quieted, encapsulationPort);
            }
          } catch (KernelException e) {
            log.warn("rules not installed again cause={}", e.getMessage());
          }
        });
  }

  private void decide() {
    asked.set(false);
    try {
      findAndTell();
      failure = null;
    } catch (IOException | RuntimeException e) {
      String cause = String.valueOf(e.getMessage());
      if (!cause.equals(failure)) {
        failure = cause;
        log.warn(
            "care-of address cannot be had; tried again every {} s cause={}", RETRY_SECONDS, cause);
      }
      tell(null, 0, InterfaceAddress.FOREVER, CareOfDecision.State.WAITING_FOR_ADDRESS);
      retry();
    }
  }

  /** One further try, however many failures ask for it. */
  private void retry() {
    if (!retrying) {
      retrying = true;
      loop.eventLoop()
          .schedule(
              () ->
                  edge.execute(
                      () -> {
                        retrying = false;
                        decide();
                      }),
              RETRY_SECONDS, TimeUnit.SECONDS);
    }
  }

  private void findAndTell() throws IOException {
    if (netlink == null) {
      netlink = RouteNetlink.open();
    }
    Optional<Link> link = findLink();
    found = link.isEmpty() ? 0 : link.get().index();
    if (link.isEmpty() || !link.get().isUp()) {
      tell(null, 0, InterfaceAddress.FOREVER, CareOfDecision.State.WAITING_FOR_ADDRESS);
      return;
    }
    if (link.get().index() != index) {
      changeInterface(link.get());
    }
    List<InterfaceAddress> present = netlink.addresses(index);
    // An address on the home link is no care-of address (RFC 6275 §3.1): at home there is none.
    present.removeIf(
        one -> target.homePrefixes().stream().anyMatch(p -> p.contains(one.address())));
    CareOfDecision decision = selector.decide(present);
    scheduleRemoval(decision.remove());
    leaving.removeAll(selector.ours());
    keepQuiet(decision);
    if (decision.add().isPresent()) {
      Ipv6Address address = decision.add().get();
      netlink.addHostAddress(index, address, true);
      log.info("care-of address added coa={} interface={}", address, link.get().name());
    }
    Ipv6Address careOf = decision.careOf().orElse(null);
    tell(careOf, link.get().mtu(), validSeconds(careOf, present), decision.state());
  }

  private Optional<Link> findLink() throws KernelException {
    if (target.interfaceName() != null) {
      return netlink.link(target.interfaceName());
    }
    Optional<Route> route = netlink.routeTo(target.settings().homeAgent());
    return route.isEmpty() ? Optional.empty() : netlink.link(route.get().index());
  }

  private void changeInterface(Link link) {
    removeAll();
    index = link.index();
    selector = new CareOfAddressSelector(target.settings());
  }

  /** The rule stands before the address does, so no packet ever meets an address without it. */
  private void keepQuiet(CareOfDecision decision) throws KernelException {
    Set<Ipv6Address> locals = new LinkedHashSet<>(selector.ours());
    locals.addAll(leaving);
    decision.careOf().ifPresent(locals::add);
    decision.add().ifPresent(locals::add);
    if (!locals.isEmpty() && !locals.equals(quieted)) {
      quiet.install(locals, encapsulationPort);
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
      if (e.errno() != Errno.ENODEV) {
        log.warn("care-of address not removed coa={} cause={}", address, e.getMessage());
      }
    }
  }

  /**
   * How long a care-of address is valid: one of our own has no lifetime in the kernel, and is worth
   * as much as the host's addresses out of the same prefix, which follow Router Advertisements.
   */
  static long validSeconds(Ipv6Address careOf, List<InterfaceAddress> present) {
    long longest = -1;
    for (InterfaceAddress one : present) {
      boolean same = one.address().equals(careOf) && one.validSeconds() != InterfaceAddress.FOREVER;
      if (same || careOf != null && one.prefixLength() < 128 && one.prefix().contains(careOf)) {
        longest = Math.max(longest, one.validSeconds());
      }
    }
    return longest < 0 ? InterfaceAddress.FOREVER : longest;
  }

  private void tell(
      Ipv6Address address, int mtu, long validSeconds, CareOfDecision.State state) {
    if (state != toldState) {
      toldState = state;
      log.info(
          "care-of state={} policy={} coa={}",
          word(state), word(target.settings().policy()), address == null ? "none" : address);
    }
    long untilSeconds =
        validSeconds == InterfaceAddress.FOREVER
            ? Long.MAX_VALUE
            : System.nanoTime() / 1_000_000_000L + validSeconds;
    if (!Objects.equals(address, told)
        || address != null && mtu != toldMtu
        || Math.abs(untilSeconds - toldUntilSeconds) > VALIDITY_TOLERANCE_SECONDS) {
      told = address;
      toldMtu = mtu;
      toldUntilSeconds = untilSeconds;
      loop.execute(() -> listener.onCareOfAddress(address, mtu, validSeconds));
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
  public void close() throws KernelException {
    try {
      if (netlink != null) {
        removeAll();
        netlink.close();
      }
    } finally {
      quiet.remove();
    }
  }
}
