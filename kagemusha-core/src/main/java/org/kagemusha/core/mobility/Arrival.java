package org.kagemusha.core.mobility;

import org.kagemusha.core.mobility.LocationDetector.Place;
import org.kagemusha.core.mobility.MobileNode.Trigger;
import org.slf4j.Logger;

/**
 * What is heard and said of the VM, and what it means: that it has arrived, goes on after a pause,
 * or was here all the time. Only what comes of that is asked of the home agent; how the node stops
 * speaking for the VM is {@link Departure}'s.
 */
final class Arrival {

  /** What follows from the VM's being here. */
  interface Consequences {

    /** Tells the home agent; the guest itself has just given the reason. */
    void register();

    /** The guest is no longer in doubt: what waited for that goes. */
    void goOn();
  }

  /** An announcement that soon after the last effort is a repetition; a VMM makes five. */
  static final long DEBOUNCE_NS = 2_000_000_000L;

  private final GuestPresence presence;
  private final Fence fence;
  private final Departure departure;
  private final Handover handover;
  private final HandoverRecorder recorder;
  private final Consequences consequences;
  private final Logger log;
  private MobileNodeSettings settings;
  private Place place = Place.UNDECIDED;
  private long effortNs;

  Arrival(
      MobileNodeSettings settings,
      GuestPresence presence,
      Fence fence,
      Departure departure,
      Handover handover,
      HandoverRecorder recorder,
      Consequences consequences,
      Logger log) {
    this.settings = settings;
    this.presence = presence;
    this.fence = fence;
    this.departure = departure;
    this.handover = handover;
    this.recorder = recorder;
    this.consequences = consequences;
    this.log = log;
  }

  void settings(MobileNodeSettings changed) {
    settings = changed;
  }

  /** Where this host is now. */
  void place(Place now) {
    place = now;
  }

  /** The home agent is told now for another reason: a repetition soon after is none. */
  void effort(long nowNs) {
    effortNs = nowNs;
  }

  /** The VM has arrived. */
  void arrived(Trigger trigger, long nowNs) {
    switch (presence.confirm(nowNs)) {
      case ABSENT, SILENT -> begin(trigger, nowNs);
      case PAUSED -> resume(trigger, nowNs);
      default -> {
        consequences.goOn();
        again(nowNs);
      }
    }
  }

  /** The VM is about to come and not here yet, or does not come. */
  void expected(boolean coming) {
    presence.expected(coming);
  }

  /** A migration of the VM from here is under way, or has failed. */
  void migrating(boolean underWay) {
    if (!underWay) {
      presence.uncertain();
    }
    handover.migrating(underWay, place == Place.HOME);
  }

  /** The VM is elsewhere now, or stopped here. */
  void paused(long nowNs) {
    paused(false, nowNs, nowNs);
  }

  /** The VMM has stopped the VM here, and says so if it goes on here. */
  void stopped(long sinceNs, long nowNs) {
    paused(true, sinceNs, nowNs);
  }

  /** The VM was stopped here, and may go on here or elsewhere: nothing is refreshed meanwhile. */
  private void paused(boolean byVmm, long sinceNs, long nowNs) {
    boolean news = pause(byVmm, nowNs);
    // The home agent, or the next host, may have told first that the guest is away.
    if (news || handover.isMigrating()) {
      handover.paused(place == Place.HOME, sinceNs);
    }
  }

  /** The VM is elsewhere now: another host has asked for its packets, by the home agent's word. */
  void moved(long nowNs) {
    if (handover.isMigrating()) {
      // When it was stopped, its VMM is about to say.
      pause(false, nowNs);
    } else {
      paused(nowNs);
    }
  }

  private boolean pause(boolean byVmm, long nowNs) {
    boolean news = presence.paused(byVmm, nowNs);
    if (news) {
      recorder.paused(place.toString(), nowNs);
      log.info("guest paused vm={} place={}", settings.name(), place);
    }
    return news;
  }

  /**
   * A frame of the guest. Allocates nothing if the guest is known to be here.
   *
   * @return false if the frame is to be ignored: the guest has just left, or the hook did not tell
   *     of it
   */
  boolean heard(Trigger trigger, long nowNs) {
    if (!presence.heard(nowNs)) {
      if (trigger == Trigger.ANNOUNCEMENT) {
        again(nowNs);
      }
      return true;
    }
    GuestPresence.State state = presence.state();
    if (state == GuestPresence.State.PAUSED && presence.isGuarded(nowNs)) {
      return true;
    }
    if (isElsewhere(state, nowNs)) {
      if (trigger == Trigger.ANNOUNCEMENT) {
        handover.onGuest();
      }
      return state != GuestPresence.State.ABSENT;
    }
    switch (presence.confirm(nowNs)) {
      case ASKED -> {
        consequences.goOn();
        if (trigger == Trigger.ANNOUNCEMENT) {
          again(nowNs);
        }
      }
      case PAUSED -> resume(trigger, nowNs);
      default -> begin(trigger, nowNs);
    }
    return true;
  }

  /** Whether a frame of the guest does not say that it runs here. */
  private boolean isElsewhere(GuestPresence.State state, long nowNs) {
    return switch (state) {
      case ABSENT -> fence.isGuarded(nowNs) || settings.arrivesByHookOnly();
      case PAUSED -> presence.isCertain() || settings.arrivesByHookOnly();
      default -> false;
    };
  }

  /**
   * At home, asks for a guest that may have come while nobody listened, and has nothing to say:
   * none but this node would end its binding (RFC 6275 §11.5.5). Abroad the answer could come from
   * another host of the same network.
   */
  void seek(long nowNs) {
    if (place == Place.HOME && !fence.isDown() && !settings.arrivesByHookOnly()) {
      presence.seek(nowNs);
    }
  }

  private void begin(Trigger trigger, long nowNs) {
    fence.lift();
    departure.returned();
    recorder.arrived(trigger, place.toString(), nowNs);
    handover.here();
    register(nowNs);
    log.info(
        "guest arrived vm={} trigger={} place={} moves={}",
        settings.name(), trigger.text(), place, recorder.moves());
  }

  /**
   * The VM goes on where it was stopped. Whether it ran elsewhere meanwhile is not known here (a
   * migration that was given up late), so the home agent is told again; tunnels stay open.
   */
  private void resume(Trigger trigger, long nowNs) {
    recorder.resumed(nowNs);
    log.info(
        "guest resumed vm={} trigger={} place={}", settings.name(), trigger.text(), place);
    handover.here();
    register(nowNs);
  }

  /** The guest is here already and says so again: it may have been away without our notice. */
  private void again(long nowNs) {
    if (nowNs - effortNs >= DEBOUNCE_NS) {
      register(nowNs);
    }
  }

  private void register(long nowNs) {
    effortNs = nowNs;
    consequences.register();
  }
}
