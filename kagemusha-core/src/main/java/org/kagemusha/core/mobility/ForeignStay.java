package org.kagemusha.core.mobility;

import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.kagemusha.core.mobility.MobileNodeSettings.Encapsulation;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.wire.Ipv6Address;
import org.slf4j.Logger;

/**
 * The guest abroad, RFC 6275 §11.7.1: the care-of address, the registrations and tunnels from
 * there, what form of ESP gets through, and what keeps the path open and its MTU known. It makes
 * updates due; whether they may go is {@link GuestMobility}'s to decide.
 */
final class ForeignStay {

  private final BindingUpdateList list;
  private final HomeAddressBook book;
  private final GuestTraffic traffic;
  private final EncapsulationChoice encapsulation;
  private final PathMtuProbe probe;
  private final Keepalives keepalives;
  private final LongSupplier wallClockMs;
  private final Logger log;
  private MobileNodeSettings settings;
  private Ipv6Address careOf;

  ForeignStay(
      MobileNodeParts parts,
      BindingUpdateList list,
      HomeAddressBook book,
      RandomGenerator random,
      LongSupplier wallClockMs,
      Counters counters,
      Logger log) {
    this.list = list;
    this.book = book;
    this.traffic = parts.traffic();
    this.encapsulation = parts.encapsulation();
    this.probe = new PathMtuProbe(parts.underlay(), random, book);
    this.keepalives = new Keepalives(parts.underlay(), traffic, counters);
    this.wallClockMs = wallClockMs;
    this.log = log;
  }

  /**
   * Applies settings.
   *
   * @param registers whether the guest is registered from here, or is being
   */
  void settings(MobileNodeSettings changed, boolean registers, long nowNs) {
    boolean otherLifetime =
        settings != null && changed.lifetimeSeconds() != settings.lifetimeSeconds();
    settings = changed;
    for (HomeRegistration entry : list.entries()) {
      if (registers && entry.state() == RegistrationState.IDLE) {
        entry.register(careOf, nowNs);
      } else if (registers && otherLifetime && entry.isAwaiting()) {
        entry.retry(nowNs);
      } else if (registers && otherLifetime) {
        entry.refresh(nowNs);
      }
    }
    if (changed.encapsulation() != encapsulation.mode()) {
      encapsulation.mode(changed.encapsulation());
      reconsiderEncapsulation(true, registers, nowNs);
    }
    book.lay(careOf);
  }

  /** What probes the path MTU. */
  PathMtuProbe probe() {
    return probe;
  }

  /** The care-of address in force, or null. */
  Ipv6Address careOf() {
    return careOf;
  }

  /**
   * The care-of address in force, or null; what is of no use counts as none.
   *
   * @return true if it is another one
   */
  boolean careOf(Ipv6Address given) {
    Ipv6Address address = isUsable(given) ? given : null;
    if (address == null ? careOf == null : address.equals(careOf)) {
      return false;
    }
    log.info("care-of vm={} old={} new={}", settings.name(), careOf, address);
    careOf = address;
    probe.stop();
    return true;
  }

  /**
   * RFC 2473 §4.1.2: a tunnel to ourselves would be a loop; §11.5.5: a home address as the care-of
   * address is what a deregistration says.
   */
  private boolean isUsable(Ipv6Address address) {
    boolean usable =
        address == null
            || !settings.homeAgents().contains(address) && traffic.path(address) == null;
    if (!usable) {
      log.error("care-of address of no use vm={} coa={}", settings.name(), address);
    }
    return usable;
  }

  /**
   * Opens the tunnels and makes the registrations due.
   *
   * @return false if there is no care-of address
   */
  boolean register(long nowNs) {
    traffic.careOf(careOf);
    if (careOf == null) {
      log.warn("no care-of address vm={}", settings.name());
      return false;
    }
    book.lay(careOf);
    for (HomeRegistration entry : list.entries()) {
      entry.register(careOf, nowNs);
    }
    return true;
  }

  /** Makes the registration of one more home address due. */
  void register(HomeRegistration entry, long nowNs) {
    book.lay(entry, careOf);
    entry.register(careOf, nowNs);
  }

  /**
   * Makes deregistrations due, RFC 6275 §10.3.2.
   *
   * @return false if there is nothing to deregister
   */
  boolean deregister(int attempts, long nowNs) {
    boolean any = false;
    for (HomeRegistration entry : list.entries()) {
      if (careOf != null && (entry.isUnderWay() || entry.isBound(nowNs))) {
        entry.deregister(careOf, attempts, nowNs);
        any = true;
      } else {
        entry.stop();
      }
    }
    return any;
  }

  /** Shuts the tunnels; registrations stay as they are. */
  void shut() {
    probe.stop();
    keepalives.stop();
    traffic.careOf(null);
  }

  /** Sends nothing more; what comes for the guest is still taken. */
  void linger() {
    probe.stop();
    keepalives.stop();
    traffic.linger();
  }

  /** The home agent of a registration may have changed. */
  void lay(HomeRegistration registration) {
    book.lay(registration, careOf);
  }

  /**
   * The home agent acknowledged a binding.
   *
   * @param probed whether it was asked in both forms
   * @return true if updates may be due by that
   */
  boolean onRegistered(HomeRegistration registration, boolean probed, long nowNs) {
    if (probed) {
      boolean udp = registration.isInUdp();
      encapsulation.learned(registration.homeAgent(), careOf, udp, wallClockMs.getAsLong());
      log.info(
          "encapsulation found vm={} ha={} coa={} udp={}",
          settings.name(), registration.homeAgent(), careOf, udp);
      // One update is enough now where there was no room for two.
      list.hurry();
    }
    book.lay(registration, careOf);
    if (registration.isInUdp()) {
      keepalives.begin(nowNs);
    }
    if (traffic.isOpen()) {
      probe.begin(careOf, registration.homeAgent(), nowNs);
    }
    return leaveUdp(nowNs) || probed;
  }

  /** Makes an update due where UDP is used and was found not to be needed. */
  private boolean leaveUdp(long nowNs) {
    boolean any = false;
    for (HomeRegistration entry : list.entries()) {
      if (entry.state() == RegistrationState.REGISTERED
          && entry.isInUdp()
          && !entry.isAwaiting()
          && encapsulation.form(entry.homeAgent(), careOf, wallClockMs.getAsLong())
              == EncapsulationChoice.Form.NATIVE) {
        entry.refresh(nowNs);
        any = true;
      }
    }
    return any;
  }

  /** Updates went unanswered so many times in a row. */
  void onUnanswered(HomeRegistration registration, int times) {
    if (times >= EncapsulationChoice.DOUBTED_AFTER && careOf != null) {
      encapsulation.forget(registration.homeAgent(), careOf);
    }
  }

  /**
   * The ports of ESP in UDP; 0: UDP cannot be used.
   *
   * @param registers whether the guest is registered from here, or is being
   */
  void encapsulationPorts(int local, int homeAgent, boolean registers, long nowNs) {
    if (encapsulation.ports(local, homeAgent)) {
      reconsiderEncapsulation(false, registers, nowNs);
    }
  }

  private void reconsiderEncapsulation(boolean otherMode, boolean registers, long nowNs) {
    list.resume(GuestMobility.STILL_HERE_NS, nowNs);
    for (HomeRegistration entry : list.entries()) {
      if (!registers
          || entry.state() == RegistrationState.DEREGISTERING
          || entry.obstacle() != null) {
        continue;
      }
      if (encapsulation.isStuck()) {
        entry.register(careOf, nowNs);
      } else if (otherMode || entry.isInUdp() || encapsulation.mode() == Encapsulation.UDP) {
        entry.renew(nowNs);
      }
    }
  }

  /** How ESP travels: "none", "udp", or "probing". */
  String encapsulationText() {
    EncapsulationChoice.Form form = null;
    for (HomeRegistration entry : list.entries()) {
      if (entry.isUnderWay() && entry.isProbing() && !entry.isSettling()) {
        return "probing";
      }
      if (entry.isUnderWay() && form != EncapsulationChoice.Form.UDP) {
        form =
            entry.isInUdp() ? EncapsulationChoice.Form.UDP : EncapsulationChoice.Form.NATIVE;
      }
    }
    if (form == null && careOf != null) {
      form =
          encapsulation.form(
              list.entries().get(0).homeAgent(), careOf, wallClockMs.getAsLong());
    }
    if (form == null) {
      return encapsulation.mode() == Encapsulation.UDP ? "udp" : "none";
    }
    return switch (form) {
      case NATIVE -> "none";
      case UDP -> "udp";
      case BOTH -> "probing";
    };
  }

  void onDeadline(long nowNs) {
    probe.onDeadline(nowNs);
    keepalives.onDeadline(nowNs);
  }

  long nextDeadlineNs() {
    return Math.min(probe.nextDeadlineNs(), keepalives.nextDeadlineNs());
  }
}
