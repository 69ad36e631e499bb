package org.kagemusha.core.homeagent;

import org.kagemusha.core.homeagent.BindingCacheEntry.State;
import org.kagemusha.core.homeagent.HomeAgentSettings.Dad;
import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.message.BindingStatus;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.neighbor.DuplicateAddressDetection;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;

/**
 * What becomes of a Binding Update (RFC 6275 §10.3): tested, entered, acknowledged; and of a
 * binding: moved, deregistered, expired, or lost to a duplicate address.
 */
final class HomeRegistration implements DuplicateAddressDetection.Listener {

  /** RFC 6275 §12, MAX_DELETE_BCE_TIMEOUT. */
  static final long DELETE_TIMEOUT_NS = 10_000_000_000L;

  /** How long a home address that another node holds is refused without another test. */
  static final long DUPLICATE_HOLD_NS = 60_000_000_000L;

  private static final long SECOND_NS = 1_000_000_000L;
  private static final long UNIT_NS = BindingUpdate.LIFETIME_UNIT_SECONDS * SECOND_NS;

  private final BindingCache cache;
  private final KeySource keys;
  private final BindingUpdateValidation validation;
  private final AcknowledgementSender acknowledgements;
  private final Interception interception;
  private final ReturnedGuests returned;
  private final Counters counters;
  private final BindingLog log = new BindingLog();
  private final HandoverPlaces handovers = new HandoverPlaces();
  private HomeAgentSettings settings;

  HomeRegistration(
      BindingCache cache,
      KeySource keys,
      BindingUpdateValidation validation,
      AcknowledgementSender acknowledgements,
      Interception interception,
      ReturnedGuests returned,
      Counters counters) {
    this.cache = cache;
    this.keys = keys;
    this.validation = validation;
    this.acknowledgements = acknowledgements;
    this.interception = interception;
    this.returned = returned;
    this.counters = counters;
  }

  /**
   * Applies settings; bindings that they no longer allow end, others are cut to what they allow.
   */
  void settings(HomeAgentSettings settings, long nowNs) {
    this.settings = settings;
    Authorisation authorisation = new Authorisation(settings.mobileNodes());
    validation.settings(settings, authorisation);
    acknowledgements.encapsulationPort(settings.encapsulationPort());
    long longestNs = PrefixLifetimes.longestUnits(settings) * UNIT_NS;
    for (BindingCacheEntry entry : cache.entries()) {
      if (!entry.isLive()) {
        continue;
      }
      MobileNodeAuthorisation node = authorisation.of(entry.homeAddress);
      Ipv6Address careOf = entry.careOf;
      if (node == null
          || !settings.homePrefix().contains(entry.homeAddress)
          || !Authorisation.allowsCareOf(node, careOf)) {
        withdraw(entry, "no-longer-authorised", nowNs);
        continue;
      }
      cache.assign(entry, node);
      // RFC 6275 §10.3.1: "The home agent MUST remove a binding when the valid lifetime of the
      // prefix associated with it expires."
      if (entry.isBound() && entry.deadlineNs - nowNs > longestNs) {
        cache.endsAt(entry, nowNs + longestNs);
      }
    }
  }

  /** Takes a mobility message that came in. */
  void onBindingUpdate(SignallingPacket packet, BindingUpdate update, long nowNs) {
    counters.add(Counter.BINDING_UPDATES_RECEIVED);
    BindingRequest request = validation.validate(packet, update);
    if (request.dropReason() != null) {
      counters.drop(request.dropReason());
      log.discarded(request, nowNs);
    } else if (request.refusal() != null) {
      boolean may =
          request.returnPath().pair() != null
              ? mayAnswer(request, nowNs)
              : acknowledgements.mayRefuse(request.source(), nowNs);
      refuse(request, request.refusal(), may, nowNs);
    } else if (request.isDeregistration()) {
      deregister(request, nowNs);
    } else {
      register(request, nowNs);
    }
  }

  private boolean mayAnswer(BindingRequest request, long nowNs) {
    return acknowledgements.mayAnswer(request.homeAddress(), request.entry(), nowNs);
  }

  private void refuse(BindingRequest request, BindingStatus status, boolean may, long nowNs) {
    if (!may) {
      counters.drop(DropReason.MOBILITY_RATE_LIMITED);
      return;
    }
    counters.drop(reasonOf(status));
    log.refused(request, status, nowNs);
    int sequence = request.update().sequence();
    if (status == BindingStatus.SEQUENCE_NUMBER_OUT_OF_WINDOW) {
      // RFC 6275 §9.5.1: "with status code 135, and the last accepted sequence number in the
      // Sequence Number field".
      sequence = request.entry().sequence;
    } else if (request.entry() != null
        && status != BindingStatus.REGISTRATION_TYPE_CHANGE_DISALLOWED) {
      // RFC 6275 §9.5.1: the tests of §10.3.1 come after "the Sequence Number value received [...]
      // is stored".
      request.entry().sequence = sequence;
    }
    acknowledgements.send(
        request.returnPath(), request.homeAddress(), status, sequence, 0, null, nowNs);
  }

  private static DropReason reasonOf(BindingStatus status) {
    return switch (status) {
      case ADMINISTRATIVELY_PROHIBITED, NOT_HOME_SUBNET, INVALID_CARE_OF_ADDRESS ->
          DropReason.MOBILITY_NOT_AUTHORISED;
      default -> DropReason.BINDING_REFUSED;
    };
  }

  private void register(BindingRequest request, long nowNs) {
    if (!mayAnswer(request, nowNs)) {
      counters.drop(DropReason.MOBILITY_RATE_LIMITED);
      return;
    }
    BindingCacheEntry entry = request.entry();
    boolean isNew = entry == null || !entry.isLive();
    if (entry == null) {
      entry = new BindingCacheEntry(request.homeAddress());
      cache.add(entry);
    } else if (isNew) {
      cache.revive(entry);
    }
    boolean wasBound = entry.isBound();
    Ipv6Address before = entry.careOf;
    BindingUpdate update = request.update();
    cache.assign(entry, request.authorisation());
    entry.sequence = update.sequence();
    entry.lifetimeUnits =
        (int) Math.min(update.lifetimeUnits(), PrefixLifetimes.longestUnits(settings));
    entry.acknowledgeTo = request.returnPath();
    entry.acknowledged = update;
    if (wasBound) {
      refresh(entry, request, before, nowNs);
      return;
    }
    entry.careOf = request.careOf();
    if (!isNew) {
      // A retransmission while the test runs: its acknowledgement will be for this one.
      return;
    }
    entry.mobileRouter = BindingUpdateValidation.isRouter(update);
    if (update.linkLocalCompatibility() && !cache.claimLinkLocal(entry)) {
      duplicate(entry, entry.linkLocal, null, nowNs);
      return;
    }
    if (settings.dad() == Dad.STRICT) {
      log.testing(entry);
      interception.test(entry, nowNs);
      return;
    }
    bind(entry, nowNs);
    if (settings.dad() == Dad.OPTIMISTIC) {
      interception.test(entry, nowNs);
    }
  }

  private void bind(BindingCacheEntry entry, long nowNs) {
    inForce(entry.homeAddress, entry.acknowledgeTo, nowNs);
    entry.udpPort = entry.acknowledgeTo.udpPort();
    interception.begin(entry, nowNs);
    cache.endsAt(entry, nowNs + entry.lifetimeUnits * UNIT_NS);
    accept(entry, nowNs);
    log.registered(entry);
  }

  private void refresh(
      BindingCacheEntry entry, BindingRequest request, Ipv6Address before, long nowNs) {
    inForce(entry.homeAddress, request.returnPath(), nowNs);
    cache.endsAt(entry, nowNs + entry.lifetimeUnits * UNIT_NS);
    entry.udpPort = request.returnPath().udpPort();
    boolean moves = !before.equals(request.careOf());
    if (moves) {
      interception.move(entry, request.careOf(), nowNs + settings.graceSeconds() * SECOND_NS);
    }
    interception.follow(entry);
    interception.defendLinkLocal(entry, request.update().linkLocalCompatibility(), nowNs);
    accept(entry, nowNs);
    if (moves) {
      log.moved(entry, before);
    } else {
      log.refreshed(entry);
    }
  }

  /** An update was accepted: its keys are the ones that the mobile node uses now. */
  private void inForce(Ipv6Address homeAddress, ReturnPath way, long nowNs) {
    if (way.pair() != null) {
      keys.inForce(homeAddress, way.pair(), nowNs);
    }
  }

  private void accept(BindingCacheEntry entry, long nowNs) {
    ReturnPath to = entry.acknowledgeTo;
    BindingUpdate update = entry.acknowledged;
    entry.acknowledgeTo = null;
    entry.acknowledged = null;
    acknowledgements.send(
        to,
        entry.homeAddress,
        PrefixLifetimes.acceptance(settings, entry.lifetimeUnits),
        entry.sequence,
        entry.lifetimeUnits,
        handovers.keys(entry, update, to, entry.careOf, nowNs),
        nowNs);
  }

  private void deregister(BindingRequest request, long nowNs) {
    if (!mayAnswer(request, nowNs)) {
      counters.drop(DropReason.MOBILITY_RATE_LIMITED);
      return;
    }
    BindingCacheEntry entry = request.entry();
    entry.sequence = request.update().sequence();
    inForce(entry.homeAddress, request.returnPath(), nowNs);
    final boolean clear = entry.payload == null;
    final boolean ends = entry.isLive();
    final Ipv6Address careOf = entry.careOf;
    if (ends) {
      // RFC 6275 §10.3.2: "It SHOULD mark the Binding Cache entry as invalid, and MUST stop
      // intercepting packets on the mobile node's home link [...]. The home agent should wait for
      // MAX_DELETE_BCE_TIMEOUT seconds before removing the Binding Cache entry completely."
      end(entry, State.DEREGISTERED, nowNs);
    }
    handovers.keys(entry, request.update(), request.returnPath(), null, nowNs);
    boolean fetches =
        request.fromHome()
            && HandoverPlaces.returned(
                entry, clear, returned, then -> acknowledgeDeregistration(request, then), nowNs);
    if (!fetches) {
      acknowledgeDeregistration(request, nowNs);
    }
    if (ends) {
      log.deregistered(request, careOf);
    }
  }

  private void acknowledgeDeregistration(BindingRequest request, long nowNs) {
    if (!validation.isBelievable(request.homeAddress(), request.returnPath().pair())) {
      return;
    }
    // RFC 6275 §10.3.2: "The Lifetime field MUST be set to zero."
    acknowledgements.send(
        request.returnPath(),
        request.homeAddress(),
        BindingStatus.ACCEPTED,
        request.update().sequence(),
        0,
        null,
        nowNs);
  }

  @Override
  public void onUnique(Ipv6Address address, long nowNs) {
    BindingCacheEntry entry = underTest(address);
    if (entry == null) {
      return;
    }
    if (address.equals(entry.homeAddress)) {
      entry.testingHomeAddress = false;
    } else {
      entry.testingLinkLocal = false;
    }
    if (entry.isUnderTest() || entry.state != State.TESTING) {
      return;
    }
    if (validation.isBelievable(entry.homeAddress, entry.acknowledgeTo.pair())) {
      bind(entry, nowNs);
    } else {
      withdraw(entry, "keys-ended", nowNs);
    }
  }

  @Override
  public void onDuplicate(Ipv6Address address, MacAddress holder, long nowNs) {
    BindingCacheEntry entry = underTest(address);
    if (entry != null) {
      duplicate(entry, address, holder, nowNs);
    }
  }

  private BindingCacheEntry underTest(Ipv6Address address) {
    BindingCacheEntry entry = cache.get(address);
    if (entry == null) {
      entry = cache.ofLinkLocal(address.high(), address.low());
    }
    return entry != null && entry.isUnderTest() ? entry : null;
  }

  private void duplicate(
      BindingCacheEntry entry, Ipv6Address address, MacAddress holder, long nowNs) {
    log.duplicate(entry, address, holder);
    ReturnPath to = entry.acknowledgeTo;
    if (to == null) {
      // Acknowledged already (optimistic): the next Binding Update learns of it.
      end(entry, State.DUPLICATE, nowNs);
      return;
    }
    // RFC 6275 §10.3.1: "If this Duplicate Address Detection fails for the given home address or an
    // associated link local address, then the home agent MUST reject the complete Binding Update
    // and MUST return a Binding Acknowledgement [...] 134."
    interception.end(entry, nowNs);
    cache.remove(entry);
    counters.drop(DropReason.BINDING_REFUSED);
    if (!validation.isBelievable(entry.homeAddress, to.pair())) {
      return;
    }
    acknowledgements.send(
        to,
        entry.homeAddress,
        BindingStatus.DUPLICATE_ADDRESS_DETECTION_FAILED,
        entry.sequence,
        0,
        null,
        nowNs);
  }

  /** Ends the binding of a home address at once, if there is one. */
  void withdraw(Ipv6Address homeAddress, String reason, long nowNs) {
    BindingCacheEntry entry = cache.get(homeAddress);
    if (entry != null && entry.isLive()) {
      withdraw(entry, reason, nowNs);
    }
  }

  private void withdraw(BindingCacheEntry entry, String reason, long nowNs) {
    log.withdrawn(entry, reason);
    end(entry, State.EXPIRED, nowNs);
  }

  private void end(BindingCacheEntry entry, State state, long nowNs) {
    interception.end(entry, nowNs);
    if (cache.size() - cache.live() >= settings.maximumBindings()) {
      cache.remove(entry);
    } else {
      long holdNs = state == State.DUPLICATE ? DUPLICATE_HOLD_NS : DELETE_TIMEOUT_NS;
      cache.retire(entry, state, nowNs + holdNs);
    }
    interception.releaseAwaiting(entry, nowNs);
  }

  void onDeadline(long nowNs) {
    cache.forgetFormerPlaces(nowNs);
    for (BindingCacheEntry entry = cache.due(nowNs); entry != null; entry = cache.due(nowNs)) {
      if (entry.isBound()) {
        // RFC 6275 §10.3.1: "this Binding Cache entry MUST be deleted by the home agent after the
        // expiration of this lifetime."
        log.expired(entry);
        end(entry, State.EXPIRED, nowNs);
      } else {
        cache.remove(entry);
      }
    }
  }
}
