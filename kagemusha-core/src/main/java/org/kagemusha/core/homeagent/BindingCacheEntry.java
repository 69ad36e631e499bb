package org.kagemusha.core.homeagent;

import java.nio.ByteBuffer;
import java.util.Locale;
import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.tunnel.Tunnel;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * A home registration (RFC 6275 §9.1): where one home address is, until when, and its tunnel. Only
 * {@link BindingCache} changes the fields by which it finds entries.
 */
final class BindingCacheEntry {

  /** What an entry stands for. */
  enum State {
    /** Duplicate address detection runs before the first acknowledgement; nothing is forwarded. */
    TESTING,
    /** In force: intercepted, tunnelled and proxied. */
    BOUND,
    /** Deregistered; kept so that a late Binding Update gets status 135, §10.3.2. */
    DEREGISTERED,
    /** Its lifetime ended; kept for the same reason. */
    EXPIRED,
    /** Another node on the home link has the address; kept so that the next update gets 134. */
    DUPLICATE;

    private final String label = name().toLowerCase(Locale.ROOT);

    @Override
    public String toString() {
      return label;
    }
  }

  final Ipv6Address homeAddress;

  /**
   * The link-local address with the identifier of the home address; defended if the L bit is set.
   */
  final Ipv6Address linkLocal;

  State state = State.TESTING;
  MobileNodeAuthorisation authorisation;

  /** The name of the mobile node in whose number of bindings this one is counted, or null. */
  String countedFor;
  Ipv6Address careOf;

  /** The last sequence number accepted. */
  int sequence;

  /** The lifetime granted, in units of four seconds. */
  int lifetimeUnits;

  /** The R flag of RFC 3963 as first registered; it must not change. */
  boolean mobileRouter;

  /** L: the link-local address is defended too. */
  boolean defendsLinkLocal;

  /** Which addresses are still under test. */
  boolean testingHomeAddress;

  boolean testingLinkLocal;

  /** How many updates of this home address are answered: 10 a second, 20 at once. */
  final TokenBucket acknowledgements = new TokenBucket(10, 20);

  /**
   * How many ICMPv6 errors about this care-of address are looked at: 50 a second. Anyone can forge
   * them, so a care-of address has its own limit, which is that of the first entry there.
   */
  final TokenBucket errors = new TokenBucket(50, 50);

  /** The way back of the acknowledgement that waits for the test. */
  ReturnPath acknowledgeTo;

  /** The mobile node's UDP port if the update in force came in UDP (RFC 3948), else 0. */
  int udpPort;

  /** The tunnel while in force, else null. */
  Tunnel tunnel;

  /** The payload associations that the tunnel uses, or null; see {@link BindingCache#protect}. */
  SecurityAssociationPair payload;

  /** When the binding, or the memory of it, ends; monotonic nanoseconds. */
  long deadlineNs = NodeEngine.NEVER;

  /** Place in the deadline queue, or -1. */
  int queueIndex = -1;

  /** The next entry with the same care-of address. */
  BindingCacheEntry nextAtCareOf;

  /** The one before it. */
  BindingCacheEntry previousAtCareOf;

  /** The care-of address before the last move, or null; {@link FormerPlaces} keeps it. */
  Ipv6Address formerCareOf;

  /** Until when what comes from there is taken, if it is protected. */
  long formerUntilNs;

  /** What {@link HandoverPlaces} remembers, or null. */
  HandoverPlaces.Memory handover;

  /** What {@link HomeLinkBacklog} lets wait in front of the tunnel, or null. */
  HomeLinkBacklog.Awaited awaited;

  /** The update whose acknowledgement waits for the test. */
  BindingUpdate acknowledged;

  /** When {@link FormerPlaces} looks at this entry again. */
  long formerQueuedNs = NodeEngine.NEVER;

  BindingCacheEntry(Ipv6Address homeAddress) {
    this.homeAddress = homeAddress;
    // RFC 6275 §10.3.1: "The link-local address is derived by replacing the subnet prefix in the
    // mobile node's home address with the link-local prefix."
    this.linkLocal = new Ipv6Address(0xfe80L << 48, homeAddress.low());
  }

  boolean isBound() {
    return state == State.BOUND;
  }

  /** In force or about to be: what counts against the maximum of bindings. */
  boolean isLive() {
    return state == State.BOUND || state == State.TESTING;
  }

  /** Says whether the node has just moved away from an address, given by its index. */
  boolean wasAt(ByteBuffer bytes, int address, long nowNs) {
    return formerCareOf != null && nowNs < formerUntilNs && formerCareOf.matches(bytes, address);
  }

  /** How the tunnel is encapsulated, for people: "none" or "udp:" and the mobile node's port. */
  String encapsulation() {
    return udpPort == 0 ? "none" : "udp:" + udpPort;
  }

  boolean isUnderTest() {
    return testingHomeAddress || testingLinkLocal;
  }
}
