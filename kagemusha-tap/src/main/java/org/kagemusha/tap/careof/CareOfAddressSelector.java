package org.kagemusha.tap.careof;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.tap.careof.CareOfDecision.State;
import org.kagemusha.tap.careof.CareOfSettings.Policy;
import org.kagemusha.tap.netlink.InterfaceAddress;

/**
 * Chooses the care-of address (RFC 6275 §11.5.3) from what an interface has. It opens nothing: the
 * interface's addresses go in, and what to add, remove and register comes out. One thread.
 */
public final class CareOfAddressSelector {

  /** RFC 7217 §6: IDGEN_RETRIES. */
  static final int GENERATION_RETRIES = 3;

  private static final int GLOBAL_SCOPE = 0;

  private final CareOfSettings settings;
  private final Map<Ipv6Prefix, Integer> dadCounters = new HashMap<>();
  private final Set<Ipv6Address> ours = new LinkedHashSet<>();
  private Optional<Ipv6Address> host = Optional.empty();
  private Optional<Ipv6Address> careOf = Optional.empty();

  /** Starts without a care-of address. */
  public CareOfAddressSelector(CareOfSettings settings) {
    this.settings = settings;
  }

  /** The addresses that it had added and not removed: to be removed on an orderly stop. */
  public List<Ipv6Address> ours() {
    return List.copyOf(ours);
  }

  /**
   * Decides anew.
   *
   * @param present all IPv6 addresses that the interface has now
   */
  public CareOfDecision decide(List<InterfaceAddress> present) {
    Optional<InterfaceAddress> base = chooseHost(present);
    host = base.map(InterfaceAddress::address);
    CareOfDecision decision =
        switch (settings.policy()) {
          case HOST -> serveHost(base, present, State.READY);
          case EXPLICIT -> explicit(settings.explicit().orElseThrow(), present);
          case OWN -> own(base, present);
        };
    decision.add().ifPresent(ours::add);
    decision.remove().forEach(ours::remove);
    careOf = decision.careOf();
    return decision;
  }

  private CareOfDecision own(Optional<InterfaceAddress> base, List<InterfaceAddress> present) {
    if (base.isEmpty()) {
      return new CareOfDecision(
          Optional.empty(), Optional.empty(), presentOurs(present, null), waiting(present));
    }
    Ipv6Prefix prefix = base.get().prefix();
    if (prefix.length() != 64) {
      return serveHost(base, present, State.HOST_BECAUSE_OF_PREFIX);
    }
    List<Ipv6Address> duplicates = new ArrayList<>();
    while (dadCounter(prefix) <= GENERATION_RETRIES) {
      Ipv6Address wanted =
          OpaqueIdentifier.address(
              prefix, settings.homeAddress(), settings.secret(), dadCounter(prefix));
      Optional<InterfaceAddress> found = find(present, wanted);
      // RFC 7217 §6: a duplicate is answered by the next value of DAD_Counter.
      if (found.isPresent() && found.get().isDuplicate()) {
        duplicates.add(wanted);
        dadCounters.put(prefix, dadCounter(prefix) + 1);
        continue;
      }
      if (found.isPresent() && found.get().isUsable()) {
        ours.add(wanted);
        return new CareOfDecision(
            Optional.of(wanted), Optional.empty(), presentOurs(present, wanted), State.READY);
      }
      Optional<Ipv6Address> add = found.isPresent() ? Optional.empty() : Optional.of(wanted);
      return new CareOfDecision(stillUsable(present), add, duplicates, State.WAITING_FOR_DETECTION);
    }
    return serveHost(base, present, State.HOST_BECAUSE_OF_DUPLICATES);
  }

  private CareOfDecision explicit(Ipv6Address wanted, List<InterfaceAddress> present) {
    Optional<InterfaceAddress> found = find(present, wanted);
    if (found.isEmpty()) {
      return new CareOfDecision(
          Optional.empty(), Optional.of(wanted), List.of(), State.WAITING_FOR_DETECTION);
    }
    State state =
        found.get().isDuplicate() ? State.DUPLICATE
            : found.get().isTentative() ? State.WAITING_FOR_DETECTION
            : State.READY;
    if (isOfDaemon(found.get())) {
      ours.add(wanted);
    }
    Optional<Ipv6Address> serving = state == State.READY ? Optional.of(wanted) : Optional.empty();
    return new CareOfDecision(serving, Optional.empty(), List.of(), state);
  }

  private CareOfDecision serveHost(
      Optional<InterfaceAddress> base, List<InterfaceAddress> present, State state) {
    return new CareOfDecision(
        base.map(InterfaceAddress::address),
        Optional.empty(),
        presentOurs(present, null),
        base.isPresent() ? state : waiting(present));
  }

  /** The host's best address: usable, global, and by preference the one chosen before. */
  private Optional<InterfaceAddress> chooseHost(List<InterfaceAddress> present) {
    return present.stream()
        .filter(this::isOfHost)
        .filter(InterfaceAddress::isUsable)
        .min(
            Comparator.comparing(InterfaceAddress::isDeprecated)
                .thenComparing(a -> isUniqueLocal(a.address()) != isUniqueLocal(homeAgent()))
                .thenComparing(InterfaceAddress::isTemporary)
                .thenComparing(a -> !host.equals(Optional.of(a.address())))
                .thenComparing(InterfaceAddress::address));
  }

  private boolean isOfHost(InterfaceAddress address) {
    return address.scope() == GLOBAL_SCOPE
        && address.address().isRoutableUnicast()
        && !isOfDaemon(address)
        && !ours.contains(address.address());
  }

  /** Says whether an address was added by this daemon, perhaps before a restart, or another one. */
  public static boolean isOfDaemon(InterfaceAddress address) {
    return address.prefixLength() == 128 && address.isDeprecated();
  }

  private State waiting(List<InterfaceAddress> present) {
    return present.stream().anyMatch(a -> isOfHost(a) && a.isTentative() && !a.isDuplicate())
        ? State.WAITING_FOR_DETECTION
        : State.WAITING_FOR_ADDRESS;
  }

  private List<Ipv6Address> presentOurs(List<InterfaceAddress> present, Ipv6Address except) {
    return ours.stream()
        .filter(a -> !a.equals(except) && find(present, a).isPresent())
        .toList();
  }

  private Optional<Ipv6Address> stillUsable(List<InterfaceAddress> present) {
    return careOf.filter(
        address -> find(present, address).filter(InterfaceAddress::isUsable).isPresent());
  }

  private int dadCounter(Ipv6Prefix prefix) {
    return dadCounters.getOrDefault(prefix, 0);
  }

  private Ipv6Address homeAgent() {
    return settings.homeAgent();
  }

  private static Optional<InterfaceAddress> find(
      List<InterfaceAddress> present, Ipv6Address wanted) {
    return present.stream().filter(a -> a.address().equals(wanted)).findFirst();
  }

  /** fc00::/7, RFC 4193 §3.1. */
  private static boolean isUniqueLocal(Ipv6Address address) {
    return address.high() >>> 57 == 0xfc >>> 1;
  }
}
