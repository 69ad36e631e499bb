package org.kagemusha.daemon.service;

import java.util.List;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.mobility.MobileNodeSettings;
import org.kagemusha.core.neighbor.HomeRouter.PrefixInformation;
import org.kagemusha.core.neighbor.HomeRouter;
import org.kagemusha.core.tunnel.TunnelSettings;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.daemon.config.TunnelConfig;
import org.kagemusha.daemon.config.VmConfig;

/** The engine's settings out of a VM's configuration. */
final class MobileNodeSettingsOf {

  /** On-link and autonomous, RFC 4861 §4.6.2. */
  private static final int ON_LINK_AUTONOMOUS = 0xc0;

  private static final long VALID_SECONDS = 2_592_000;
  private static final long PREFERRED_SECONDS = 604_800;
  private static final int HOP_LIMIT = 64;

  private MobileNodeSettingsOf() {}

  /**
   * @param learned what an earlier run learned of the home router, or null
   */
  static MobileNodeSettings config(VmConfig config, MacAddress tapMac, HomeRouter learned) {
    HomeRouter router = homeRouter(config.home(), learned);
    return new MobileNodeSettings(
        config.name(),
        config.guestMac(),
        tapMac,
        config.homeAddresses(),
        config.home().prefixes(),
        config.home().agents(),
        router,
        config.binding().location(),
        config.binding().lifetimeSeconds(),
        config.binding().waitForAcknowledgement(),
        config.binding().arrivesByHookOnly(),
        config.protection().signalling(),
        config.protection().payload() == PayloadProtection.REQUIRED,
        config.binding().presenceTimeoutSeconds(),
        tunnel(config.tunnel(), false),
        pseudoMac(router, tapMac),
        MobileNodeSettings.Encapsulation.valueOf(config.tunnel().encapsulation().name()));
  }

  /**
   * The home router's MAC address stands for every neighbour that the guest meets abroad: after the
   * return, the real router forwards to them, and redirects, where any other address would lead
   * nowhere until the guest finds out by itself.
   */
  private static MacAddress pseudoMac(HomeRouter router, MacAddress tapMac) {
    return router == null || router.mac() == null ? tapMac : router.mac();
  }

  /**
   * @param decrement whether this node is a router on the packet's way
   */
  static TunnelSettings tunnel(TunnelConfig config, boolean decrement) {
    return new TunnelSettings(
        config.hopLimit(), config.encapsulationLimit(), config.clampMss(), config.flowLabel(),
        config.copyDscp(), decrement, config.maximumMtu(),
        config.kernelEncapsulation());
  }

  /** What is configured, unless the same router was learned with more about it. */
  private static HomeRouter homeRouter(VmConfig.Home home, HomeRouter learned) {
    if (home.router() == null) {
      return learned;
    }
    if (learned != null
        && learned.linkLocal().equals(home.router())
        && home.routerMac().equals(learned.mac())) {
      return learned;
    }
    List<PrefixInformation> prefixes =
        home.prefixes().stream()
            .map(
                prefix ->
                    new PrefixInformation(
                        prefix, ON_LINK_AUTONOMOUS, VALID_SECONDS, PREFERRED_SECONDS))
            .toList();
    return new HomeRouter(
        home.router(), home.routerMac(), HOP_LIMIT, 0, home.routerLifetimeSeconds(), 0, 0,
        prefixes, List.of());
  }
}
