package org.kagemusha.tap.rawsocket;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.Protocol;

/**
 * Which tunnelled packets may leave straight to the link-layer address of their next hop, past
 * the kernel's routing. It knows only what it is told: whatever is unknown, doubtful or has just
 * changed goes by the routing table, which makes the kernel resolve it.
 *
 * <p>So does one packet a second to each destination. The kernel takes its neighbour for used then,
 * and its Neighbor Unreachability Detection goes on (RFC 4861 §7.3).
 *
 * <p>A table of fixed size; destinations without a place go by the routing table. Choosing
 * allocates nothing but for a new destination or a question. Times are of a monotonic clock, in
 * nanoseconds. One thread.
 */
public final class NextHops {

  /** Takes questions; each is to be answered by {@link #answer} or will be asked again. */
  @FunctionalInterface
  public interface Asker {

    /**
     * Shall find the next hop of a destination, soon, but not within this call.
     *
     * @param source of the packets
     * @param asked what {@link #answer} wants to know
     */
    void ask(Ipv6Address source, Ipv6Address destination, long asked);
  }

  /**
   * A way out by Ethernet.
   *
   * @param index the interface's
   * @param address the next hop's: a router, or the destination itself
   * @param mac where the kernel holds the next hop for usable, else null
   */
  public record Way(int index, Ipv6Address address, MacAddress mac) {}

  /** A destination and what is known of its next hop. */
  static final class Hop {

    private final long high;
    private final long low;
    private Way way;
    private boolean isSure;
    private boolean isAskedTwice;
    private long mac = NO_MAC;
    private long usedNs;
    private long askedNs;
    private long askNs;
    private long byTableNs;

    private Hop(long high, long low, long nowNs) {
      this.high = high;
      this.low = low;
      askNs = nowNs;
      askedNs = nowNs - PATIENCE_NS;
    }

    int index() {
      return way.index();
    }

    /** The 48 bits of its link-layer address. */
    long mac() {
      return mac;
    }

    private boolean is(long otherHigh, long otherLow) {
      return low == otherLow && high == otherHigh;
    }

    private boolean isUsable() {
      return isSure && mac != NO_MAC;
    }

    private void use(MacAddress other, long nowNs) {
      if (mac == NO_MAC) {
        byTableNs = nowNs + BY_TABLE_NS;
      }
      mac = other == null ? NO_MAC : other.bits();
    }
  }

  /** How often a packet to each destination goes by the routing table. */
  static final long BY_TABLE_NS = 1_000_000_000L;

  /** How long an answer holds; also how long a destination keeps its place unused. */
  static final long HOLDS_NS = 10_000_000_000L;

  /** How long after a question the same may be asked again, because of a change. */
  static final long PATIENCE_NS = 100_000_000L;

  private static final long NO_MAC = -1;
  private static final int PLACES = 4;
  private static final long MIX = 0x9e37_79b9_7f4a_7c15L;

  private final Asker asker;
  private final Hop[] table;
  private Ipv6Address local;
  private Hop last;
  private long changes;
  private String obstacle = "no packet yet";

  /**
   * @param destinations how many have places at least, 1 or more, as long as they spread evenly
   */
  public NextHops(int destinations, Asker asker) {
    table = new Hop[Math.max(PLACES, Integer.highestOneBit(destinations) * 2)];
    this.asker = asker;
  }

  /** Packets that may leave straight have this source from now on; before, there are none. */
  public void local(Ipv6Address address, long nowNs) {
    local = address;
    doubtAll(nowNs);
  }

  /**
   * Where a packet may be sent to straight; null: by the routing table. Only ESP, and IPv6 in IPv6,
   * right behind the outer header: signalling must get through whatever happens here.
   *
   * @param at where its IPv6 header is
   */
  Hop choose(ByteBuffer packet, int at, long nowNs) {
    int protocol = packet.get(at + Ipv6Header.NEXT_HEADER);
    if (protocol != Protocol.ESP && protocol != Protocol.IPV6
        || local == null
        || !local.matches(packet, at + Ipv6Header.SOURCE)) {
      return null;
    }
    long high = packet.getLong(at + Ipv6Header.DESTINATION);
    long low = packet.getLong(at + Ipv6Header.DESTINATION + Long.BYTES);
    Hop hop = last;
    if (hop == null || !hop.is(high, low)) {
      hop = place(high, low, nowNs);
      if (hop == null) {
        return null;
      }
      last = hop;
    }
    hop.usedNs = nowNs;
    if (nowNs - hop.askNs >= 0) {
      ask(hop, nowNs);
    }
    if (!hop.isUsable()) {
      return null;
    }
    // RFC 4861 §7.3.3: a node learns that a neighbour is gone from what it sends there itself.
    if (nowNs - hop.byTableNs >= 0) {
      hop.byTableNs = nowNs + BY_TABLE_NS;
      return null;
    }
    return hop;
  }

  private void ask(Hop hop, long nowNs) {
    hop.askedNs = nowNs;
    hop.askNs = nowNs + HOLDS_NS;
    asker.ask(local, new Ipv6Address(hop.high, hop.low), changes);
  }

  /** Its own place, a free one, or that of a destination that is no longer in use; or null. */
  private Hop place(long high, long low, long nowNs) {
    int first = first(high, low);
    int place = -1;
    for (int i = 0; i < PLACES; i++) {
      int at = first + i & table.length - 1;
      Hop hop = table[at];
      if (hop != null && hop.is(high, low)) {
        return hop;
      }
      if (place < 0 && (hop == null || nowNs - hop.usedNs >= HOLDS_NS)) {
        place = at;
      }
    }
    if (place < 0) {
      return null;
    }
    table[place] = new Hop(high, low, nowNs);
    return table[place];
  }

  /**
   * Tells what was asked for.
   *
   * @param asked what the question said
   * @param way null where there is none that packets may take
   * @param why there is none
   */
  public void answer(
      Ipv6Address destination, long asked, Way way, String why, long nowNs) {
    Hop hop = find(destination.high(), destination.low());
    if (hop == null) {
      return;
    }
    if (asked != changes) {
      // It may have been found before the change, which a first packet by the table often causes.
      if (hop.isAskedTwice) {
        askAgain(hop, nowNs);
      } else {
        hop.isAskedTwice = true;
        ask(hop, nowNs);
      }
      return;
    }
    hop.isAskedTwice = false;
    if (!hop.isSure) {
      hop.mac = NO_MAC;
    }
    hop.way = way;
    hop.isSure = way != null;
    if (way == null) {
      obstacle = why;
      hop.mac = NO_MAC;
    } else {
      hop.use(way.mac(), nowNs);
      if (way.mac() == null) {
        obstacle = "next hop not resolved";
      }
    }
  }

  /**
   * The kernel's neighbour has changed.
   *
   * @param mac null where it is not usable
   */
  public void neighbour(int index, Ipv6Address address, MacAddress mac, long nowNs) {
    changes++;
    for (Hop hop : table) {
      if (hop != null
          && hop.isSure
          && hop.way.index() == index
          && hop.way.address().equals(address)) {
        hop.use(mac, nowNs);
        if (mac == null) {
          obstacle = "next hop not reachable";
        }
      }
    }
  }

  /**
   * Routes, addresses or interfaces have changed, or events were lost: all is to be asked again.
   */
  public void doubtAll(long nowNs) {
    changes++;
    for (Hop hop : table) {
      if (hop != null) {
        obstacle = "routes or interfaces have just changed";
        hop.isSure = false;
        askAgain(hop, nowNs);
      }
    }
  }

  /** The kernel did not take a packet for this reason; asked again after a change, or later. */
  void failed(Hop hop, String why, long nowNs) {
    hop.isSure = false;
    hop.askNs = nowNs + HOLDS_NS;
    obstacle = why;
  }

  /** Nothing will be chosen at all. */
  void unavailable(String why) {
    obstacle = why;
  }

  private static void askAgain(Hop hop, long nowNs) {
    long soonest = hop.askedNs + PATIENCE_NS;
    long when = soonest - nowNs > 0 ? soonest : nowNs;
    if (hop.askNs - when > 0) {
      hop.askNs = when;
    }
  }

  /** How many destinations there are straight ways to. */
  public int usable() {
    int count = 0;
    for (Hop hop : table) {
      count += hop != null && hop.isUsable() ? 1 : 0;
    }
    return count;
  }

  /** How many destinations have a place, used lately or not. */
  public int destinations() {
    int count = 0;
    for (Hop hop : table) {
      count += hop != null ? 1 : 0;
    }
    return count;
  }

  /** Why the last destination that has none had to be without a straight way. */
  public String obstacle() {
    return obstacle;
  }

  private Hop find(long high, long low) {
    int first = first(high, low);
    for (int i = 0; i < PLACES; i++) {
      Hop hop = table[first + i & table.length - 1];
      if (hop != null && hop.is(high, low)) {
        return hop;
      }
    }
    return null;
  }

  private int first(long high, long low) {
    long mixed = (high * MIX ^ low) * MIX;
    return (int) (mixed >>> 32) & table.length - 1;
  }
}
