package org.kagemusha.core.mobility;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.mobility.EncapsulationChoice.Form;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * The Binding Update List (RFC 6275 §11.1): one {@link HomeRegistration} for each home address,
 * each with its own back-off, and the rate limit towards each home agent that they share (§11.8).
 */
final class BindingUpdateList {

  /** Sends Binding Updates. */
  interface Transmitter {
    /** Why no update of an entry can be sent for now, in one word for the log; or null. */
    String obstacle(HomeRegistration registration);

    /** How the updates of an entry's next attempt travel. */
    Form form(HomeRegistration registration, long wallClockMs);

    /**
     * Sends; what is lost is retransmitted, so that needs no report.
     *
     * @param udp whether in UDP
     * @return false if it could not be sealed
     */
    boolean send(HomeRegistration registration, BindingUpdate update, boolean udp, long nowNs);
  }

  /** How long the addresses of a registration are valid. */
  @FunctionalInterface
  interface Validity {
    /** Seconds that are left of the shorter-lived address. */
    long remainingSeconds(HomeRegistration registration, long nowNs);
  }

  /** What the list decides by itself and others may want to know. */
  interface Listener {
    /** Another home agent is tried. */
    void onNextHomeAgent(HomeRegistration registration);

    /** A binding ran out. */
    void onExpired(HomeRegistration registration, long nowNs);

    /** Nobody answered the deregistration. */
    void onGivenUp(HomeRegistration registration, long nowNs);

    /** An update cannot be sent, and that is news. */
    void onObstacle(HomeRegistration registration);

    /** So many updates, or pairs of them in both forms, went unanswered in a row. */
    void onUnanswered(HomeRegistration registration, int times, long nowNs);
  }

  private final List<HomeRegistration> entries = new ArrayList<>();
  private final Map<Ipv6Address, UpdateRate> rates = new HashMap<>();
  private final Transmitter transmitter;
  private final Listener listener;
  private final Validity validity;
  private final LongSupplier wallClockMs;
  private int lifetimeUnits;

  BindingUpdateList(
      Transmitter transmitter, Listener listener, Validity validity, LongSupplier wallClockMs) {
    this.transmitter = transmitter;
    this.listener = listener;
    this.validity = validity;
    this.wallClockMs = wallClockMs;
  }

  /** What to ask for when registering, seconds, a multiple of four. */
  void lifetimeSeconds(int seconds) {
    lifetimeUnits = seconds / BindingUpdate.LIFETIME_UNIT_SECONDS;
  }

  /** Adds an entry. */
  void add(HomeRegistration registration) {
    entries.add(registration);
  }

  /** Removes an entry. */
  void remove(HomeRegistration registration) {
    entries.remove(registration);
  }

  /** The entries; configured addresses come first as they were added. */
  List<HomeRegistration> entries() {
    return entries;
  }

  /** Says whether a node is the home agent in turn of any entry. */
  boolean hasHomeAgent(Ipv6Address address) {
    for (int i = 0; i < entries.size(); i++) {
      if (entries.get(i).homeAgent().equals(address)) {
        return true;
      }
    }
    return false;
  }

  /** Registers all entries at a care-of address, from the beginning, and sends. */
  void register(Ipv6Address careOf, long nowNs) {
    for (HomeRegistration entry : entries) {
      entry.register(careOf, nowNs);
    }
    transmitDue(nowNs);
  }

  /** Stops all entries. */
  void stop() {
    for (HomeRegistration entry : entries) {
      entry.stop();
    }
  }

  /** Sends what is due, as far as the rate limit allows. */
  void transmitDue(long nowNs) {
    for (int i = 0; i < entries.size(); i++) {
      HomeRegistration entry = entries.get(i);
      if (entry.dueNs() <= nowNs) {
        transmit(entry, nowNs);
      }
    }
  }

  private void transmit(HomeRegistration entry, long nowNs) {
    long wallMs = wallClockMs.getAsLong();
    Form form = transmitter.form(entry, wallMs);
    UpdateRate rate = rate(entry.homeAgent());
    long earliestNs = rate.earliestNs(form == Form.BOTH ? 2 : 1, nowNs);
    if (earliestNs > nowNs) {
      entry.postpone(earliestNs);
      return;
    }
    if (entry.isGivenUp()) {
      entry.giveUp();
      listener.onGivenUp(entry, nowNs);
      return;
    }
    String obstacle = transmitter.obstacle(entry);
    if (obstacle != null) {
      if (entry.waitFor(obstacle, nowNs)) {
        listener.onObstacle(entry);
      }
      return;
    }
    int unanswered = entry.retransmissions();
    if (entry.onTimeout()) {
      listener.onNextHomeAgent(entry);
      transmit(entry, nowNs);
      return;
    }
    if (entry.retransmissions() > unanswered) {
      listener.onUnanswered(entry, entry.retransmissions(), nowNs);
      // What is unanswered may change how the next attempt travels; both forms need room.
      form = rate.earliestNs(2, nowNs) > nowNs ? form : transmitter.form(entry, wallMs);
    }
    send(entry, form, rate, wallMs, nowNs);
  }

  private void send(
      HomeRegistration entry, Form form, UpdateRate rate, long wallMs, long nowNs) {
    int lifetime = lifetimeUnits(entry, nowNs);
    boolean udp = form != Form.NATIVE;
    rate.sent(nowNs);
    BindingUpdate update = entry.transmit(lifetime, udp, wallMs, nowNs);
    if (!transmitter.send(entry, update, udp, nowNs)) {
      entry.unsealed(nowNs);
    } else if (form == Form.BOTH) {
      // The native one comes later in sequence, so that it is in force if both arrive.
      rate.sent(nowNs);
      BindingUpdate twin = entry.transmitTwin(lifetime, wallMs, nowNs);
      if (!transmitter.send(entry, twin, false, nowNs)) {
        entry.unsealedTwin();
      }
    }
  }

  /** What updates waited for may be there now; see {@link HomeRegistration#resume}. */
  void resume(long atMostNs, long nowNs) {
    for (int i = 0; i < entries.size(); i++) {
      entries.get(i).resume(atMostNs, nowNs);
    }
  }

  /** Takes back what the rate limit put off; it is applied again. */
  void hurry() {
    for (int i = 0; i < entries.size(); i++) {
      entries.get(i).hurry();
    }
  }

  /**
   * §11.7.1: "The value specified in the Lifetime field MUST be non-zero and SHOULD be less than or
   * equal to the remaining valid lifetime of the home address and the care-of address".
   */
  private int lifetimeUnits(HomeRegistration entry, long nowNs) {
    long valid =
        validity.remainingSeconds(entry, nowNs) / BindingUpdate.LIFETIME_UNIT_SECONDS;
    return (int) Math.max(1, Math.min(lifetimeUnits, valid));
  }

  private UpdateRate rate(Ipv6Address homeAgent) {
    UpdateRate rate = rates.get(homeAgent);
    if (rate == null) {
      rate = new UpdateRate();
      rates.put(homeAgent, rate);
    }
    return rate;
  }

  /** Ends bindings that ran out. */
  void expire(long nowNs) {
    for (int i = 0; i < entries.size(); i++) {
      if (entries.get(i).expire(nowNs)) {
        listener.onExpired(entries.get(i), nowNs);
      }
    }
  }

  /** When the next update is due, or {@link NodeEngine#NEVER}. */
  long dueNs() {
    long earliest = NodeEngine.NEVER;
    for (int i = 0; i < entries.size(); i++) {
      earliest = Math.min(earliest, entries.get(i).dueNs());
    }
    return earliest;
  }

  /** When the last of the updates that are due by now fell due. */
  long latestDueNs(long nowNs) {
    long latest = Long.MIN_VALUE;
    for (int i = 0; i < entries.size(); i++) {
      long dueNs = entries.get(i).dueNs();
      latest = dueNs <= nowNs ? Math.max(latest, dueNs) : latest;
    }
    return latest;
  }

  /** Says whether anything is being asked of a home agent, or is granted by one. */
  boolean isAnyActive() {
    for (int i = 0; i < entries.size(); i++) {
      RegistrationState state = entries.get(i).state();
      if (state == RegistrationState.REGISTERING
          || state == RegistrationState.REGISTERED
          || state == RegistrationState.DEREGISTERING) {
        return true;
      }
    }
    return false;
  }

  /**
   * Says whether every configured home address is registered; one found duplicate does not count.
   */
  boolean isRegistered() {
    for (int i = 0; i < entries.size(); i++) {
      HomeRegistration entry = entries.get(i);
      if (entry.isConfigured()
          && entry.state() != RegistrationState.REGISTERED
          && entry.state() != RegistrationState.DUPLICATE) {
        return false;
      }
    }
    return true;
  }

  /** Says whether the home agent acknowledged any binding that has not run out. */
  boolean isAnyBound(long nowNs) {
    for (int i = 0; i < entries.size(); i++) {
      if (entries.get(i).isBound(nowNs)) {
        return true;
      }
    }
    return false;
  }

  /** When the next binding runs out, or {@link NodeEngine#NEVER}. */
  long expiresNs() {
    long earliest = NodeEngine.NEVER;
    for (int i = 0; i < entries.size(); i++) {
      earliest = Math.min(earliest, entries.get(i).expiresNs());
    }
    return earliest;
  }
}
