package org.kagemusha.core.mobility;

import java.util.Collection;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.slf4j.Logger;

/**
 * The guest at home, RFC 6275 §11.5.5: every arrival deregisters each home address once, because a
 * binding made elsewhere may exist; then the node is silent until something tells that the guest is
 * away again.
 */
final class HomeStay {

  private static final int ATTEMPTS_FOR_OWN_ADDRESSES = 4;

  private final BindingUpdateList list;
  private final HomeAddressBook book;
  private final GuestTraffic traffic;
  private final ReturnHome returnHome;
  private final HandoverRecorder recorder;
  private final KeySource keys;
  private final Logger log;
  private MobileNodeSettings settings;
  private boolean settled;

  HomeStay(
      BindingUpdateList list,
      HomeAddressBook book,
      GuestTraffic traffic,
      ReturnHome returnHome,
      HandoverRecorder recorder,
      KeySource keys,
      Logger log) {
    this.list = list;
    this.book = book;
    this.traffic = traffic;
    this.returnHome = returnHome;
    this.recorder = recorder;
    this.keys = keys;
    this.log = log;
  }

  void settings(MobileNodeSettings changed) {
    settings = changed;
    returnHome.homeAgents(changed.homeAgents());
  }

  /** Says whether the home agent is known to hold no binding. */
  boolean isSettled() {
    return settled;
  }

  /** Makes the deregistrations due. */
  void begin(long nowNs) {
    settled = false;
    for (HomeRegistration entry : list.entries()) {
      // §11.5.5: "set the care-of address for the binding to the mobile node's own home address",
      // which is also the source address.
      entry.deregister(
          entry.homeAddress(),
          entry.isConfigured() ? UpdateSchedule.ENDLESS : ATTEMPTS_FOR_OWN_ADDRESSES,
          nowNs);
    }
    settle(nowNs);
  }

  /** The stay is over, or it is not known any more whether the guest is here. */
  void end() {
    settled = false;
    returnHome.stop();
  }

  /**
   * A valid Router Advertisement of the home link.
   *
   * @return true if updates that could not be sent are due now
   */
  boolean onRouterAdvertisement(
      RouterAdvertisement advertisement, MacAddress station, long nowNs) {
    return returnHome.onRouterAdvertisement(advertisement, station) && retry(nowNs);
  }

  /**
   * A Neighbor Advertisement of another station for the home agent's address, or for a home address
   * while it is being deregistered.
   *
   * @return true if updates that could not be sent are due now
   */
  boolean onNeighborAdvertisement(
      NeighborAdvertisement advertisement, MacAddress station, long nowNs) {
    boolean news =
        traffic.path(advertisement.target()) == null
            ? returnHome.onHomeAgentAdvertisement(advertisement, station)
            : returnHome.onDefence(station);
    return news && retry(nowNs);
  }

  /** A station proxies a home address on the home link. */
  void onProxied(MacAddress station) {
    returnHome.onProxied(station);
  }

  /** The home agent's link-layer address is known now, or another: what was lost is due. */
  private boolean retry(long nowNs) {
    boolean any = false;
    for (HomeRegistration entry : list.entries()) {
      if (entry.state() == RegistrationState.DEREGISTERING) {
        entry.retry(nowNs);
        any = true;
      }
    }
    return any;
  }

  /** The home agent acknowledged: the guest's addresses are announced on the link. */
  void onDeregistered(
      HomeRegistration registration, Collection<Ipv6Address> guestAddresses, long nowNs) {
    recorder.acknowledged(nowNs);
    // §11.5.5: "The mobile node MUST multicast such a Neighbor Advertisement for each of its home
    // addresses, [...] including its link-local address."
    returnHome.announce(registration.homeAddress(), nowNs);
    for (Ipv6Address address : guestAddresses) {
      if (address.isLinkLocal()
          || settings.isOnHomeLink(address) && traffic.path(address) == null) {
        returnHome.announce(address, nowNs);
      }
    }
    returnHome.onDeadline(nowNs);
    settle(nowNs);
  }

  /** Notices that nothing is left to be deregistered; then nothing is left to be protected. */
  void settle(long nowNs) {
    if (!settled && !list.isAnyActive()) {
      settled = true;
      keys.abandoned(nowNs);
      book.removeOwnAddresses();
      log.info("home vm={}", settings.name());
    }
  }

  void onDeadline(long nowNs) {
    returnHome.onDeadline(nowNs);
  }

  long nextDeadlineNs() {
    return returnHome.nextDeadlineNs();
  }
}
