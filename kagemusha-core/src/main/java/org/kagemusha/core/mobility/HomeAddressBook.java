package org.kagemusha.core.mobility;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.neighbor.PseudoHomeNetwork;
import org.kagemusha.core.tunnel.Tunnel;
import org.kagemusha.core.tunnel.TunnelContext;
import org.kagemusha.core.wire.Ipv6Address;
import org.slf4j.Logger;

/**
 * The home addresses of the guest: those that are configured and those that it made itself, each
 * with its registration and its tunnel.
 */
final class HomeAddressBook implements PathMtuProbe.Sizes {

  /** The link-local prefix of RFC 4291 §2.5.6. */
  private static final long LINK_LOCAL_HIGH = 0xfe80L << 48;

  /** Bounds what a guest can make the node register. */
  private static final int MOST_HOME_ADDRESSES = 16;

  private final BindingUpdateList list;
  private final GuestTraffic traffic;
  private final TunnelContext tunnels;
  private final KeySource keys;
  private final EncapsulationChoice encapsulation;
  private final Logger log;
  private final Set<Ipv6Address> notRegistered = new HashSet<>();
  private int linkMtu;

  HomeAddressBook(
      BindingUpdateList list,
      GuestTraffic traffic,
      TunnelContext tunnels,
      KeySource keys,
      EncapsulationChoice encapsulation,
      Logger log) {
    this.list = list;
    this.traffic = traffic;
    this.tunnels = tunnels;
    this.keys = keys;
    this.encapsulation = encapsulation;
    this.log = log;
  }

  /**
   * Applies settings: configured addresses are added, home agents replaced. An entry that has to
   * begin again, with another home agent or because its address may be tried again, is idle then.
   *
   * @return entries whose address is configured no longer, still in the list
   */
  List<HomeRegistration> apply(
      MobileNodeSettings settings, PseudoHomeNetwork pseudoHome, long nowNs) {
    List<HomeRegistration> removed = new ArrayList<>();
    notRegistered.clear();
    for (HomeRegistration entry : list.entries()) {
      if (entry.isConfigured() && !settings.homeAddresses().contains(entry.homeAddress())) {
        removed.add(entry);
        pseudoHome.forgetGuestAddress(entry.homeAddress());
        log.info("home address removed vm={} hoa={}", settings.name(), entry.homeAddress());
        continue;
      }
      entry.forgive();
      if (entry.homeAgents(settings.homeAgents())) {
        entry.stop();
      }
    }
    for (Ipv6Address address : settings.homeAddresses()) {
      if (traffic.path(address) == null) {
        add(address, true, settings.homeAgents(), nowNs);
      }
    }
    declareTo(pseudoHome);
    return removed;
  }

  /** A home address is the guest's own, seen or not; one found duplicate is defended against it. */
  void declareTo(PseudoHomeNetwork pseudoHome) {
    for (HomeRegistration entry : list.entries()) {
      if (entry.state() == RegistrationState.DUPLICATE) {
        pseudoHome.defend(entry.homeAddress());
      } else {
        pseudoHome.declareGuestAddress(entry.homeAddress());
      }
    }
  }

  /**
   * Takes an address on the home link that the guest made itself; §11.7.1: "If the mobile node has
   * additional home addresses, then the mobile node SHOULD send an additional packet containing a
   * Binding Update".
   *
   * @param allowed whether the policy lets it be registered
   * @return the new entry, or null if it is known already or is not to be registered
   */
  HomeRegistration learn(
      Ipv6Address address, boolean allowed, MobileNodeSettings settings, long nowNs) {
    if (traffic.path(address) != null || notRegistered.contains(address)) {
      return null;
    }
    boolean room = list.entries().size() < MOST_HOME_ADDRESSES;
    if (allowed && room) {
      log.info("home address added vm={} hoa={}", settings.name(), address);
      return add(address, false, settings.homeAgents(), nowNs);
    }
    if (notRegistered.size() < MOST_HOME_ADDRESSES) {
      notRegistered.add(address);
      log.warn(
          "home address not registered vm={} hoa={} reason={}",
          settings.name(), address, room ? "no-security-association" : "too-many");
    }
    return null;
  }

  /** Adds an address. */
  private HomeRegistration add(
      Ipv6Address address, boolean configured, List<Ipv6Address> homeAgents, long nowNs) {
    HomeRegistration registration = new HomeRegistration(address, configured, homeAgents);
    Tunnel tunnel = new Tunnel(tunnels);
    if (linkMtu > 0) {
      tunnel.linkMtu(linkMtu, nowNs);
    }
    list.add(registration);
    traffic.add(new HomeAddressPath(registration, tunnel, keys, encapsulation, nowNs));
    return registration;
  }

  /**
   * Lets an address that was not to be registered be learned again.
   *
   * @param allowed whether the policy lets it be registered now
   * @return true if it was not to be
   */
  boolean reconsider(Ipv6Address address, boolean allowed) {
    return allowed && notRegistered.remove(address);
  }

  /** Removes an address. */
  void remove(HomeRegistration registration) {
    list.remove(registration);
    traffic.remove(registration.homeAddress());
  }

  /** Removes what the guest made itself. */
  void removeOwnAddresses() {
    for (HomeRegistration entry : new ArrayList<>(list.entries())) {
      if (!entry.isConfigured() && entry.state() != RegistrationState.DUPLICATE) {
        remove(entry);
      }
    }
  }

  /**
   * Removes addresses that the guest made itself and has not sent from since a time, once their
   * next update is due: temporary addresses (RFC 4941) go out of use, and their binding runs out.
   */
  void removeUnused(PseudoHomeNetwork pseudoHome, long sinceNs, long nowNs) {
    for (HomeRegistration entry : new ArrayList<>(list.entries())) {
      if (!entry.isConfigured()
          && entry.dueNs() <= nowNs
          && !traffic.path(entry.homeAddress()).isUsedSince(sinceNs)) {
        remove(entry);
        pseudoHome.forgetGuestAddress(entry.homeAddress());
        log.info("home address unused hoa={}", entry.homeAddress());
      }
    }
  }

  /** Lays each tunnel from the care-of address to its home agent. */
  void lay(Ipv6Address careOf) {
    for (HomeAddressPath path : traffic.paths()) {
      lay(path, careOf);
    }
  }

  /** Lays the tunnel of one registration. */
  void lay(HomeRegistration registration, Ipv6Address careOf) {
    lay(traffic.path(registration.homeAddress()), careOf);
  }

  private static void lay(HomeAddressPath path, Ipv6Address careOf) {
    Ipv6Address homeAgent = path.registration().homeAgent();
    if (careOf != null && !careOf.equals(homeAgent)) {
      path.tunnel().endpoints(careOf, homeAgent);
    }
    path.prepare();
  }

  /** The VM has come back; see {@link HomeAddressPath#catchUp}. */
  void catchUp() {
    for (HomeAddressPath path : traffic.paths()) {
      path.catchUp();
    }
  }

  /** The MTU of the underlay interface, octets. */
  void linkMtu(int octets, long nowNs) {
    linkMtu = octets;
    for (HomeAddressPath path : traffic.paths()) {
      path.tunnel().linkMtu(octets, nowNs);
    }
  }

  /** The MTU of the underlay interface, octets; 0 before it is known. */
  @Override
  public int link() {
    return linkMtu;
  }

  /** The smallest path MTU of all tunnels, octets. */
  @Override
  public int path(long nowNs) {
    int smallest = linkMtu;
    for (HomeAddressPath path : traffic.paths()) {
      smallest = Math.min(smallest, path.tunnel().pathMtu(nowNs));
    }
    return smallest;
  }

  /** What probing found of the path, octets. */
  @Override
  public void found(int octets, long nowNs) {
    for (HomeAddressPath path : traffic.paths()) {
      path.tunnel().probedPathMtu(octets, nowNs);
    }
  }

  /** The smallest tunnel MTU, octets; 0 while no tunnel has ends. */
  int tunnelMtu(long nowNs) {
    int smallest = 0;
    for (HomeAddressPath path : traffic.paths()) {
      if (path.tunnel().remote() != null) {
        int mtu = path.tunnel().mtu(nowNs);
        smallest = smallest == 0 ? mtu : Math.min(smallest, mtu);
      }
    }
    return smallest;
  }

  /**
   * §11.7.1: "If the mobile node's link-local address has the same interface identifier as the home
   * address [...] the mobile node SHOULD set the Link-Local Address Compatibility (L) bit." Only
   * where that link-local address was seen.
   */
  void markLinkLocal(Collection<Ipv6Address> guestAddresses) {
    for (HomeRegistration entry : list.entries()) {
      Ipv6Address sibling = new Ipv6Address(LINK_LOCAL_HIGH, entry.homeAddress().low());
      entry.linkLocalCompatible(guestAddresses.contains(sibling));
    }
  }
}
