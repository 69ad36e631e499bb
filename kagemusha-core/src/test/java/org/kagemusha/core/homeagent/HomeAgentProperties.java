package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.MS;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.kagemusha.core.homeagent.HomeAgentSettings.Dad;
import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.wire.Ipv6Address;

/** Whatever comes in whatever order, the parts agree about which bindings are in force. */
class HomeAgentProperties {

  private static final int NODES = 4;
  private static final Logger LOG = Logger.getLogger("org.kagemusha.core");

  @BeforeContainer
  static void quiet() {
    LOG.setLevel(Level.OFF);
  }

  @AfterContainer
  static void loud() {
    LOG.setLevel(null);
  }

  /** One thing that happens. */
  private record Step(
      int kind, int node, int place, int sequence, int lifetime, boolean linkLocal, int delayMs) {}

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<Integer> lifetime = Arbitraries.of(0, 1, 2, 3, 15, 65535);
    return Combinators.combine(
            Arbitraries.integers().between(0, 9),
            Arbitraries.integers().between(0, NODES - 1),
            Arbitraries.integers().between(0, 3),
            Arbitraries.integers().between(0, 40).map(s -> s * 3000 & 0xffff),
            lifetime,
            Arbitraries.of(true, false),
            Arbitraries.of(0, 0, 0, 10, 600, 1100, 5000, 12000))
        .as(Step::new)
        .list()
        .ofMinSize(1)
        .ofMaxSize(60);
  }

  private static Ipv6Address homeAddress(int node) {
    return new Ipv6Address(HomeAgentFixture.HOME_ADDRESS.high(), 0x100 + node);
  }

  private static Ipv6Address linkLocal(int node) {
    return new Ipv6Address(0xfe80L << 48, 0x100 + node);
  }

  private static Ipv6Address careOf(int place) {
    return new Ipv6Address(HomeAgentFixture.CARE_OF.high(), place);
  }

  @Property(tries = 300)
  void noAddressIsProxiedWithoutBindingAndNoBindingIsWithoutProxy(
      @ForAll("steps") List<Step> steps, @ForAll Dad dad) {
    HomeAgentFixture home = new HomeAgentFixture();
    home.dad = dad;
    home.maximumBindings = 3;
    home.mobileNodes.add(
        new MobileNodeAuthorisation(
            "all", List.of(HomeAgentFixture.HOME_PREFIX), List.of(), false));
    home.start();
    for (Step step : steps) {
      home.elapse(step.delayMs() * MS);
      take(home, step);
      check(home);
    }
    home.elapse(4L * 65536 * 1000 * MS);
    assertEquals(List.of(), home.agent.status(home.nowNs).entries());
    check(home);
  }

  private static void take(HomeAgentFixture home, Step step) {
    Ipv6Address homeAddress = homeAddress(step.node());
    Ipv6Address careOf = careOf(step.place());
    BindingUpdate update =
        new BindingUpdate(
            step.sequence(), true, true, step.linkLocal(), false, 0, step.lifetime(), careOf);
    switch (step.kind()) {
      case 0 -> home.sendFromHome(homeAddress, HomeAgentFixture.update(step.sequence(), 0, null));
      case 1 -> claim(home, homeAddress);
      case 2 -> claim(home, linkLocal(step.node()));
      case 3 -> home.agent.settings(home.settings(), home.nowNs);
      default -> home.send(careOf, homeAddress, update);
    }
  }

  private static void claim(HomeAgentFixture home, Ipv6Address address) {
    home.frame(
        HomeAgentFixture.neighborFrame(
            new NeighborAdvertisement(
                address, Ipv6Address.ALL_NODES, address, false, false, true, CORRESPONDENT_MAC),
            CORRESPONDENT_MAC));
  }

  private static void check(HomeAgentFixture home) {
    HomeAgentStatus status = home.agent.status(home.nowNs);
    Map<Ipv6Address, String> states = new HashMap<>();
    status.entries().forEach(entry -> states.put(entry.homeAddress(), entry.state()));
    long bound = states.values().stream().filter("bound"::equals).count();
    assertEquals(status.bindings(), bound);
    for (int node = 0; node < NODES; node++) {
      boolean isBound = "bound".equals(states.get(homeAddress(node)));
      assertEquals(isBound, home.proxies(homeAddress(node)), "home address of node " + node);
      // The limit of the proxy's answers must not blur the picture.
      home.nowNs += 10 * MS;
      if (!isBound) {
        assertEquals(false, home.proxies(linkLocal(node)), "link-local address of node " + node);
      }
      home.nowNs += 10 * MS;
    }
    home.clear();
  }
}
