package org.kagemusha.daemon.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kagemusha.core.homeagent.HomeAgentSettings.Dad;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

class HomeAgentConfigTest {

  @TempDir Path directory;

  private HomeAgentConfig read(String text) throws Exception {
    return new ConfigFile((Path) null)
        .readHomeAgent(ConfigTexts.write(directory, "home.toml", text));
  }

  @Test
  void fillsInTheDefaults() throws Exception {
    HomeAgentConfig config = read(ConfigTexts.HOME_AGENT);
    assertEquals("home", config.name());
    assertEquals(Dad.STRICT, config.dad());
    assertEquals(3600, config.maximumLifetimeSeconds());
    assertEquals(10_000, config.maximumBindings());
    assertEquals(2_592_000, config.prefixValidSeconds());
    assertEquals(604_800, config.prefixPreferredSeconds());
    assertEquals(new TapConfig("kh-home", "br-home", 1500, null, true), config.tap());
    assertEquals(
        new AdvertisementConfig(true, 3333, 10_000, 1800, 64, 0, 1800, 0), config.advertisement());
    assertEquals(List.of(), config.mobileNodes());
  }

  @Test
  void readsEveryKey() throws Exception {
    HomeAgentConfig config =
        read(
            """
            [home-agent]
            name = "ha"
            address = "2001:db8:2000::1"
            prefix = "2001:db8:2000::/64"
            prefix-valid-lifetime = "2h"
            prefix-preferred-lifetime = "1h"
            dad = "optimistic"
            maximum-lifetime = "20m"
            maximum-bindings = 7
            [tap]
            bridge = "br1"
            [advertisement]
            enabled = false
            maximum-interval = "70ms"
            minimum-interval = "30ms"
            router-lifetime = "0s"
            hop-limit = 0
            home-agent-preference = 65535
            home-agent-lifetime = "1m"
            link-mtu = 1400
            [protection]
            signalling = "none"
            insecure = true
            payload = "disabled"
            [[mobile-node]]
            name = "vm1"
            home-address = ["2001:db8:2000::10", "2001:db8:2000::20"]
            care-of = ["2001:db8:3000::/64", "2001:db8:4000::7"]
            [[mobile-node]]
            name = "vm2"
            home-address = "2001:db8:2000:0:8000::/65"
            maximum-bindings = 40
            """);
    assertEquals(16, config.mobileNodes().get(0).maximumBindings());
    assertEquals(40, config.mobileNodes().get(1).maximumBindings());
    assertEquals(Dad.OPTIMISTIC, config.dad());
    assertEquals(7200, config.prefixValidSeconds());
    assertEquals(3600, config.prefixPreferredSeconds());
    assertEquals(1200, config.maximumLifetimeSeconds());
    assertEquals(7, config.maximumBindings());
    assertEquals(
        new AdvertisementConfig(false, 30, 70, 0, 0, 65_535, 60, 1400), config.advertisement());
    MobileNodeConfig vm1 = config.mobileNodes().get(0);
    assertEquals(2, vm1.homeAddresses().size());
    assertEquals(
        List.of(
            Ipv6Prefix.parse("2001:db8:3000::/64"),
            new Ipv6Prefix(Ipv6Address.parse("2001:db8:4000::7"), 128)),
        vm1.careOf());
    assertEquals(65, config.mobileNodes().get(1).homeAddresses().get(0).length());
  }

  @Test
  void associationsBelongToTheirMobileNode() throws Exception {
    HomeAgentConfig config =
        read(
            ConfigTexts.HOME_AGENT + "[[mobile-node]]\nname = \"vm1\"\n"
                + "home-address = \"2001:db8:2000::10\"\npayload = \"required\"\n"
                + ConfigTexts.association("signalling", 1000).replace("[[a", "[[mobile-node.a")
                + ConfigTexts.association("payload", 2000).replace("[[a", "[[mobile-node.a"));
    MobileNodeConfig node = config.mobileNodes().get(0);
    assertEquals(PayloadProtection.REQUIRED, node.payload());
    assertEquals(2, node.associations().size());
    assertEquals(
        Ipv6Address.parse("2001:db8:2000::10"), node.associations().get(1).homeAddress());
    assertTrue(node.associations().get(1).extendedSequenceNumbers());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          home-address = "2001:db8:9::10"           | expected a part of 2001:db8:2000::/64
          home-address = "2001:db8:2000::1/48"      | expected an IPv6 address or prefix
          home-address = "2001:db8::/32"            | expected a part of 2001:db8:2000::/64
          care-of = "here"                          | an IPv6 address or prefix
          payload = "required"                      | found no association for payload
          """)
  void checksMobileNodes(String line, String expected) throws Exception {
    String text =
        ConfigTexts.HOME_AGENT + ConfigTexts.CLEAR + "[[mobile-node]]\nname = \"vm1\"\n" + line
            + (line.startsWith("home") ? "\n" : "\nhome-address = \"2001:db8:2000::10\"\n");
    String problems = ConfigTexts.homeAgentProblems(directory, text);
    assertTrue(problems.contains(expected), problems);
  }

  @Test
  void oneSpiServesOneMobileNode() throws Exception {
    String node = "[[mobile-node]]\nname = \"vm%d\"\nhome-address = \"2001:db8:2000::%d\"\n";
    String association =
        ConfigTexts.association("signalling", 1000).replace("[[a", "[[mobile-node.a");
    String problems =
        ConfigTexts.homeAgentProblems(
            directory,
            ConfigTexts.HOME_AGENT + String.format(node, 1, 10) + association
                + String.format(node, 1, 20) + association);
    assertTrue(problems.contains("found 1001, which line 12 uses already"), problems);
    assertTrue(problems.contains("found \"vm1\", which line 7 uses already"), problems);
  }

  @Test
  void rfc4861_s6_2_1_boundsTheIntervals() throws Exception {
    String problems =
        ConfigTexts.homeAgentProblems(
            directory,
            ConfigTexts.HOME_AGENT
                + "[advertisement]\nmaximum-interval = \"4s\"\nminimum-interval = \"3500ms\"\n"
                + "router-lifetime = \"2s\"\n");
    assertTrue(problems.contains("at most three quarters"), problems);
    assertTrue(problems.contains("at least maximum-interval, 4s"), problems);
  }

  @Test
  void rfc8200_s5_noLinkHasAnMtuBelow1280() throws Exception {
    String problems =
        ConfigTexts.homeAgentProblems(
            directory, ConfigTexts.HOME_AGENT + "[advertisement]\nlink-mtu = 1279\n");
    assertTrue(problems.contains("link-mtu: found 1279; expected 0, or at least 1280"), problems);
  }

  @Test
  void theAddressIsOnTheHomeLink() throws Exception {
    assertTrue(
        ConfigTexts.homeAgentProblems(
                directory, ConfigTexts.HOME_AGENT.replace("2001:db8:2000::1\"", "2001:db8:5::1\""))
            .contains("expected an address in 2001:db8:2000::/64"));
  }
}
