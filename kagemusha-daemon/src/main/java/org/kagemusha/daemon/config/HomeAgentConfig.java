package org.kagemusha.daemon.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.kagemusha.core.homeagent.HomeAgentSettings.Dad;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/**
 * The configuration of a home agent; what each key means is told in its example file.
 *
 * @param controller the Home Agent Controller, or null for none
 * @param encapsulationPort the UDP port at which ESP is taken, or 0 for none (RFC 3948)
 */
public record HomeAgentConfig(
    Path file,
    String name,
    Ipv6Address address,
    Ipv6Prefix prefix,
    long prefixValidSeconds,
    long prefixPreferredSeconds,
    Dad dad,
    int maximumLifetimeSeconds,
    int maximumBindings,
    TapConfig tap,
    AdvertisementConfig advertisement,
    TunnelConfig tunnel,
    Protection protection,
    ControllerConfig controller,
    int encapsulationPort,
    List<MobileNodeConfig> mobileNodes,
    OperatingConfig operating) {

  /** RFC 3948 §2.1: the port of UDP-encapsulated ESP is that of IKE behind a NAT. */
  private static final int ENCAPSULATION_PORT = 4500;

  /** RFC 4861 §4.6.2: infinity. */
  private static final long LONGEST_PREFIX_MS = 0xffff_fffeL * 1000;

  static HomeAgentConfig read(Path file, Section root, Problems problems, Path credentials) {
    Section agent = root.section("home-agent");
    final String name = OperatingConfig.readName(agent, file);
    agent.require("address", "\"2001:db8:2000::1\"");
    agent.require("prefix", "\"2001:db8:2000::/64\"");
    final Ipv6Address address =
        agent.parsed("address", null, "a routable IPv6 unicast address", VmConfig::routable);
    final Ipv6Prefix prefix =
        agent.parsed(
            "prefix", null, "a prefix, such as \"2001:db8:2000::/64\"", Ipv6Prefix::parse);
    if (address != null && prefix != null && !prefix.contains(address)) {
      agent.problem("address", "found " + address + "; expected an address in " + prefix);
    }
    long validMs =
        agent.durationMs("prefix-valid-lifetime", 2_592_000_000L, 8_000, LONGEST_PREFIX_MS);
    long preferredMs =
        agent.durationMs(
            "prefix-preferred-lifetime", Math.min(validMs, 604_800_000L), 0, LONGEST_PREFIX_MS);
    if (preferredMs > validMs) {
      agent.problem(
          "prefix-preferred-lifetime",
          "found " + DurationText.format(preferredMs) + "; expected at most prefix-valid-lifetime, "
              + DurationText.format(validMs));
    }
    final Dad dad = agent.choice("dad", Dad.STRICT, Choices.of(Dad.class));
    final long maximumLifetimeMs =
        agent.durationMs("maximum-lifetime", 3_600_000, 8_000, 262_140_000);
    final long maximumBindings = agent.integer("maximum-bindings", 10_000, 1, 1_000_000);
    Section tapSection = root.section("tap");
    tapSection.require("bridge", "\"br-home\"");
    final TapConfig tap = TapConfig.read(tapSection, InterfaceNames.derive("kh-", name));
    final AdvertisementConfig advertisement =
        AdvertisementConfig.read(root.section("advertisement"), tap.mtu());
    final TunnelConfig tunnel = TunnelConfig.readHomeAgent(root.section("tunnel"));
    final ControllerConfig controller =
        ControllerConfig.read(root.section("controller"), address, credentials);
    final int encapsulationPort =
        readEncapsulation(root.section("encapsulation"), controller != null);
    Section protectionSection = root.section("protection");
    Protection protection = Protection.read(protectionSection, controller != null);
    List<MobileNodeConfig> nodes =
        readNodes(
            root,
            new MobileNodeConfig.Context(
                prefix, protection, protectionSection.has("payload"),
                new HostReader(root, controller != null),
                new AssociationReader(new KeyReader(file, credentials, problems))));
    return new HomeAgentConfig(
        file, name, address, prefix, validMs / 1000, preferredMs / 1000, dad,
        (int) (maximumLifetimeMs / 1000), (int) maximumBindings, tap, advertisement, tunnel,
        protection, controller, encapsulationPort, nodes, OperatingConfig.read(root, name));
  }

  private static int readEncapsulation(Section section, boolean controller) {
    boolean udp = section.flag("udp", controller);
    int port = (int) section.integer("port", ENCAPSULATION_PORT, 1, 65_535);
    return udp ? port : 0;
  }

  private static List<MobileNodeConfig> readNodes(Section root, MobileNodeConfig.Context context) {
    List<MobileNodeConfig> nodes = new ArrayList<>();
    Map<String, Integer> names = new HashMap<>();
    for (Section section : root.sections("mobile-node")) {
      MobileNodeConfig node = MobileNodeConfig.read(section, context);
      Integer earlier = names.putIfAbsent(node.name(), section.lineOf("name"));
      if (earlier != null && section.has("name")) {
        section.problem(
            "name",
            "found \"" + node.name() + "\", which line " + earlier + " uses already; expected a"
                + " name of its own");
      }
      nodes.add(node);
    }
    return List.copyOf(nodes);
  }
}
