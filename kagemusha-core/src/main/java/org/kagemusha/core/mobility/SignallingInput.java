package org.kagemusha.core.mobility;

import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.BindingError;
import org.kagemusha.core.message.BindingRefreshRequest;
import org.kagemusha.core.message.MobilityMessage;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.slf4j.Logger;

/**
 * Received mobility messages: which are for this node, authentic and from its home agent (RFC 6275
 * §11.7.3, §11.7.4, §11.3.6, RFC 3776 §4.2). What fails is counted and not answered.
 */
final class SignallingInput {

  /** Takes what was found good. */
  interface Sink {
    /**
     * An acknowledgement that belongs to the registration's home agent and home address.
     *
     * @param pair the associations that it came under, or null if it came in clear
     */
    void onAcknowledgement(
        HomeRegistration registration,
        BindingAcknowledgement answer,
        SecurityAssociationPair pair,
        long nowNs);

    /** The home agent wants a Binding Update, or says that it has no binding. */
    void onUpdateWanted(HomeRegistration registration, String reason, long nowNs);
  }

  private final BindingUpdateList list;
  private final KeySource keys;
  private final Sink sink;
  private final Counters counters;
  private final Logger log;
  private final DropAlarm alarm;
  private final TokenBucket errors = new TokenBucket(1, 2);
  private final TokenBucket refreshRequests = new TokenBucket(1, 2);
  private MobileNodeSettings settings;

  SignallingInput(
      BindingUpdateList list, KeySource keys, Sink sink, Counters counters, Logger log) {
    this.list = list;
    this.keys = keys;
    this.sink = sink;
    this.counters = counters;
    this.log = log;
    this.alarm = new DropAlarm(log);
  }

  void settings(MobileNodeSettings changed) {
    settings = changed;
  }

  /**
   * A mobility message.
   *
   * @param careOf the address it must have come to, or null at home, where that is the home address
   */
  void receive(SignallingPacket packet, Ipv6Address careOf, long nowNs) {
    MobilityMessage message = packet.message();
    if (message instanceof BindingError error) {
      onBindingError(packet, error, careOf, nowNs);
      return;
    }
    HomeRegistration registration = find(packet, careOf);
    if (registration == null) {
      drop(DropReason.MOBILITY_UNMATCHED, packet, nowNs);
      return;
    }
    SecurityAssociationPair pair = accepting(registration, packet);
    DropReason unauthentic = authenticate(registration, packet, pair);
    if (unauthentic != null) {
      drop(unauthentic, packet, nowNs);
    } else if (message instanceof BindingAcknowledgement answer) {
      sink.onAcknowledgement(registration, answer, pair, nowNs);
    } else if (message instanceof BindingRefreshRequest) {
      if (mayTrigger(refreshRequests, nowNs)) {
        sink.onUpdateWanted(registration, "refresh-request", nowNs);
      }
    } else {
      counters.drop(DropReason.MOBILITY_NOT_FOR_ROLE);
    }
  }

  /**
   * The entry that a message is about: away from home, §6.4, it comes to the care-of address and
   * names the home address in a type 2 routing header; at home (§11.5.5) it comes to the home
   * address without one.
   */
  private HomeRegistration find(SignallingPacket packet, Ipv6Address careOf) {
    boolean atHome = careOf == null;
    Ipv6Address homeAddress = atHome ? packet.destination() : packet.type2HomeAddress();
    if (homeAddress == null || atHome && packet.type2HomeAddress() != null) {
      return null;
    }
    if (!atHome && !packet.destination().equals(careOf)) {
      return null;
    }
    for (HomeRegistration entry : list.entries()) {
      if (entry.homeAddress().equals(homeAddress)) {
        return entry.homeAgent().equals(packet.source()) ? entry : null;
      }
    }
    return null;
  }

  /** The pair that a packet came under, if it may protect this very home address's signalling. */
  private SecurityAssociationPair accepting(
      HomeRegistration registration, SignallingPacket packet) {
    return packet.association() == null
        ? null
        : keys.accepting(
            registration.homeAddress(), KeySource.Purpose.SIGNALLING, packet.association());
  }

  /** §5.1, §11.7.3: a signalling association of this very home address must have opened it. */
  private DropReason authenticate(
      HomeRegistration registration, SignallingPacket packet, SecurityAssociationPair pair) {
    if (packet.association() != null) {
      return pair == null ? DropReason.ESP_SELECTOR_MISMATCH : null;
    }
    boolean clear =
        !settings.requireSignallingProtection()
            && keys.allowsClear(registration.homeAddress(), KeySource.Purpose.SIGNALLING);
    return clear ? null : DropReason.MOBILITY_UNPROTECTED;
  }

  private void onBindingError(
      SignallingPacket packet, BindingError error, Ipv6Address careOf, long nowNs) {
    // §11.3.6: without "a Binding Update List entry for the source of the Binding Error message
    // [...] it MUST ignore the message."
    HomeRegistration about = null;
    for (HomeRegistration entry : list.entries()) {
      if (entry.homeAgent().equals(packet.source())
          && (about == null || entry.homeAddress().equals(error.homeAddress()))) {
        about = entry;
      }
    }
    if (about == null || careOf == null || !packet.destination().equals(careOf)) {
      counters.drop(DropReason.MOBILITY_UNMATCHED);
      return;
    }
    if (!mayTrigger(errors, nowNs)) {
      return;
    }
    log.warn(
        "be received vm={} ha={} status={} hoa={}",
        settings.name(),
        packet.source(),
        error.status() == BindingError.UNKNOWN_BINDING ? "unknown-binding" : "unknown-mh-type",
        error.homeAddress());
    // §11.3.6: status 1 from the home agent is answered by a Binding Update; status 2 is an answer
    // to an extension, and none was used.
    if (error.status() != BindingError.UNKNOWN_BINDING) {
      return;
    }
    boolean named = about.homeAddress().equals(error.homeAddress());
    // A home agent that has lost its associations can say so only without protection; where the
    // home address is inside ESP, it cannot even name it.
    if (about.isUnderWay() && (named || error.homeAddress().isUnspecified())) {
      keys.inDoubt(about.homeAddress(), nowNs);
    }
    if (named) {
      sink.onUpdateWanted(about, "binding-error", nowNs);
    }
  }

  /**
   * Somebody says in UDP that an SPI is not known there, RFC 7296 §1.5: "it should only be used by
   * the recipient as a hint that something might be wrong".
   *
   * @param careOf the address it must have come to, or null if there is none
   */
  void onInvalidSpi(PacketBuffer packet, int spi, Ipv6Address careOf, long nowNs) {
    HomeRegistration about = careOf == null ? null : sending(packet, spi, careOf);
    if (about == null) {
      counters.drop(DropReason.MOBILITY_UNMATCHED);
    } else if (mayTrigger(errors, nowNs)) {
      log.warn(
          "invalid-spi received vm={} ha={} spi=0x{}",
          settings.name(), about.homeAgent(), Integer.toHexString(spi));
      keys.inDoubt(about.homeAddress(), nowNs);
    }
  }

  /** The entry whose home agent this comes from, and whose packets bear that SPI. */
  private HomeRegistration sending(PacketBuffer packet, int spi, Ipv6Address careOf) {
    int at = packet.offset();
    if (!careOf.matches(packet.bytes(), at + Ipv6Header.DESTINATION)) {
      return null;
    }
    for (HomeRegistration entry : list.entries()) {
      SecurityAssociationPair pair =
          keys.associations(entry.homeAddress(), KeySource.Purpose.SIGNALLING);
      if (entry.isUnderWay()
          && entry.homeAgent().matches(packet.bytes(), at + Ipv6Header.SOURCE)
          && pair != null
          && pair.outbound().spi() == spi) {
        return entry;
      }
    }
    return null;
  }

  private boolean mayTrigger(TokenBucket limit, long nowNs) {
    boolean may = limit.tryTake(nowNs);
    if (!may) {
      counters.drop(DropReason.MOBILITY_RATE_LIMITED);
    }
    return may;
  }

  private void drop(DropReason reason, SignallingPacket packet, long nowNs) {
    counters.drop(reason);
    alarm.raise(settings.name(), reason, packet.source(), nowNs);
  }
}
