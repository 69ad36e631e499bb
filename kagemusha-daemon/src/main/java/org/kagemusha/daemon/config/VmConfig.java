package org.kagemusha.daemon.config;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.mobility.MobileNodeSettings.Location;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;

/**
 * The configuration of the daemon beside one VM; what each key means is told in its example file.
 *
 * @param vmm what may be known from the VM's monitor
 * @param handover how packets are handed over between hosts
 * @param provisioning where fresh keys come from, or null with static ones
 * @param associations with static keys; empty with fresh ones
 */
public record VmConfig(
    Path file,
    String name,
    MacAddress guestMac,
    List<Ipv6Address> homeAddresses,
    Home home,
    TapConfig tap,
    UnderlayConfig underlay,
    Binding binding,
    VmmConfig vmm,
    HandoverConfig handover,
    TunnelConfig tunnel,
    Protection protection,
    ProvisioningConfig provisioning,
    List<AssociationConfig> associations,
    OperatingConfig operating) {

  /**
   * The home link.
   *
   * @param prefixes on-link there
   * @param agents in order of preference
   * @param router the router's link-local address, or null to learn it
   * @param routerMac its MAC address, or null to learn it
   * @param routerLifetimeSeconds what pseudo router advertisements begin with, RFC 4861 §4.2
   */
  public record Home(
      List<Ipv6Prefix> prefixes,
      List<Ipv6Address> agents,
      Ipv6Address router,
      MacAddress routerMac,
      int routerLifetimeSeconds) {}

  /**
   * The bindings.
   *
   * @param lifetimeSeconds asked for, a multiple of 4 up to 262140 (RFC 6275 §6.1.7)
   * @param waitForAcknowledgement whether the guest's packets wait for the acknowledgement
   * @param arrivesByHookOnly whether frames with the guest's MAC address tell nothing of its
   *     arrival
   * @param presenceTimeoutSeconds silence after which the guest's presence is checked
   * @param location where this host is
   */
  public record Binding(
      int lifetimeSeconds,
      boolean waitForAcknowledgement,
      boolean arrivesByHookOnly,
      int presenceTimeoutSeconds,
      Location location) {}

  /** RFC 6275 §6.1.7: 16 bits of 4 seconds each. */
  private static final long LONGEST_LIFETIME_MS = 65_535L * 4 * 1000;

  static VmConfig read(Path file, Section root, Problems problems, Path credentials) {
    Section vm = root.section("vm");
    final String name = OperatingConfig.readName(vm, file);
    vm.require("mac", "\"52:54:00:12:34:10\"");
    final MacAddress mac =
        vm.parsed(
            "mac", null, "the guest's unicast MAC address, such as \"52:54:00:12:34:10\"",
            text -> TapConfig.unicast(MacAddress.parse(text)));
    vm.require("home-address", "\"2001:db8:2000::10\"");
    final List<Ipv6Address> homeAddresses =
        vm.list("home-address", "a routable IPv6 unicast address", VmConfig::routable);
    Section homeSection = root.section("home");
    final Home home = readHome(homeSection);
    checkHome(vm, homeSection, homeAddresses, home);
    final TapConfig tap = TapConfig.readVm(vm, root.section("tap"), name);
    if (mac != null && mac.equals(tap.mac())) {
      vm.problem("mac", "found " + mac + ", which is also [tap] mac; expected another there");
    }
    final UnderlayConfig underlay = UnderlayConfig.read(root.section("underlay"), home.prefixes());
    final Binding binding = readBinding(root.section("binding"), tap.socket());
    Section tunnelSection = root.section("tunnel");
    final TunnelConfig tunnel = TunnelConfig.readMobileNode(tunnelSection);
    final ProvisioningConfig provisioning =
        ProvisioningConfig.read(root.section("provisioning"), name, home.agents(), credentials);
    Section protectionSection = root.section("protection");
    Protection protection = Protection.read(protectionSection, provisioning != null);
    List<AssociationConfig> associations =
        new AssociationReader(new KeyReader(file, credentials, problems))
            .read(root, homeAddresses, protection);
    if (provisioning == null) {
      Coverage.check(
          protectionSection, "[provisioning]", protection, homeAddresses, associations);
    } else {
      Coverage.checkFresh(
          protectionSection, root, "[provisioning]", protection, associations);
    }
    if (tunnel.encapsulation() != Encapsulation.NONE) {
      checkEncapsulation(tunnelSection, provisioning != null, protection.payload());
    }
    return new VmConfig(
        file, name, mac, List.copyOf(homeAddresses), home, tap, underlay, binding,
        VmmConfig.read(root.section("vmm")), HandoverConfig.read(root.section("handover")), tunnel,
        protection, provisioning,
        List.copyOf(associations), OperatingConfig.read(root, name));
  }

  private static Home readHome(Section section) {
    section.require("prefix", "\"2001:db8:2000::/64\"");
    section.require("agent", "\"2001:db8:2000::1\"");
    return new Home(
        section.list("prefix", "a prefix, such as \"2001:db8:2000::/64\"", Ipv6Prefix::parse),
        section.list("agent", "a routable IPv6 unicast address", VmConfig::routable),
        section.parsed(
            "router", null, "the home router's link-local address", VmConfig::linkLocal),
        section.parsed(
            "router-mac", null, "the home router's unicast MAC address",
            text -> TapConfig.unicast(MacAddress.parse(text))),
        (int) (section.durationMs("router-lifetime", 1_800_000, 0, 9_000_000) / 1000));
  }

  private static Binding readBinding(Section section, VmSocketConfig socket) {
    long lifetimeMs = section.durationMs("lifetime", 600_000, 8_000, LONGEST_LIFETIME_MS);
    if (lifetimeMs % 4000 != 0) {
      section.problem(
          "lifetime",
          "found " + DurationText.format(lifetimeMs) + "; expected a multiple of 4s, the unit of"
              + " the Binding Update (RFC 6275 section 6.1.7)");
    }
    return new Binding(
        (int) (lifetimeMs / 1000),
        section.flag("wait-for-acknowledgement", false),
        section.choice("arrival", false, Choices.of("any", false, "hook", true)),
        (int) (section.durationMs("presence-timeout", 10_000, 1_000, 3_600_000) / 1000),
        readLocation(section, socket));
  }

  /** Without a bridge the guest is on no home link anywhere, and nobody's advertisements come. */
  private static Location readLocation(Section section, VmSocketConfig socket) {
    Location location = section.choice("location", Location.AUTO, Choices.of(Location.class));
    if (socket == null) {
      return location;
    }
    if (location == Location.HOME) {
      section.problem(
          "location",
          "found \"home\" with [vm] link = \"" + socket.word() + "\", which joins the guest to"
              + " no home link; expected link = \"tap\" and a bridge there");
    }
    return Location.FOREIGN;
  }

  private static void checkHome(
      Section vm, Section section, List<Ipv6Address> homeAddresses, Home home) {
    if (!home.prefixes().isEmpty()) {
      for (Ipv6Address address : homeAddresses) {
        if (home.prefixes().stream().noneMatch(prefix -> prefix.contains(address))) {
          vm.problem(
              "home-address",
              "found " + address + ", which is in no prefix of the home link; expected an address"
                  + " in " + Coverage.words(home.prefixes()));
        }
      }
    }
    checkDistinct(vm, "home-address", homeAddresses);
    checkDistinct(section, "agent", home.agents());
    for (Ipv6Address address : homeAddresses) {
      if (home.agents().contains(address)) {
        vm.problem("home-address", "found " + address + ", the home agent's own address");
      }
    }
    if ((home.router() == null) != (home.routerMac() == null)
        && section.has("router") != section.has("router-mac")) {
      String missing = home.router() == null ? "router" : "router-mac";
      section.problem(
          missing, "missing; expected router and router-mac together, or neither to learn both");
    }
  }

  private static void checkEncapsulation(
      Section section, boolean fresh, PayloadProtection payload) {
    String found = "found \"" + section.text("encapsulation", "") + "\"";
    if (!fresh) {
      section.problem(
          "encapsulation",
          found + " without [provisioning]; expected \"none\", or keys from there: the home agent"
              + " learns with them what it may take in UDP");
    } else if (payload == PayloadProtection.DISABLED) {
      section.problem(
          "encapsulation",
          found + " with payload = \"disabled\" in [protection]; expected \"none\", or"
              + " \"opportunistic\" or \"required\" there: UDP carries ESP, and nothing in clear"
              + " (RFC 3948)");
    }
  }

  private static void checkDistinct(Section section, String key, List<Ipv6Address> addresses) {
    if (new HashSet<>(addresses).size() != addresses.size()) {
      section.problem(key, "found an address twice; expected each once");
    }
  }

  static Ipv6Address routable(String text) {
    Ipv6Address address = Ipv6Address.parse(text);
    if (!address.isRoutableUnicast()) {
      throw new IllegalArgumentException("not routable");
    }
    return address;
  }

  private static Ipv6Address linkLocal(String text) {
    Ipv6Address address = Ipv6Address.parse(text);
    if (!address.isLinkLocal()) {
      throw new IllegalArgumentException("not link-local");
    }
    return address;
  }
}
