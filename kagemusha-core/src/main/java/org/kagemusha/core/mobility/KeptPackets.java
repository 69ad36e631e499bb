package org.kagemusha.core.mobility;

import java.util.List;
import java.util.function.Consumer;
import org.kagemusha.core.handover.Mark;
import org.kagemusha.core.handover.PacketRing;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * The packets that {@link OldPlace} keeps, and their way to whoever is to have them: in order, not
 * more at once than a queue takes, and with a {@link Mark} behind the last.
 */
final class KeptPackets {

  /** How many are sent at once, and when the next: no queue overflows. */
  static final int DRAINED_AT_ONCE = 64;

  static final long DRAIN_INTERVAL_NS = 1_000_000L;

  private final List<OldAddress> addresses;
  private final Underlay underlay;
  private final HomeLinkFrames frames;
  private final Counters counters;
  private int bound;
  private boolean marking;
  private long drainNs = NodeEngine.NEVER;
  private PacketBuffer scratch;

  /**
   * @param addresses whose they are; the owner adds to them
   */
  KeptPackets(
      List<OldAddress> addresses, Underlay underlay, HomeLinkFrames frames, Counters counters) {
    this.addresses = addresses;
    this.underlay = underlay;
    this.frames = frames;
    this.counters = counters;
  }

  /** Sets the room for packets of each home address, octets; 0 for none. */
  void bound(int octets) {
    bound = octets;
  }

  int bound() {
    return bound;
  }

  /**
   * Copies a packet that the guest is given as well, while nobody knows whether it is stopped.
   *
   * @param atNs when it came
   */
  int copy(OldAddress address, PacketBuffer packet, long atNs) {
    if (address.ring == null) {
      address.ring = new PacketRing(bound);
    }
    return address.ring.add(packet, atNs);
  }

  /**
   * Keeps a packet; the oldest give way.
   *
   * @param atNs when it came
   */
  void keep(OldAddress address, PacketBuffer packet, long atNs) {
    int gone = copy(address, packet, atNs);
    counters.add(Counter.HANDOVER_PACKETS_KEPT);
    if (gone > 0) {
      counters.drop(DropReason.HANDOVER_BUFFER_FULL, gone);
      address.copies = Math.max(0, address.copies - gone);
    }
  }

  /** Keeps of what was copied what came after the guest was stopped. */
  void keepSince(long sinceNs) {
    for (OldAddress address : addresses) {
      if (address.ring != null) {
        address.copies = address.ring.keepSince(sinceNs);
        counters.add(Counter.HANDOVER_PACKETS_KEPT, address.copies);
      }
    }
  }

  /** Forgets what came after a time: it has gone another way. */
  void keepUntil(long lastNs) {
    for (OldAddress address : addresses) {
      if (address.ring != null) {
        address.ring.keepUntil(lastNs);
      }
    }
  }

  /** Sends a packet on at once. */
  void pass(OldAddress address, PacketBuffer packet, long nowNs) {
    counters.add(Counter.HANDOVER_PACKETS_FORWARDED);
    if (address.forward != null) {
      address.forward.send(packet, underlay, null, nowNs);
    } else {
      frames.send(packet, address.proxy);
    }
  }

  /**
   * Begins to send what was kept, where it is known to whom.
   *
   * @param marked whether a mark follows the last
   */
  void drain(boolean marked, long nowNs) {
    marking = marked;
    drain(nowNs);
  }

  private void drain(long nowNs) {
    drainNs = NodeEngine.NEVER;
    for (int i = 0; i < addresses.size(); i++) {
      OldAddress address = addresses.get(i);
      if (address.forward == null && address.proxy == null) {
        continue;
      }
      for (int sent = 0; sent < DRAINED_AT_ONCE && address.hasKept(); sent++) {
        address.ring.poll(scratch());
        address.copies = Math.max(0, address.copies - 1);
        pass(address, scratch, nowNs);
      }
      boolean unmarked = marking && !address.marked;
      if (address.hasKept() || unmarked && !mark(address, nowNs)) {
        drainNs = nowNs + DRAIN_INTERVAL_NS;
      }
    }
  }

  /**
   * All that was kept has gone out: says so, and that what comes now is no older than what the home
   * agent has for the new place. On the home link copies come by another way than the home agent's
   * advertisement, and those from before it may come a moment later.
   *
   * @return whether that was said now
   */
  private boolean mark(OldAddress address, long nowNs) {
    if (address.forward != null) {
      Mark.inTunnel(scratch(), address.forward.local(), address.homeAddress);
      address.forward.send(scratch, underlay, null, nowNs);
      underlay.transmit();
      address.marked = true;
    } else if (address.drained) {
      frames.sayAllSent(address.homeAddress, address.proxy);
      address.marked = true;
    }
    address.drained = true;
    return address.marked;
  }

  /** Whether nothing is under way to anybody. */
  boolean isDrained() {
    return drainNs == NodeEngine.NEVER;
  }

  /**
   * Gives away what was kept, but for copies of what the guest has.
   *
   * @return how many
   */
  int give(Consumer<PacketBuffer> guest) {
    int count = 0;
    for (OldAddress address : addresses) {
      while (address.hasKept() && address.ring.poll(scratch())) {
        if (address.copies > 0) {
          address.copies--;
        } else {
          guest.accept(scratch);
          count++;
        }
      }
    }
    return count;
  }

  /** Forgets them: the guest has them all. */
  void clear() {
    for (OldAddress address : addresses) {
      address.ring = null;
      address.copies = 0;
    }
  }

  /** Ends; what nobody has asked for is lost. */
  void stop() {
    drainNs = NodeEngine.NEVER;
    for (OldAddress address : addresses) {
      if (address.ring != null) {
        counters.drop(DropReason.HANDOVER_NOT_FETCHED, address.ring.clear());
        address.ring = null;
      }
      address.copies = 0;
    }
    scratch = null;
  }

  void onDeadline(long nowNs) {
    if (drainNs <= nowNs) {
      drain(nowNs);
    }
  }

  long nextDeadlineNs() {
    return drainNs;
  }

  int count() {
    return addresses.stream().mapToInt(OldAddress::kept).sum();
  }

  int octets() {
    return addresses.stream().mapToInt(OldAddress::keptOctets).sum();
  }

  private PacketBuffer scratch() {
    if (scratch == null) {
      scratch = PacketRing.scratch();
    }
    return scratch;
  }
}
