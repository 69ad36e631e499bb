package org.kagemusha.core.homeagent;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kagemusha.core.handover.Mark;
import org.kagemusha.core.handover.PacketHold;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * What a host on the home link has kept for a VM that goes abroad. When the VM is paused there, the
 * host says by a {@link Mark} that its station keeps packets; when the binding comes in force,
 * these come from that station, and behind the last a second mark. What others send to the home
 * address waits for them. Whoever says nothing is not waited for.
 */
final class HomeLinkBacklog {

  /** Room for what waits of one home address, octets. */
  static final int OCTETS = 1 << 20;

  /** Of how many home addresses packets wait at one time; beyond, their order may suffer. */
  static final int MOST = 32;

  /** How long it is remembered that a station keeps packets: a VM is not paused for longer. */
  static final long KEEPER_NS = 60_000_000_000L;

  /** How many are remembered; the oldest give way. */
  static final int KEEPERS = 1024;

  /** A station that keeps packets for a home address, by its MAC address. */
  private record Keeper(long station, long untilNs) {}

  /** What waits in front of one tunnel. */
  static final class Awaited {
    private final PacketHold hold;
    private final long station;

    private Awaited(long station, long nowNs) {
      this.station = station;
      hold = new PacketHold(OCTETS, nowNs);
      // Its first mark was a sign already.
      hold.onSign(nowNs);
    }

    /** Whether a packet waits now; else there is no room, and nothing is to wait any more. */
    boolean offer(PacketBuffer packet) {
      return hold.offer(packet);
    }

    boolean isEmpty() {
      return hold.size() == 0;
    }

    boolean poll(PacketBuffer to) {
      return hold.poll(to);
    }
  }

  private final Forwarding forwarding;
  private final Map<Ipv6Address, Keeper> keepers =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Ipv6Address, Keeper> eldest) {
          return size() > KEEPERS;
        }
      };
  private final List<BindingCacheEntry> active = new ArrayList<>();

  HomeLinkBacklog(Forwarding forwarding) {
    this.forwarding = forwarding;
  }

  /** A binding comes in force of which there was none: its VM was at home. */
  void begin(BindingCacheEntry entry, long nowNs) {
    Keeper keeper = keepers.remove(entry.homeAddress);
    if (keeper != null && nowNs < keeper.untilNs && active.size() < MOST) {
      entry.awaited = new Awaited(keeper.station, nowNs);
      active.add(entry);
    }
  }

  /** Nothing is to be waited for any more. */
  void end(BindingCacheEntry entry, long nowNs) {
    if (active.remove(entry)) {
      forwarding.release(entry, nowNs);
    }
  }

  /**
   * A station on the home link keeps packets, or has sent all that it kept.
   *
   * @param station the Ethernet source, of {@link org.kagemusha.core.wire.MacAddress#bits}
   * @param entry of the home address, or null
   */
  void onMark(Ipv6Address homeAddress, BindingCacheEntry entry, long station, long nowNs) {
    if (entry != null && entry.awaited != null && entry.awaited.station == station) {
      end(entry, nowNs);
    } else if (entry == null || !entry.isBound()) {
      keepers.remove(homeAddress);
      keepers.put(homeAddress, new Keeper(station, nowNs + KEEPER_NS));
    }
  }

  /** Whether a packet is one of those that the others wait for. */
  boolean isKept(BindingCacheEntry entry, long station, long nowNs) {
    Awaited awaited = entry.awaited;
    if (awaited == null || awaited.station != station) {
      return false;
    }
    awaited.hold.onSign(nowNs);
    return true;
  }

  void onDeadline(long nowNs) {
    for (int i = active.size() - 1; i >= 0; i--) {
      BindingCacheEntry entry = active.get(i);
      if (entry.awaited == null || entry.awaited.hold.untilNs() <= nowNs) {
        end(entry, nowNs);
      }
    }
  }

  long nextDeadlineNs() {
    long next = NodeEngine.NEVER;
    for (int i = 0; i < active.size(); i++) {
      Awaited awaited = active.get(i).awaited;
      next = awaited == null ? 0 : Math.min(next, awaited.hold.untilNs());
    }
    return next;
  }
}
