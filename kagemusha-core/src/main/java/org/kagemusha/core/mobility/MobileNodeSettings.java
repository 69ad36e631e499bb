package org.kagemusha.core.mobility;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.neighbor.HomeRouter;
import org.kagemusha.core.tunnel.TunnelSettings;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;

/**
 * What an operator sets for one VM.
 *
 * @param name the VM's name, in log lines
 * @param guestMac the VM's MAC address
 * @param tapMac the daemon's own MAC address on the bridge: Ethernet source of what it sends at
 *     home
 * @param homeAddresses at least one; one binding each (RFC 6275 §11.7.1)
 * @param homePrefixes the home link's on-link prefixes
 * @param homeAgents at least one, in order of preference
 * @param homeRouter what is known beforehand of the home router, or null
 * @param location AUTO, HOME or FOREIGN
 * @param lifetimeSeconds asked for in Binding Updates, 4 to 262140; cut to a multiple of four
 *     (§6.1.7)
 * @param waitForAcknowledgement true: the guest's packets wait until the home agent has
 *     acknowledged
 * @param arrivesByHookOnly true: only {@link MobileNode#arrived} tells that the VM has come; false:
 *     a frame with its MAC address does as well, whoever sent it
 * @param requireSignallingProtection true: nothing is sent or believed without a signalling
 *     association (§5.1); false: where none is configured, signalling is clear
 * @param requirePayloadProtection true: no packet of the guest leaves or reaches it but in ESP
 *     (RFC 4301 §5), whatever its address; false: where no payload association is configured, it is
 *     clear
 * @param presenceTimeoutSeconds silence of the guest, 1 to 3600, after which it is asked whether it
 *     is there
 * @param tunnel settings of the tunnels
 * @param pseudoMac abroad, the MAC address of everybody whose real one is not known; best the same
 *     on every host, so that what the guest learns abroad stays true when it moves on
 * @param encapsulation whether ESP travels in UDP (RFC 3948); only where the payload is protected
 */
public record MobileNodeSettings(
    String name,
    MacAddress guestMac,
    MacAddress tapMac,
    List<Ipv6Address> homeAddresses,
    List<Ipv6Prefix> homePrefixes,
    List<Ipv6Address> homeAgents,
    HomeRouter homeRouter,
    Location location,
    int lifetimeSeconds,
    boolean waitForAcknowledgement,
    boolean arrivesByHookOnly,
    boolean requireSignallingProtection,
    boolean requirePayloadProtection,
    int presenceTimeoutSeconds,
    TunnelSettings tunnel,
    MacAddress pseudoMac,
    Encapsulation encapsulation) {

  private static final int LONGEST_LIFETIME = 65535 * BindingUpdate.LIFETIME_UNIT_SECONDS;

  /** Where this host is. */
  public enum Location {
    /** By what is heard on the bridge: see {@link MobileNode}. */
    AUTO,
    /** The home link. */
    HOME,
    /** A foreign network. */
    FOREIGN
  }

  /** Whether ESP travels in UDP, RFC 3948. */
  public enum Encapsulation {
    /** Natively. */
    NONE,
    /** In UDP, or not at all. */
    UDP,
    /** Natively where that gets through, else in UDP: both are tried. */
    AUTO
  }

  /** With native ESP. */
  public MobileNodeSettings(
      String name,
      MacAddress guestMac,
      MacAddress tapMac,
      List<Ipv6Address> homeAddresses,
      List<Ipv6Prefix> homePrefixes,
      List<Ipv6Address> homeAgents,
      HomeRouter homeRouter,
      Location location,
      int lifetimeSeconds,
      boolean waitForAcknowledgement,
      boolean arrivesByHookOnly,
      boolean requireSignallingProtection,
      boolean requirePayloadProtection,
      int presenceTimeoutSeconds,
      TunnelSettings tunnel,
      MacAddress pseudoMac) {
    this(
        name, guestMac, tapMac, homeAddresses, homePrefixes, homeAgents, homeRouter, location,
        lifetimeSeconds, waitForAcknowledgement, arrivesByHookOnly, requireSignallingProtection,
        requirePayloadProtection, presenceTimeoutSeconds, tunnel, pseudoMac, Encapsulation.NONE);
  }

  /**
   * With the daemon's own MAC address as that of everybody whose real one is not known, a guest
   * that may announce itself, and payload in ESP only where there are associations for it.
   */
  public MobileNodeSettings(
      String name,
      MacAddress guestMac,
      MacAddress tapMac,
      List<Ipv6Address> homeAddresses,
      List<Ipv6Prefix> homePrefixes,
      List<Ipv6Address> homeAgents,
      HomeRouter homeRouter,
      Location location,
      int lifetimeSeconds,
      boolean waitForAcknowledgement,
      boolean requireSignallingProtection,
      int presenceTimeoutSeconds,
      TunnelSettings tunnel) {
    this(
        name, guestMac, tapMac, homeAddresses, homePrefixes, homeAgents, homeRouter, location,
        lifetimeSeconds, waitForAcknowledgement, false, requireSignallingProtection, false,
        presenceTimeoutSeconds, tunnel, tapMac);
  }

  /**
   * Copies the lists.
   *
   * @throws IllegalArgumentException if a value is out of range, an address is no routable unicast
   *     address or given twice, or both MAC addresses are the same
   */
  public MobileNodeSettings {
    Objects.requireNonNull(name);
    Objects.requireNonNull(location);
    Objects.requireNonNull(tunnel);
    Objects.requireNonNull(encapsulation);
    homeAddresses = List.copyOf(homeAddresses);
    homePrefixes = List.copyOf(homePrefixes);
    homeAgents = List.copyOf(homeAgents);
    check("home addresses", homeAddresses);
    check("home agents", homeAgents);
    station("guest", guestMac);
    station("tap", tapMac);
    station("pseudo", pseudoMac);
    if (guestMac.equals(tapMac) || guestMac.equals(pseudoMac)) {
      throw new IllegalArgumentException("the guest's MAC address is given twice: " + guestMac);
    }
    range("lifetime", lifetimeSeconds, BindingUpdate.LIFETIME_UNIT_SECONDS, LONGEST_LIFETIME);
    range("presence timeout", presenceTimeoutSeconds, 1, 3600);
  }

  private static void check(String what, List<Ipv6Address> addresses) {
    if (addresses.isEmpty() || new HashSet<>(addresses).size() != addresses.size()) {
      throw new IllegalArgumentException(what + ": at least one, each once: " + addresses);
    }
    for (Ipv6Address address : addresses) {
      if (!address.isRoutableUnicast()) {
        throw new IllegalArgumentException(what + ": not a routable unicast address: " + address);
      }
    }
  }

  private static void station(String what, MacAddress mac) {
    if (mac.isGroup() || mac.bits() == 0) {
      throw new IllegalArgumentException("not a station's MAC address: " + what + " " + mac);
    }
  }

  private static void range(String what, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          what + " is " + least + " to " + most + " s, not " + value);
    }
  }

  /** A copy with another encapsulation. */
  public MobileNodeSettings withEncapsulation(Encapsulation changed) {
    return new MobileNodeSettings(
        name, guestMac, tapMac, homeAddresses, homePrefixes, homeAgents, homeRouter, location,
        lifetimeSeconds, waitForAcknowledgement, arrivesByHookOnly, requireSignallingProtection,
        requirePayloadProtection, presenceTimeoutSeconds, tunnel, pseudoMac, changed);
  }

  /** Says whether an address lies on the home link. */
  boolean isOnHomeLink(Ipv6Address address) {
    for (Ipv6Prefix prefix : homePrefixes) {
      if (prefix.contains(address)) {
        return true;
      }
    }
    return false;
  }
}
