package org.kagemusha.core.mobility;

import java.util.function.BooleanSupplier;
import org.kagemusha.core.node.NodeEngine;

/**
 * The rule of fencing: a Binding Update goes out only if the guest was heard since it fell due;
 * else the guest is asked first. What tells of an arrival is such a sign itself.
 */
final class UpdateGate {

  private final BindingUpdateList list;
  private final HomeAddressBook book;
  private final GuestLink link;
  private final GuestPresence presence;
  private final Fence fence;
  private final BooleanSupplier place;
  private long lifetimeNs;
  private boolean transmitting;

  /**
   * @param place whether updates can be sent from where the guest is
   */
  UpdateGate(
      BindingUpdateList list,
      HomeAddressBook book,
      GuestLink link,
      GuestPresence presence,
      Fence fence,
      BooleanSupplier place) {
    this.list = list;
    this.book = book;
    this.link = link;
    this.presence = presence;
    this.fence = fence;
    this.place = place;
  }

  /** The lifetime that is asked for, ns: an address that is unused for so long is given up. */
  void lifetimeNs(long value) {
    lifetimeNs = value;
  }

  /**
   * Sends what is due.
   *
   * @param heard whether the guest itself has just given the reason
   */
  void transmit(boolean heard, long nowNs) {
    if (heard) {
      sendDue(nowNs);
    } else {
      transmitDue(nowNs);
    }
  }

  /** Sends what is due if the guest was heard since, else asks it first. */
  void transmitDue(long nowNs) {
    if (transmitting || list.dueNs() > nowNs) {
      return;
    }
    if (fence.isReleasing()) {
      sendDue(nowNs);
      return;
    }
    if (!presence.isHere() || !place.getAsBoolean()) {
      return;
    }
    book.removeUnused(link.network(), nowNs - lifetimeNs, nowNs);
    if (list.dueNs() > nowNs) {
      return;
    }
    if (presence.isHeardSince(list.latestDueNs(nowNs))) {
      book.markLinkLocal(link.addresses());
      sendDue(nowNs);
    } else {
      presence.doubt(nowNs);
    }
  }

  /** Sends what is due whatever is known of the guest: its VM is shut down, or has just come. */
  void sendDue(long nowNs) {
    transmitting = true;
    list.transmitDue(nowNs);
    transmitting = false;
  }

  /** When {@link #transmitDue} wants to be called. */
  long nextDeadlineNs() {
    boolean sends =
        fence.isReleasing()
            || presence.state() == GuestPresence.State.PRESENT && place.getAsBoolean();
    return sends ? list.dueNs() : NodeEngine.NEVER;
  }
}
