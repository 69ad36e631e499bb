package org.kagemusha.daemon.service;

import java.util.List;
import org.kagemusha.core.homeagent.HomeAgentSettings.Advertisement;
import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.homeagent.HomeAgentSettings;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.daemon.config.AdvertisementConfig;
import org.kagemusha.daemon.config.HomeAgentConfig;

/** The engine's settings out of a home agent's configuration. */
final class HomeAgentSettingsOf {

  private HomeAgentSettingsOf() {}

  static HomeAgentSettings config(HomeAgentConfig config, MacAddress tapMac, HomeLinkFacts facts) {
    List<MobileNodeAuthorisation> nodes =
        config.mobileNodes().stream()
            .map(
                node ->
                    new MobileNodeAuthorisation(
                        node.name(), node.homeAddresses(), node.careOf(),
                        node.payload() == PayloadProtection.REQUIRED, node.maximumBindings()))
            .toList();
    return new HomeAgentSettings(
        config.address(),
        tapMac,
        facts.bridgeMac(),
        facts.linkLocal(),
        config.prefix(),
        config.prefixValidSeconds(),
        config.prefixPreferredSeconds(),
        config.dad(),
        config.maximumLifetimeSeconds(),
        config.maximumBindings(),
        config.protection().signalling(),
        nodes,
        advertisement(config.advertisement()),
        MobileNodeSettingsOf.tunnel(config.tunnel(), true),
        config.controller() == null
            ? HomeAgentSettings.DEFAULT_GRACE_SECONDS
            : config.controller().graceSeconds(),
        config.encapsulationPort());
  }

  private static Advertisement advertisement(AdvertisementConfig config) {
    if (!config.enabled()) {
      return null;
    }
    return new Advertisement(
        config.minimumIntervalMs(),
        config.maximumIntervalMs(),
        config.routerLifetimeSeconds(),
        config.currentHopLimit(),
        config.homeAgentPreference(),
        config.homeAgentLifetimeSeconds(),
        config.linkMtu());
  }
}
