package org.kagemusha.daemon.service;

import com.google.gson.JsonArray;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.kagemusha.core.homeagent.HomeAgent;
import org.kagemusha.core.homeagent.HomeAgentSettings;
import org.kagemusha.core.homeagent.HomeAgentStatus;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.provisioning.CombinedKeySource;
import org.kagemusha.core.provisioning.HeldGrant;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.daemon.config.AssociationConfig;
import org.kagemusha.daemon.config.ConfigException;
import org.kagemusha.daemon.config.ConfigFile;
import org.kagemusha.daemon.config.ControllerConfig;
import org.kagemusha.daemon.config.HomeAgentConfig;
import org.kagemusha.daemon.config.Problem;
import org.kagemusha.daemon.control.ControlReply;
import org.kagemusha.daemon.observe.Capture;
import org.kagemusha.daemon.observe.HomeAgentReport;
import org.kagemusha.daemon.observe.LogSetup;
import org.kagemusha.daemon.observe.MetricsPage;
import org.kagemusha.daemon.provision.ControllerCounters;
import org.kagemusha.daemon.tls.CredentialException;
import org.kagemusha.daemon.tls.TlsCredentials;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netlink.NetlinkMonitor;
import org.kagemusha.tap.nft.KernelQuiet;
import org.kagemusha.tap.rawsocket.UnderlaySettings;
import org.kagemusha.tap.tap.TapDevice;
import org.kagemusha.tap.tap.TapSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A home agent: a tap in the home bridge on one side, raw sockets on the home agent's address on
 * the other, a {@link HomeAgent} between them.
 */
public final class HomeAgentService extends Service {

  private static final long ROUTINE_SECONDS = 15;

  /** Inner packets may meet any router behind us. */
  private static final int SEGMENT_OCTETS = 1280;

  private static final int ETHERNET_MTU = 1500;

  private static final Logger log = LoggerFactory.getLogger(HomeAgentService.class);

  private final AtomicBoolean asked = new AtomicBoolean();
  private volatile HomeAgentConfig config;
  private Runnable routine = () -> {};
  private HomeAgent engine;
  private KeyRing keys;
  private KeyIssuer issuer;
  private volatile HomeLinkFacts facts;
  private Links links;
  private PortKeeper port;
  private KernelQuiet quiet;

  /** The edge thread's. */
  private boolean addressMissing;

  private MacAddress tapMac;

  /** Of a checked configuration. */
  public HomeAgentService(HomeAgentConfig config) {
    super(config.name(), config.operating());
    this.config = config;
  }

  @Override
  void rehearse() {
    HomeAgentConfig current = config;
    if (current.controller() == null) {
      Rehearsal.play(associations(current));
    } else {
      Rehearsal.playProvisioned(current.controller().suites().get(0), true);
    }
  }

  @Override
  void start() throws IOException {
    CipherChoice.make(
        config.operating().cipherEngine(),
        config.controller() == null ? List.of() : config.controller().suites(),
        config.operating().cipherThreads());
    HostSecret secret = HostSecret.of(stateDirectory());
    tapMac = Objects.requireNonNullElseGet(
        config.tap().mac(), () -> secret.stationMac(config.tap().name()));
    capture(new Capture(config.tap().name(), "underlay"));
    keys = new KeyRing(new FileSequenceStore(stateFile(".sequence"), edge().executor()));
    keys.replace(associations(config));
    TlsCredentials credentials = credentials();
    if (credentials != null) {
      issuer =
          opened(
              new KeyIssuer(
                  loop(), keys.inbound(), this::onLostKeys, () -> keyExport().publish()));
    }
    TapDevice tap =
        opened(
            TapDevice.open(
                new TapSettings(
                    config.tap().name(), Optional.of(secret.portMac(config.tap().name())),
                    config.tap().mtu(), Optional.of(config.tap().bridge()),
                    config.tap().offloads()),
                counters()));
    facts = HomeLinkFacts.find(config.tap().bridge(), config.address());
    quiet = new KernelQuiet(name());
    installRules();
    opened(() -> quiet.remove());
    links =
        opened(
            new Links(
                tap, loop(), capture(), counters(), false, config.tunnel(),
                config.maximumBindings(),
                config.operating().cipherThreads(), edge().executor()));
    if (links.entrance().isPresent()) {
      quiet.entrance(links.entrance().get());
      installRules();
    }
    engine =
        new HomeAgent(
            HomeAgentSettingsOf.config(config, tapMac, facts), links.home(), links.underlay(),
            keySource(), keys.inbound(), new SplittableRandom(), System::currentTimeMillis, counters());
    links.engine(engine);
    loop().engine(engine, links, this::afterWork);
    loop().call(
        () -> {
          engine.linkMtu(facts.underlayMtu(), System.nanoTime());
          links.underlay().local(
              new UnderlaySettings(
                  config.address(), facts.bridgeIndex(), Optional.empty(), 0, SEGMENT_OCTETS,
                  config.encapsulationPort() == 0
                      ? UnderlaySettings.NO_ENCAPSULATION
                      : config.encapsulationPort(),
                  false, links.batch(), UnderlayLink.largestPacket(facts.underlayMtu()),
                  ordinaryOctets()));
          links.local(config.address());
          if (issuer != null) {
            issuer.apply(config, credentials);
          }
          return null;
        });
    opened(loop().add(links.home()));
    MonitorSource monitor =
        opened(
            new MonitorSource(
                NetlinkMonitor.open(config.tunnel().direct()), MonitorSource.Interest.ALL,
                this::lookAround, links));
    port = new PortKeeper(tap, config.tap().bridge(), loop(), edge().executor(), this::fail);
    opened(loop().add(monitor));
    opened(() -> loop().call(this::stopEngine));
    if (issuer != null) {
      issuer.open(config.controller(), credentials);
    }
    loop().execute(() -> routine = following(ROUTINE_SECONDS, this::routine));
    every(
        MobileNodeService.RULES_SECONDS,
        () -> {
          edge().executor().execute(this::assertRules);
          links.again();
        });
  }

  /** What the home link takes as it is, of what an Ethernet carries in the tunnel. */
  private int ordinaryOctets() {
    int carried = Math.min(facts.underlayMtu(), ETHERNET_MTU) - Ipv6Header.BYTES;
    return Math.max(SEGMENT_OCTETS, Math.min(config.tap().mtu(), carried));
  }

  private TlsCredentials credentials() throws IOException {
    try {
      return loaded(config);
    } catch (ConfigException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** The credentials of a configuration's controller, or null if it has none. */
  private static TlsCredentials loaded(HomeAgentConfig config) throws ConfigException {
    if (config.controller() == null) {
      return null;
    }
    try {
      TlsCredentials credentials = TlsCredentials.load(config.controller().tls());
      credentials.requireServerUse();
      return credentials;
    } catch (CredentialException e) {
      throw new ConfigException(
          List.of(new Problem(config.file(), 1, "[controller]", e.getMessage())));
    }
  }

  private KeySource keySource() {
    return issuer == null ? keys.source() : new CombinedKeySource(issuer.keys(), keys.source());
  }

  /** Keys ended under a binding: without them it is of no use, nor may it go on in clear. */
  private void onLostKeys(Ipv6Address homeAddress, String reason) {
    if (issuer.keys().associations(homeAddress, KeySource.Purpose.SIGNALLING) == null) {
      engine.withdraw(homeAddress, reason, System.nanoTime());
    }
  }

  private void routine() {
    if (notifier().isActive()) {
      notifier().status(statusLine());
    }
  }

  private void afterWork() {
    capture().flush();
    routine.run();
  }

  private Void stopEngine() {
    engine.stop(System.nanoTime());
    return null;
  }

  private void installRules() throws KernelException {
    quiet.install(List.of(config.address()), config.encapsulationPort());
  }

  private void assertRules() {
    try {
      installRules();
    } catch (KernelException e) {
      log.warn("rules not installed again cause={}", e.getMessage());
    }
  }

  private void lookAround() {
    port.look();
    if (asked.compareAndSet(false, true)) {
      edge().executor().execute(this::lookAtFacts);
    }
  }

  private void lookAtFacts() {
    asked.set(false);
    if (facts.has(config.address()) == addressMissing) {
      addressMissing = !addressMissing;
      if (addressMissing) {
        log.error(
            "home agent's address is gone, nothing reaches us; add it: ip address add {}/64 dev {}",
            config.address(), config.tap().bridge());
      } else {
        log.info("home agent's address is back address={}", config.address());
      }
    }
    HomeLinkFacts now = facts.asOfNow();
    if (!now.bridgeMac().equals(facts.bridgeMac())) {
      // Reverse-tunnelled packets go to that address: with the old one they would all be lost.
      fail("the bridge " + config.tap().bridge() + " has another MAC address, " + now.bridgeMac());
    } else if (now.underlayMtu() != facts.underlayMtu()) {
      facts = now;
      loop().execute(() -> engine.linkMtu(now.underlayMtu(), System.nanoTime()));
    }
  }

  private static List<AssociationConfig> associations(HomeAgentConfig config) {
    List<AssociationConfig> all = new ArrayList<>();
    config.mobileNodes().forEach(node -> all.addAll(node.associations()));
    return all;
  }

  @Override
  void gauges(MetricsPage page) {
    page.gauge("bindings", "bindings in force", engine::bindings);
    if (issuer != null) {
      page.gauge("grants", "key pairs that are held for hosts", () -> grants().size());
      ControllerCounters counts = issuer.counters();
      for (ControllerCounters.Event event : ControllerCounters.Event.values()) {
        page.count("controller_" + event.label(), event.help(), () -> counts.get(event));
      }
    }
  }

  @Override
  String statusLine() {
    int bindings = engine.bindings();
    return bindings + (bindings == 1 ? " binding" : " bindings");
  }

  @Override
  ControlReply roleVerb(String verb, List<String> arguments) {
    if (verb.equals("status")) {
      HomeAgentStatus status = engine.status(System.nanoTime());
      return Verbs.isJson(arguments, 0)
          ? Verbs.json(HomeAgentReport.json(name(), status, links.dataPath(), counters()))
          : ControlReply.done(HomeAgentReport.text(name(), status, links.dataPath(), counters()));
    }
    if (!verb.equals("show") || arguments.isEmpty()) {
      return null;
    }
    boolean json = Verbs.isJson(arguments, 1);
    return switch (arguments.get(0)) {
      case "binding" -> {
        HomeAgentStatus status = engine.status(System.nanoTime());
        yield json
            ? Verbs.json(HomeAgentReport.bindingsJson(status))
            : ControlReply.done(HomeAgentReport.bindings(status));
      }
      case "neighbours" -> json
          ? Verbs.json(HomeAgentReport.neighboursJson(engine.neighbors()))
          : ControlReply.done(HomeAgentReport.neighbours(engine.neighbors()));
      case "sa" -> json
          ? Verbs.json(associationsJson())
          : ControlReply.done(associationsText());
      default -> null;
    };
  }

  private List<HeldGrant> grants() {
    return issuer == null ? List.of() : issuer.keys().held(System.nanoTime());
  }

  private JsonArray associationsJson() {
    JsonArray all = AssociationReport.json(keys.held());
    all.addAll(GrantReport.json(grants()));
    return all;
  }

  private String associationsText() {
    String fresh = issuer == null ? "" : GrantReport.text(grants());
    String fixed =
        issuer == null || !keys.held().isEmpty() ? AssociationReport.text(keys.held()) : "";
    return fresh + (fresh.isEmpty() || fixed.isEmpty() ? "" : "\n") + fixed;
  }

  @Override
  List<String> espKeys() {
    List<String> lines = keys.espKeys(config.address().toString(), true);
    lines.addAll(GrantReport.espKeys(grants()));
    return lines;
  }

  @Override
  String roleVerbs() {
    return "";
  }

  @Override
  Callable<List<String>> readAgain() throws ConfigException {
    HomeAgentConfig fresh = new ConfigFile().readHomeAgent(config.file());
    TlsCredentials credentials = loaded(fresh);
    return () -> apply(fresh, credentials);
  }

  private List<String> apply(HomeAgentConfig fresh, TlsCredentials credentials) {
    List<String> restart = new ArrayList<>();
    ConfigChange.needs(restart, "[home-agent] name", config.name(), fresh.name());
    ConfigChange.needs(restart, "[home-agent] address", config.address(), fresh.address());
    ConfigChange.needs(restart, "[home-agent] prefix", config.prefix(), fresh.prefix());
    ConfigChange.needs(
        restart, "[encapsulation]", config.encapsulationPort(), fresh.encapsulationPort());
    ConfigChange.needs(restart, "[tap]", config.tap(), fresh.tap());
    ConfigChange.needs(
        restart, "[tunnel] coalescing, batch, kernel-encapsulation, direct", false,
        links.isOther(fresh.tunnel()));
    ConfigChange.needs(
        restart, "[protection] cipher-engine, cipher-threads",
        ConfigChange.ciphers(config.operating()),
        ConfigChange.ciphers(fresh.operating()));
    ConfigChange.needs(
        restart, ConfigChange.WHERE, ConfigChange.where(config.operating()),
        ConfigChange.where(fresh.operating()));
    ConfigChange.needs(restart, "[controller]", listening(config), listening(fresh));
    if (!fresh.address().equals(config.address()) || !fresh.prefix().equals(config.prefix())) {
      // The mobile nodes of the file are those of another home link.
      restart.add("everything else, since the home link is another one");
      return restart;
    }
    HomeAgentConfig kept =
        new HomeAgentConfig(
            config.file(), config.name(), config.address(), config.prefix(),
            fresh.prefixValidSeconds(), fresh.prefixPreferredSeconds(), fresh.dad(),
            fresh.maximumLifetimeSeconds(), fresh.maximumBindings(), config.tap(),
            fresh.advertisement(), fresh.tunnel().whileRunning(config.tunnel()),
            fresh.protection(), fresh.controller(),
            config.encapsulationPort(), fresh.mobileNodes(), config.operating());
    // What may be refused comes first: a configuration is applied as a whole or not at all.
    HomeAgentSettings settings = HomeAgentSettingsOf.config(kept, tapMac, facts);
    keys.replace(associations(kept));
    if (issuer != null && credentials != null) {
      issuer.apply(kept, credentials);
    }
    engine.settings(settings, System.nanoTime());
    LogSetup.level(fresh.operating().logLevel());
    edge().executor().execute(this::assertRules);
    config = kept;
    return restart;
  }

  /** What a controller cannot change while it runs; who may have which keys, it can. */
  private static List<Object> listening(HomeAgentConfig config) {
    ControllerConfig controller = config.controller();
    return controller == null
        ? List.of()
        : List.of(
            controller.listen(), controller.port(), controller.handshakesPerSecond(),
            controller.maximumConnections(), controller.handshakeTimeoutMs());
  }
}
