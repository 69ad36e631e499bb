package org.kagemusha.core.homeagent;

import org.kagemusha.core.homeagent.BindingCacheEntry.State;
import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.message.BindingStatus;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.wire.Ipv6Address;

/** The tests of RFC 6275 §9.5.1 and §10.3.1 on a Binding Update, in their order. */
final class BindingUpdateValidation {

  /** The Mobile Router flag, RFC 3963 §4.1. */
  static final int MOBILE_ROUTER_FLAG = 0x0400;

  private final KeySource keys;
  private final BindingCache cache;
  private HomeAgentSettings settings;
  private Authorisation authorisation;

  BindingUpdateValidation(KeySource keys, BindingCache cache) {
    this.keys = keys;
    this.cache = cache;
  }

  void settings(HomeAgentSettings settings, Authorisation authorisation) {
    this.settings = settings;
    this.authorisation = authorisation;
  }

  /** Tests a Binding Update; changes nothing. */
  BindingRequest validate(SignallingPacket packet, BindingUpdate update) {
    BindingRequest request = read(packet, update);
    DropReason silent = silentlyDiscarded(packet, request);
    if (silent != null) {
      return request.dropped(silent);
    }
    BindingStatus refusal = refused(request);
    return refusal == null ? request : request.refused(refusal);
  }

  private BindingRequest read(SignallingPacket packet, BindingUpdate update) {
    // RFC 6275 §9.5.1: "If the Home Address destination option is present, the home address is the
    // address in that option. Otherwise, the home address is the Source Address field in the
    // packet's IPv6 header."
    boolean fromHome =
        packet.homeAddressOption() == null || packet.homeAddressOption().equals(packet.source());
    Ipv6Address homeAddress = fromHome ? packet.source() : packet.homeAddressOption();
    // RFC 6275 §9.5.1: "If the Alternate Care-of Address option is present, the care-of address is
    // the address in that option. Otherwise, the care-of address is the Source Address field."
    Ipv6Address careOf =
        update.alternateCareOf() == null ? packet.source() : update.alternateCareOf();
    return new BindingRequest(
        update,
        homeAddress,
        careOf,
        returnPath(packet, homeAddress),
        fromHome,
        authorisation.of(homeAddress),
        cache.get(homeAddress),
        null,
        null);
  }

  private ReturnPath returnPath(SignallingPacket packet, Ipv6Address homeAddress) {
    InboundSecurityAssociation opened = packet.association();
    // RFC 6275 §10.3.1: "the home address unequivocally identifying the security association that
    // must be used." While keys are replaced, there is more than one.
    SecurityAssociationPair pair =
        opened == null
            ? null
            : keys.accepting(homeAddress, KeySource.Purpose.SIGNALLING, opened);
    return new ReturnPath(packet.source(), pair, packet.udpPort());
  }

  private DropReason silentlyDiscarded(SignallingPacket packet, BindingRequest request) {
    // RFC 6275 §9.5.1: "The packet MUST contain a unicast routable home address."
    if (!request.homeAddress().isRoutableUnicast()
        || request.homeAddress().equals(settings.address())) {
      return DropReason.MOBILITY_NOT_AUTHORISED;
    }
    // RFC 6275 §9.5.4: "If the Source Address field of the IPv6 header that carried the Binding
    // Update does not contain a unicast address, [...] the Binding Update packet MUST be silently
    // discarded."
    if (!request.source().isRoutableUnicast()) {
      return DropReason.MOBILITY_MALFORMED;
    }
    SecurityAssociationPair pair = request.returnPath().pair();
    if (packet.association() != null && pair == null) {
      return DropReason.ESP_SELECTOR_MISMATCH;
    }
    if (!isBelievable(request.homeAddress(), pair)) {
      return DropReason.MOBILITY_UNPROTECTED;
    }
    // There is no correspondent role: without H only the change of an existing registration's type
    // is answered (refused()), and only if the sender is known.
    if (!request.update().homeRegistration()
        && (pair == null || !isLive(request.entry()))) {
      return DropReason.MOBILITY_NOT_FOR_ROLE;
    }
    // RFC 6275 §10.3.1: "A Home Address destination option MUST be present in the message." §10.3.2
    // lets a mobile node at home omit it when it deregisters.
    if (request.fromHome() && !request.isDeregistration()) {
      return DropReason.OPTIONS_INVALID;
    }
    return null;
  }

  /**
   * Says whether what came under a pair, or with null in clear, is still to be believed: keys end
   * while an update waits for duplicate address detection.
   */
  boolean isBelievable(Ipv6Address homeAddress, SecurityAssociationPair pair) {
    if (pair == null) {
      return !settings.requireSignallingProtection()
          && keys.allowsClear(homeAddress, KeySource.Purpose.SIGNALLING);
    }
    return keys.accepting(homeAddress, KeySource.Purpose.SIGNALLING, pair.inbound()) == pair;
  }

  private BindingStatus refused(BindingRequest request) {
    BindingCacheEntry entry = request.entry();
    BindingUpdate update = request.update();
    // RFC 6275 §9.5.1: "If the receiving node has no Binding Cache entry for the indicated home
    // address, it MUST accept any Sequence Number value."
    if (entry != null && !SequenceWindow.isGreater(update.sequence(), entry.sequence)) {
      return BindingStatus.SEQUENCE_NUMBER_OUT_OF_WINDOW;
    }
    if (!update.homeRegistration() || isLive(entry) && entry.mobileRouter != isRouter(update)) {
      return BindingStatus.REGISTRATION_TYPE_CHANGE_DISALLOWED;
    }
    return request.isDeregistration() ? refusedEnd(entry) : refusedBinding(request);
  }

  private static BindingStatus refusedEnd(BindingCacheEntry entry) {
    // RFC 6275 §10.3.2: "If the receiving node has no entry marked as a home registration in its
    // Binding Cache for this mobile node, then this node MUST reject." An entry that is only marked
    // as invalid is still there: the acknowledgement of its end was lost.
    boolean ends = isLive(entry) || entry != null && entry.state == State.DEREGISTERED;
    return ends ? null : BindingStatus.NOT_HOME_AGENT_FOR_THIS_MOBILE_NODE;
  }

  private BindingStatus refusedBinding(BindingRequest request) {
    // RFC 6275 §10.3.1: "if the home address for the binding [...] is not an on-link IPv6 address
    // with respect to the home agent's current Prefix List, then the home agent MUST reject."
    if (!settings.homePrefix().contains(request.homeAddress())
        || settings.prefixValidSeconds() < BindingUpdate.LIFETIME_UNIT_SECONDS) {
      return BindingStatus.NOT_HOME_SUBNET;
    }
    if (request.authorisation() == null) {
      return BindingStatus.ADMINISTRATIVELY_PROHIBITED;
    }
    if (!isAcceptableCareOf(request)) {
      return BindingStatus.INVALID_CARE_OF_ADDRESS;
    }
    if (!Authorisation.allowsCareOf(request.authorisation(), request.careOf())) {
      return BindingStatus.ADMINISTRATIVELY_PROHIBITED;
    }
    if (request.entry() != null && request.entry().state == State.DUPLICATE) {
      return BindingStatus.DUPLICATE_ADDRESS_DETECTION_FAILED;
    }
    // RFC 6275 §10.3.1: "if the home agent chooses to reject the Binding Update for any other
    // reason (e.g., insufficient resources to serve another mobile node as a home agent)".
    MobileNodeAuthorisation node = request.authorisation();
    if (!isLive(request.entry())
        && (cache.live() >= settings.maximumBindings()
            || cache.liveOf(node) >= node.maximumBindings())) {
      return BindingStatus.INSUFFICIENT_RESOURCES;
    }
    return null;
  }

  /**
   * RFC 6275 §6.1.7: a unicast routable address; a tunnel into a tunnel of ours would be a loop. A
   * home address is none even while it has no binding: whose it is could not register it any more.
   */
  private boolean isAcceptableCareOf(BindingRequest request) {
    Ipv6Address careOf = request.careOf();
    Ipv6Address homeAddress = request.homeAddress();
    return careOf.isRoutableUnicast()
        && !careOf.equals(settings.address())
        && !isLive(cache.get(careOf))
        && !(settings.homePrefix().contains(careOf) && authorisation.of(careOf) != null)
        && cache.atCareOf(homeAddress.high(), homeAddress.low()) == null;
  }

  static boolean isRouter(BindingUpdate update) {
    return (update.otherFlags() & MOBILE_ROUTER_FLAG) != 0;
  }

  private static boolean isLive(BindingCacheEntry entry) {
    return entry != null && entry.isLive();
  }
}
