package org.kagemusha.core.mobility;

import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.KeySource.Purpose;
import org.kagemusha.core.message.HandoverKeys;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.mobility.LocationDetector.Place;
import org.kagemusha.core.neighbor.PseudoHomeNetwork;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.slf4j.Logger;

/**
 * Where the guest is and what that asks of the home agent: registration, refresh, return home,
 * leaving (RFC 6275 §11.5, §11.7.1). The control plane of {@link MobileNode}: {@link Arrival}
 * knows whether the guest is here, and this what follows; {@link ForeignStay}, {@link HomeStay} and
 * {@link Departure} do it, and {@link UpdateGate} lets updates out.
 */
final class GuestMobility
    implements Arrival.Consequences,
        RegistrationEvents.Consequences,
        PseudoHomeNetwork.GuestListener {

  /**
   * Who said that the VM is here need not say it again for an update that waited for its keys no
   * longer than this.
   */
  static final long STILL_HERE_NS = 1_000_000_000L;

  private static final long SECOND_NS = 1_000_000_000L;

  private final BindingUpdateList list;
  private final HomeAddressBook book;
  private final GuestTraffic traffic;
  private final HomeStay homeStay;
  private final BindingUpdateSender sender;
  private final HomeLinkFrames frames;
  private final HandoverRecorder recorder;
  private final LocationDetector detector;
  private final GuestPresence presence;
  private final KeySource keys;
  private final Handover handover;
  private final LongSupplier wallClockMs;
  private final Logger log;
  private final GuestLink link = new GuestLink();
  private final RegistrationEvents events;
  private final AddressValidity validity;
  private final ForeignStay foreignStay;
  private final Fence fence = new Fence();
  private final UpdateGate gate;
  private final Departure departure;
  private final Arrival arrival;

  private MobileNodeSettings settings;
  private Place place = Place.UNDECIDED;
  private long nowNs;

  GuestMobility(
      MobileNodeSettings settings,
      MobileNodeParts parts,
      RandomGenerator random,
      LongSupplier wallClockMs,
      Counters counters,
      Logger log) {
    this.settings = settings;
    this.traffic = parts.traffic();
    this.sender = parts.sender();
    this.frames = parts.frames();
    this.recorder = parts.recorder();
    this.log = log;
    this.keys = parts.keys();
    this.handover = parts.handover();
    this.wallClockMs = wallClockMs;
    this.events = new RegistrationEvents(this, keys, recorder, random, counters, log);
    this.validity =
        new AddressValidity((address, now) -> link.network().validSeconds(address, now));
    this.list = new BindingUpdateList(sender, events, validity, wallClockMs);
    this.book =
        new HomeAddressBook(
            list, traffic, parts.tunnels(), keys, parts.encapsulation(), log);
    this.homeStay =
        new HomeStay(list, book, traffic, parts.returnHome(), recorder, keys, log);
    this.detector = new LocationDetector(settings.location(), settings.homePrefixes());
    this.presence = new GuestPresence(this::askGuest);
    this.foreignStay =
        new ForeignStay(parts, list, book, random, wallClockMs, counters, log);
    this.gate = new UpdateGate(list, book, link, presence, fence, this::maySend);
    this.departure =
        new Departure(
            fence, list, presence, foreignStay, homeStay, link, keys, handover, log);
    this.arrival =
        new Arrival(
            settings, presence, fence, departure, handover, recorder, this, log);
  }

  BindingUpdateList list() {
    return list;
  }

  HomeAddressBook book() {
    return book;
  }

  Place place() {
    return place;
  }

  Ipv6Address careOf() {
    return foreignStay.careOf();
  }

  GuestLink link() {
    return link;
  }

  RegistrationEvents events() {
    return events;
  }

  /** The home link as the guest sees it; replaced where its settings change. */
  void pseudoHome(PseudoHomeNetwork network) {
    book.declareTo(network);
    link.network(network, nowNs);
  }

  /** The time has come to this; the first call starts the search for the home link. */
  void clock(long now) {
    nowNs = now;
    handover.clock(now);
    if (detector.start(now)) {
      // Where settings say that this is home, that was decided before there was a time.
      arrival.seek(nowNs);
    }
  }

  /** Applies settings; called once before anything else, and at every change. */
  void settings(MobileNodeSettings changed) {
    settings = changed;
    presence.timeoutNs(changed.presenceTimeoutSeconds() * SECOND_NS);
    list.lifetimeSeconds(changed.lifetimeSeconds());
    homeStay.settings(changed);
    events.vm(changed.name());
    departure.vm(changed.name());
    arrival.settings(changed);
    gate.lifetimeNs(changed.lifetimeSeconds() * SECOND_NS);
    detector.settings(changed.location(), changed.homePrefixes());
    boolean registers = isRegistering();
    for (HomeRegistration removed : book.apply(changed, link.network(), nowNs)) {
      if (registers && removed.isUnderWay()) {
        removed.deregister(foreignStay.careOf(), 1, nowNs);
        gate.sendDue(nowNs);
      }
      book.remove(removed);
    }
    foreignStay.settings(changed, registers, nowNs);
    list.resume(STILL_HERE_NS, nowNs);
    if (place == Place.HOME && presence.isHere() && !homeStay.isSettled()) {
      homeStay.begin(nowNs);
    }
    relocate();
    transmitDue();
  }

  AddressValidity validity() {
    return validity;
  }

  /** The care-of address in force, or null. */
  void careOf(Ipv6Address given) {
    if (!foreignStay.careOf(given)) {
      return;
    }
    detector.careOf(foreignStay.careOf());
    relocate();
    if (place == Place.FOREIGN && presence.isHere()) {
      arrival.effort(nowNs);
      registerAbroad(false);
    }
  }

  /**
   * Other keys are there: updates that wait for some go, and what was asked for under others is
   * asked for anew.
   */
  void keysChanged() {
    for (HomeRegistration entry : list.entries()) {
      if (entry.obstacle() == null
          && entry.sealedUnder() != keys.associations(entry.homeAddress(), Purpose.SIGNALLING)) {
        entry.renew(nowNs);
      }
    }
    list.resume(STILL_HERE_NS, nowNs);
    for (Ipv6Address address : link.addresses()) {
      if (book.reconsider(address, sender.maySend(address))) {
        onGuestAddress(address, nowNs);
      }
    }
    transmitDue();
  }

  /** The ports of ESP in UDP; 0: UDP cannot be used. */
  void encapsulationPorts(int local, int homeAgent) {
    foreignStay.encapsulationPorts(local, homeAgent, isRegistering(), nowNs);
    transmitDue();
  }

  ForeignStay foreignStay() {
    return foreignStay;
  }

  /** What is heard and said of the VM's being here. */
  Arrival arrival() {
    return arrival;
  }

  @Override
  public void register() {
    act(true);
  }

  @Override
  public void goOn() {
    transmitDue();
  }

  /**
   * Does what this place asks for.
   *
   * @param heard whether the guest itself has just given the reason
   */
  private void act(boolean heard) {
    if (place == Place.FOREIGN) {
      book.catchUp();
      registerAbroad(heard);
    } else if (place == Place.HOME) {
      presence.watched(false);
      homeStay.begin(nowNs);
      gate.transmit(heard, nowNs);
    }
  }

  private void registerAbroad(boolean heard) {
    presence.watched(true);
    book.markLinkLocal(link.addresses());
    if (foreignStay.register(nowNs)) {
      gate.transmit(heard, nowNs);
    }
    link.play(nowNs);
  }

  private void transmitDue() {
    gate.transmitDue(nowNs);
  }

  private boolean maySend() {
    return place == Place.HOME || isAbroad();
  }

  private boolean isAbroad() {
    return place == Place.FOREIGN && foreignStay.careOf() != null;
  }

  private boolean isRegistering() {
    return isAbroad() && presence.isHere();
  }

  /** The VM has left. */
  void left() {
    recorder.left(place.toString(), nowNs);
    departure.left(place, nowNs);
  }

  /** An operator or hook says that this is the home link. */
  void home() {
    detector.sayHome();
    relocate();
  }

  /** Deletes the bindings from abroad, RFC 6275 §10.3.2, and falls silent. */
  void release() {
    if (departure.release(isAbroad(), nowNs)) {
      gate.sendDue(nowNs);
    }
  }

  /** A Router Advertisement that another station multicast; true if it is the home link's. */
  boolean onRouterAdvertisement(RouterAdvertisement advertisement, MacAddress station) {
    if (!detector.onRouterAdvertisement(advertisement, nowNs)) {
      return false;
    }
    relocate();
    if (homeStay.onRouterAdvertisement(advertisement, station, nowNs)) {
      transmitDue();
    }
    return place == Place.HOME;
  }

  /** A Neighbor Advertisement of another station for a home address or a home agent's address. */
  void onNeighborAdvertisement(NeighborAdvertisement advertisement, MacAddress station) {
    if (place != Place.HOME) {
      return;
    }
    if (traffic.path(advertisement.target()) != null) {
      handover.onProxied(advertisement.target(), station);
      homeStay.onProxied(station);
    }
    if (homeStay.isSettled() && traffic.path(advertisement.target()) != null) {
      // The home agent proxies the address again (§10.4.1): the guest is registered elsewhere, and
      // its next frame here is another return.
      presence.left();
      list.stop();
      homeStay.end();
      log.info(
          "guest away vm={} hoa={} defended-by={}",
          settings.name(), advertisement.target(), station);
    } else if (homeStay.onNeighborAdvertisement(advertisement, station, nowNs)) {
      transmitDue();
    }
  }

  private void relocate() {
    Place now = detector.place(nowNs);
    if (now == place || now == Place.UNDECIDED) {
      return;
    }
    log.info("location vm={} place={} was={}", settings.name(), now, place);
    place = now;
    arrival.place(now);
    if (!presence.isHere()) {
      presence.left();
    }
    if (fence.isReleasing()) {
      return;
    }
    departure.relocated(nowNs);
    if (presence.isHere()) {
      arrival.effort(nowNs);
      act(false);
    } else {
      arrival.seek(nowNs);
    }
  }

  @Override
  public void onChanged(HomeRegistration registration) {
    if (isAbroad()) {
      foreignStay.lay(registration);
    }
    transmitDue();
  }

  @Override
  public void onRegistered(HomeRegistration registration, boolean probed) {
    if (isAbroad() && foreignStay.onRegistered(registration, probed, nowNs)) {
      transmitDue();
    }
  }

  @Override
  public void onHandoverKeys(HomeRegistration registration, HandoverKeys given) {
    if (isAbroad()) {
      handover.keys(
          registration.homeAddress(), given, foreignStay.careOf(), wallClockMs.getAsLong());
    }
  }

  @Override
  public void onUnanswered(HomeRegistration registration, int times) {
    foreignStay.onUnanswered(registration, times);
  }

  @Override
  public void onDeregistered(HomeRegistration registration, boolean acknowledged) {
    if (fence.isReleasing()) {
      departure.onDeregistered(nowNs);
    } else if (place == Place.HOME && acknowledged) {
      homeStay.onDeregistered(registration, link.addresses(), nowNs);
    } else if (place == Place.HOME) {
      homeStay.settle(nowNs);
    }
  }

  @Override
  public void onDuplicate(HomeRegistration registration) {
    // §11.7.1: "the mobile node MUST NOT attempt to re-use the same home address."
    link.network().defend(registration.homeAddress());
  }

  @Override
  public void onExpired() {
    if (presence.state() == GuestPresence.State.SILENT) {
      departure.forgetSilentGuest(nowNs);
    } else if (presence.state() == GuestPresence.State.PAUSED) {
      departure.forgetPausedGuest(nowNs);
    }
  }

  @Override
  public boolean wantsUpdate(HomeRegistration registration) {
    return isAbroad() && presence.isHere() && registration.isUnderWay();
  }

  @Override
  public void onGuestAddress(Ipv6Address address, long now) {
    if (place != Place.FOREIGN
        || address.isLinkLocal()
        || !settings.isOnHomeLink(address)) {
      return;
    }
    HomeRegistration entry = book.learn(address, sender.maySend(address), settings, nowNs);
    if (entry == null) {
      return;
    }
    if (isRegistering()) {
      foreignStay.register(entry, nowNs);
      transmitDue();
    }
  }

  @Override
  public void onGuestAnnouncement(long now) {
    // The frame has been through heard() already, which knows announcements by itself.
  }

  private void askGuest() {
    if (place == Place.HOME) {
      frames.askGuest(settings.homeAddresses().get(0));
    } else {
      link.network().probeGuest(nowNs);
    }
  }

  /** Does what is due. */
  void onDeadline() {
    keys.onDeadline(nowNs);
    if (detector.onDeadline(nowNs) && !fence.isDown()) {
      frames.solicitRouters();
    }
    relocate();
    list.expire(nowNs);
    transmitDue();
    if (presence.onDeadline(nowNs)) {
      departure.onSilent(place, nowNs);
    }
    homeStay.onDeadline(nowNs);
    link.onDeadline(nowNs);
    foreignStay.onDeadline(nowNs);
    handover.onDeadline();
    if (handover.isOver()) {
      departure.over(place, nowNs);
    }
  }

  /** When {@link #onDeadline} wants to be called. */
  long nextDeadlineNs() {
    long next = Math.min(detector.nextDeadlineNs(), presence.nextDeadlineNs());
    next = Math.min(next, Math.min(list.expiresNs(), homeStay.nextDeadlineNs()));
    next = Math.min(next, gate.nextDeadlineNs());
    next = Math.min(next, Math.min(link.nextDeadlineNs(), foreignStay.nextDeadlineNs()));
    return Math.min(Math.min(next, handover.nextDeadlineNs()), keys.nextDeadlineNs());
  }

  /** Says whether the edge shall watch the bridge: at home, until the deregistration has ended. */
  boolean wantsBridgeWatch() {
    return place == Place.HOME && !homeStay.isSettled();
  }

  /**
   * Says whether packets may come through a tunnel: not once the VM is at home and deregistered, nor
   * once it has left and nothing is done for it any more.
   */
  boolean expectsTunnels() {
    boolean settled = place == Place.HOME && homeStay.isSettled();
    return !presence.isAway() && !settled || handover.isBusy() || fence.isReleasing();
  }

  /** Says whether the guest has come and has not left. */
  boolean isGuestKnown() {
    return presence.state() != GuestPresence.State.ABSENT;
  }

  /** One word for the status command; see {@link MobileNodeStatus}. */
  String stateText() {
    return switch (presence.state()) {
      case ABSENT -> fence.text();
      case SILENT -> "silent";
      case PAUSED -> "paused";
      default ->
          switch (place) {
            case UNDECIDED -> "locating";
            case HOME -> homeStay.isSettled() ? "home" : "deregistering";
            case FOREIGN -> list.isRegistered() ? "registered" : "registering";
          };
    };
  }
}
