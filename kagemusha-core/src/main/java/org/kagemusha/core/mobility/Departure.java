package org.kagemusha.core.mobility;

import org.kagemusha.core.ipsec.KeySource;
import org.slf4j.Logger;

/**
 * How the node stops speaking for its VM: at once where the VM has left, after the deregistration
 * where it is shut down (RFC 6275 §10.3.2), and by and by where it has fallen silent. Keys that it
 * spoke with end then.
 */
final class Departure {

  private static final int RELEASE_ATTEMPTS = 4;

  private final Fence fence;
  private final BindingUpdateList list;
  private final GuestPresence presence;
  private final ForeignStay foreignStay;
  private final HomeStay homeStay;
  private final GuestLink link;
  private final KeySource keys;
  private final Handover handover;
  private final Logger log;
  private String vm;
  private boolean lingering;

  Departure(
      Fence fence,
      BindingUpdateList list,
      GuestPresence presence,
      ForeignStay foreignStay,
      HomeStay homeStay,
      GuestLink link,
      KeySource keys,
      Handover handover,
      Logger log) {
    this.fence = fence;
    this.list = list;
    this.presence = presence;
    this.foreignStay = foreignStay;
    this.homeStay = homeStay;
    this.link = link;
    this.keys = keys;
    this.handover = handover;
    this.log = log;
  }

  /** The VM's name in log lines. */
  void vm(String name) {
    vm = name;
  }

  /** Sends nothing more and forgets what was registered, for a time at least. */
  void quiesce() {
    list.stop();
    foreignStay.shut();
    homeStay.end();
    link.rest();
    handover.stop();
  }

  /** This host is at another place now: what was begun at the other one ends. */
  void relocated(long nowNs) {
    quiesce();
    if (lingering) {
      lingering = false;
      keys.abandoned(nowNs);
    }
  }

  /** The VM is here. */
  void returned() {
    lingering = false;
  }

  /** The VM has left. */
  void left(LocationDetector.Place place, long nowNs) {
    boolean news = fence.left(nowNs);
    presence.left();
    lingering = handover.left();
    if (lingering) {
      list.stop();
      foreignStay.linger();
      homeStay.end();
      link.rest();
      keys.departed(nowNs);
    } else {
      quiesce();
      keys.abandoned(nowNs);
    }
    if (news) {
      log.info("guest left vm={} place={}", vm, place);
    }
  }

  /** Packets of a VM that is gone need not be waited for any more. */
  void over(LocationDetector.Place place, long nowNs) {
    handover.stop();
    left(place, nowNs);
  }

  /**
   * The VM is shut down.
   *
   * @param abroad whether there may be bindings from here
   * @return true if deregistrations are due
   */
  boolean release(boolean abroad, long nowNs) {
    boolean any = abroad && foreignStay.deregister(RELEASE_ATTEMPTS, nowNs);
    fence.release(any, nowNs);
    presence.left();
    if (any) {
      foreignStay.shut();
      link.rest();
      handover.stop();
    } else {
      quiesce();
      keys.abandoned(nowNs);
    }
    return any;
  }

  /** A deregistration of the VM that is shut down has ended. */
  void onDeregistered(long nowNs) {
    if (!list.isAnyActive()) {
      fence.released();
      keys.abandoned(nowNs);
      log.info("released vm={}", vm);
    }
  }

  /** The guest does not answer. */
  void onSilent(LocationDetector.Place place, long nowNs) {
    log.warn("guest silent vm={} place={}", vm, place);
    if (place == LocationDetector.Place.HOME) {
      presence.left();
      quiesce();
    } else {
      forgetSilentGuest(nowNs);
    }
  }

  /** A VM that stays paused longer than its binding lasts has to arrive anew. */
  void forgetPausedGuest(long nowNs) {
    if (!list.isAnyBound(nowNs)) {
      presence.left();
      quiesce();
      keys.abandoned(nowNs);
    }
  }

  /**
   * A silent guest keeps what it has until its binding runs out: a guest that was only paused is
   * woken by packets. Without a binding nothing is left to keep.
   */
  void forgetSilentGuest(long nowNs) {
    if (!list.isAnyBound(nowNs)) {
      presence.giveUp();
      quiesce();
      keys.abandoned(nowNs);
    }
  }
}
