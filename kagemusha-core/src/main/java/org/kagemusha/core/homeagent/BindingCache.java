package org.kagemusha.core.homeagent;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.kagemusha.core.homeagent.BindingCacheEntry.State;
import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.tunnel.Tunnel;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Map;

/**
 * The home registrations (RFC 6275 §9.1, §10.1), found by home address, by link-local address and
 * by care-of address in a time that does not depend on their number. An entry is never evicted
 * before its lifetime ends (§10.3.1).
 */
final class BindingCache {

  private final Ipv6Map<BindingCacheEntry> byHomeAddress = new Ipv6Map<>();
  private final Ipv6Map<BindingCacheEntry> byLinkLocal = new Ipv6Map<>();
  private final Ipv6Map<BindingCacheEntry> byCareOf = new Ipv6Map<>();
  private final DeadlineQueue deadlines = new DeadlineQueue();
  private final FormerPlaces former = new FormerPlaces();

  /** How many entries use each payload association: those of one mobile node share theirs. */
  private final Map<InboundSecurityAssociation, int[]> protecting = new IdentityHashMap<>();

  private final Map<String, Integer> liveOf = new HashMap<>();
  private int live;
  private int bound;

  /** How many entries are in force or under test. */
  int live() {
    return live;
  }

  /** How many entries of a mobile node are in force or under test. */
  int liveOf(MobileNodeAuthorisation node) {
    return liveOf.getOrDefault(node.name(), 0);
  }

  /** Says whose a live entry is; another node than before takes it over. */
  void assign(BindingCacheEntry entry, MobileNodeAuthorisation node) {
    entry.authorisation = node;
    if (!node.name().equals(entry.countedFor)) {
      discount(entry);
      entry.countedFor = node.name();
      liveOf.merge(node.name(), 1, Integer::sum);
    }
  }

  private void discount(BindingCacheEntry entry) {
    if (entry.countedFor != null) {
      liveOf.computeIfPresent(entry.countedFor, (name, count) -> count > 1 ? count - 1 : null);
      entry.countedFor = null;
    }
  }

  /** How many entries are in force. */
  int bound() {
    return bound;
  }

  /** How many entries there are in all. */
  int size() {
    return byHomeAddress.size();
  }

  /** The entries as they stand, in no order. */
  List<BindingCacheEntry> entries() {
    return byHomeAddress.values();
  }

  /** The entry of a home address in any state, or null. */
  BindingCacheEntry get(Ipv6Address homeAddress) {
    return byHomeAddress.get(homeAddress);
  }

  /** The entry of a home address, given as two words, in any state, or null; allocates nothing. */
  BindingCacheEntry get(long high, long low) {
    return byHomeAddress.get(high, low);
  }

  /** The live entry that defends a link-local address, given as two words, or null. */
  BindingCacheEntry ofLinkLocal(long high, long low) {
    return byLinkLocal.get(high, low);
  }

  /** The first of the entries in force at a care-of address, given as two words, or null. */
  BindingCacheEntry atCareOf(long high, long low) {
    return byCareOf.get(high, low);
  }

  /** Says whether an entry in force may have left an address, given as two words, just now. */
  boolean wasCareOf(long high, long low) {
    return former.contains(high, low);
  }

  /** Sets the payload associations that an entry in force uses, or null. */
  void protect(BindingCacheEntry entry, SecurityAssociationPair pair) {
    if (entry.payload != null) {
      protecting.computeIfPresent(
          entry.payload.inbound(), (used, entries) -> --entries[0] > 0 ? entries : null);
    }
    entry.payload = pair;
    if (pair != null) {
      protecting.computeIfAbsent(pair.inbound(), used -> new int[1])[0]++;
    }
  }

  /** Says whether an entry in force uses an association for its payload; allocates nothing. */
  boolean isProtecting(InboundSecurityAssociation association) {
    return protecting.containsKey(association);
  }

  /** Puts in a new entry, under test. */
  void add(BindingCacheEntry entry) {
    byHomeAddress.put(entry.homeAddress, entry);
    live++;
  }

  /** Lets the entry claim its link-local address; false if another one has it. */
  boolean claimLinkLocal(BindingCacheEntry entry) {
    BindingCacheEntry other = byLinkLocal.get(entry.linkLocal);
    if (other != null && other != entry) {
      return false;
    }
    byLinkLocal.put(entry.linkLocal, entry);
    entry.defendsLinkLocal = true;
    return true;
  }

  /** Gives the link-local address up. */
  void releaseLinkLocal(BindingCacheEntry entry) {
    if (entry.defendsLinkLocal) {
      byLinkLocal.remove(entry.linkLocal);
      entry.defendsLinkLocal = false;
    }
  }

  /** Puts an entry in force, with its tunnel. */
  void bind(BindingCacheEntry entry, Ipv6Address careOf, Tunnel tunnel) {
    entry.state = State.BOUND;
    entry.tunnel = tunnel;
    entry.careOf = careOf;
    bound++;
    attach(entry);
  }

  /**
   * Gives an entry in force another care-of address.
   *
   * @param formerUntilNs until when the one before is remembered
   */
  void move(BindingCacheEntry entry, Ipv6Address careOf, long formerUntilNs) {
    detach(entry);
    former.left(entry, entry.careOf, formerUntilNs);
    entry.careOf = careOf;
    attach(entry);
  }

  /** Ends a live entry but remembers it, in a state, until a time. */
  void retire(BindingCacheEntry entry, State state, long untilNs) {
    end(entry);
    entry.state = state;
    deadlines.schedule(entry, untilNs);
  }

  /** Forgets an entry. */
  void remove(BindingCacheEntry entry) {
    end(entry);
    deadlines.cancel(entry);
    byHomeAddress.remove(entry.homeAddress);
  }

  /** Makes a remembered entry live again, under test. */
  void revive(BindingCacheEntry entry) {
    entry.state = State.TESTING;
    deadlines.cancel(entry);
    live++;
  }

  /** Sets when an entry ends, monotonic nanoseconds. */
  void endsAt(BindingCacheEntry entry, long deadlineNs) {
    deadlines.schedule(entry, deadlineNs);
  }

  /** An entry whose end has come, or null. */
  BindingCacheEntry due(long nowNs) {
    return deadlines.due(nowNs);
  }

  /** Forgets care-of addresses that were left long enough ago. */
  void forgetFormerPlaces(long nowNs) {
    former.onDeadline(nowNs);
  }

  /** When the next entry ends, or the next former care-of address. */
  long nextDeadlineNs() {
    return Math.min(deadlines.earliestNs(), former.nextDeadlineNs());
  }

  private void end(BindingCacheEntry entry) {
    if (entry.isBound()) {
      detach(entry);
      bound--;
    }
    if (entry.isLive()) {
      live--;
    }
    releaseLinkLocal(entry);
    discount(entry);
    entry.tunnel = null;
    entry.udpPort = 0;
    protect(entry, null);
    former.forget(entry);
    entry.acknowledgeTo = null;
    entry.testingHomeAddress = false;
    entry.testingLinkLocal = false;
    entry.state = State.EXPIRED;
  }

  private void attach(BindingCacheEntry entry) {
    BindingCacheEntry first = byCareOf.put(entry.careOf, entry);
    entry.nextAtCareOf = first;
    if (first != null) {
      first.previousAtCareOf = entry;
    }
  }

  private void detach(BindingCacheEntry entry) {
    BindingCacheEntry next = entry.nextAtCareOf;
    BindingCacheEntry previous = entry.previousAtCareOf;
    if (next != null) {
      next.previousAtCareOf = previous;
    }
    if (previous != null) {
      previous.nextAtCareOf = next;
    } else if (next != null) {
      byCareOf.put(entry.careOf, next);
    } else {
      byCareOf.remove(entry.careOf);
    }
    entry.nextAtCareOf = null;
    entry.previousAtCareOf = null;
  }
}
