package org.kagemusha.core.neighbor;

import java.util.ArrayList;
import java.util.List;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Map;

/**
 * The addresses a guest was seen to have. Bounded: of too many, what was used longest ago is
 * forgotten. Looking one up allocates nothing.
 */
final class GuestAddresses {

  /** Kept at most; a host with temporary addresses has about a dozen. */
  static final int MAXIMUM = 64;

  private static final int LEARNED_PER_SECOND = 4;
  private static final int LEARNED_AT_ONCE = 32;

  private static final class Used {
    final Ipv6Address address;
    long usedNs;

    Used(Ipv6Address address) {
      this.address = address;
    }
  }

  private final Ipv6Map<Used> used = new Ipv6Map<>();
  private final Ipv6Map<Ipv6Address> declared = new Ipv6Map<>();
  private final TokenBucket learned = new TokenBucket(LEARNED_PER_SECOND, LEARNED_AT_ONCE);

  /** Says whether an address was seen with the guest, or declared to be its own. */
  boolean contains(long high, long low) {
    return used.get(high, low) != null || declared.get(high, low) != null;
  }

  /** Says whether an address was seen with the guest, or declared to be its own. */
  boolean contains(Ipv6Address address) {
    return contains(address.high(), address.low());
  }

  /** Declares an address to be the guest's although it was not seen yet. */
  void declare(Ipv6Address address) {
    declared.put(address, address);
  }

  /** Notes the use of an address; false if it is not known. */
  boolean touch(long high, long low, long nowNs) {
    Used entry = used.get(high, low);
    if (entry == null) {
      return false;
    }
    entry.usedNs = nowNs;
    return true;
  }

  /** Adds an address that is not known; false if that happens too often. */
  boolean add(Ipv6Address address, long nowNs) {
    if (!learned.tryTake(nowNs)) {
      return false;
    }
    if (used.size() >= MAXIMUM) {
      used.remove(leastRecent());
    }
    Used entry = new Used(address);
    entry.usedNs = nowNs;
    used.put(address, entry);
    return true;
  }

  /** Forgets that an address was seen or declared. */
  void remove(Ipv6Address address) {
    used.remove(address);
    declared.remove(address);
  }

  /** Those that were seen, as they stand now. */
  List<Ipv6Address> all() {
    List<Ipv6Address> all = new ArrayList<>();
    for (Used entry : used.values()) {
      all.add(entry.address);
    }
    return all;
  }

  /** Any one that was declared; null if there is none. */
  Ipv6Address anyDeclared() {
    return declared.size() == 0 ? null : declared.values().get(0);
  }

  /** Of the link-local or of the other addresses seen, the one used last; or null. */
  Ipv6Address mostRecent(boolean linkLocal) {
    Used best = null;
    for (Used entry : used.values()) {
      if (entry.address.isLinkLocal() == linkLocal
          && (best == null || entry.usedNs > best.usedNs)) {
        best = entry;
      }
    }
    return best == null ? null : best.address;
  }

  private Ipv6Address leastRecent() {
    Used oldest = null;
    for (Used entry : used.values()) {
      if (oldest == null || entry.usedNs < oldest.usedNs) {
        oldest = entry;
      }
    }
    return oldest.address;
  }
}
