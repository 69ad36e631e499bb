package org.kagemusha.daemon.service;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.mobility.EncapsulationMemory;
import org.kagemusha.core.mobility.MobileNode.Trigger;
import org.kagemusha.core.mobility.MobileNode;
import org.kagemusha.core.mobility.MobileNodeSettings;
import org.kagemusha.core.mobility.MobileNodeStatus;
import org.kagemusha.core.neighbor.HomeRouter;
import org.kagemusha.core.provisioning.Grant;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.daemon.config.AssociationConfig;
import org.kagemusha.daemon.config.ConfigException;
import org.kagemusha.daemon.config.ConfigFile;
import org.kagemusha.daemon.config.Encapsulation;
import org.kagemusha.daemon.config.VmConfig;
import org.kagemusha.daemon.control.ControlReply;
import org.kagemusha.daemon.observe.Capture;
import org.kagemusha.daemon.observe.LogSetup;
import org.kagemusha.daemon.observe.MetricsPage;
import org.kagemusha.tap.careof.CareOfSettings;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netlink.InterfaceAddress;
import org.kagemusha.tap.netlink.Link;
import org.kagemusha.tap.netlink.NetlinkMonitor;
import org.kagemusha.tap.nft.KernelQuiet;
import org.kagemusha.tap.nft.RouterFrames;
import org.kagemusha.tap.port.FramePort;
import org.kagemusha.tap.rawsocket.BridgeWatch;
import org.kagemusha.tap.rawsocket.UnderlaySettings;
import org.kagemusha.tap.tap.TapDevice;
import org.kagemusha.tap.tap.TapSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The daemon beside one VM: a tap in the guest's bridge on one side, raw sockets on the care-of
 * address on the other, a {@link MobileNode} between them.
 */
public final class MobileNodeService extends Service {

  private static final Logger log = LoggerFactory.getLogger(MobileNodeService.class);
  private static final long ROUTINE_SECONDS = 10;
  private static final long TIDY_SECONDS = 2;

  /**
   * How often rules are installed again that another tool may have flushed, and what is not needed
   * is let go.
   */
  static final long RULES_SECONDS = 60;

  private volatile VmConfig config;
  private MacAddress tapMac;
  private MobileNode engine;
  private NodeKeys keys;
  private final ControllerAccess controllers = new ControllerAccess();
  private Runnable routine = () -> {};
  private JsonStore<HomeRouter> routers;
  private JsonStore<EncapsulationMemory> encapsulations;
  private PortKeeper port;
  private Links links;
  private Ipv6Address local;
  private WatchSource watch;
  private CopySource copies;
  private HostSecret secret;
  private CareOfTracker tracker;
  private GuestGuard guard;
  private RouterPath routerPath;
  private VmmWatch vmm;
  private boolean routerKnown;

  /** Of a checked configuration. */
  public MobileNodeService(VmConfig config) {
    super(config.name(), config.operating());
    this.config = config;
  }

  @Override
  void start() throws IOException {
    CipherChoice.make(
        config.operating().cipherEngine(),
        config.provisioning() == null ? List.of() : config.provisioning().suites(),
        config.operating().cipherThreads());
    secret = HostSecret.of(stateDirectory());
    tapMac = Objects.requireNonNullElseGet(
        config.tap().mac(), () -> secret.stationMac(config.tap().name()));
    capture(new Capture(config.tap().name(), "underlay"));
    loadCredentials();
    routers =
        new JsonStore<>(HomeRouter.class, null, stateFile(".router.json"), edge().executor());
    encapsulations =
        new JsonStore<>(
            EncapsulationMemory.class, EncapsulationMemory.NONE,
            stateFile(".encapsulation.json"), edge().executor());
    keys = new NodeKeys(config, new FileSequenceStore(stateFile(".sequence"), edge().executor()));
    if (config.provisioning() != null) {
      keys.provisioner(
          new Provisioner(
              config, loop(), keys.inbound(), controllers.attempt(config), this::onKeys));
      opened(() -> loop().call(this::endProvisioning));
    }
    TapDevice tap = config.tap().socket() == null ? opened(openTap()) : null;
    if (tap != null && config.tap().bridge() != null) {
      tap.only(config.guestMac(), tapMac);
    }
    KernelQuiet quiet = new KernelQuiet(name());
    if (config.tap().bridge() != null) {
      guard = new GuestGuard(quiet);
      opened(() -> edge().call(guard::close));
      guardGuest();
    }
    // The thread does one thing after the other: when it has come to this, the rules are there.
    final CompletableFuture<Void> guarded =
        CompletableFuture.runAsync(() -> { }, edge().executor());
    FramePort guestPort =
        tap == null
            ? opened(GuestSocket.open(name(), config.tap().socket(), counters()))
            : tap;
    links =
        opened(
            new Links(
                guestPort, loop(), capture(), counters(), true, config.tunnel(), 1,
                config.operating().cipherThreads(), edge().executor()));
    HomeRouter learned = routers.load();
    engine =
        new MobileNode(
            MobileNodeSettingsOf.config(config, tapMac, learned), links.home(), links.underlay(),
            keys.source(), keys.inbound(), new SplittableRandom(), System::currentTimeMillis,
            System::nanoTime, counters());
    routers.known(engine.homeRouter());
    engine.pathMtuProbing(config.tunnel().probePathMtu(), System.nanoTime());
    engine.handoverBuffer(config.handover().bufferOctets(), System.nanoTime());
    EncapsulationMemory remembered = encapsulations.load();
    if (remembered != null) {
      engine.encapsulationMemory(remembered);
    }
    links.engine(engine);
    links.entrance().ifPresent(quiet::entrance);
    MonitorSource monitor =
        opened(
            new MonitorSource(
                NetlinkMonitor.open(config.tunnel().direct()),
                new Surroundings(tap == null ? 0 : tap.index()),
                this::lookAround, links));
    if (config.tap().bridge() != null) {
      port =
          new PortKeeper(tap, config.tap().bridge(), loop(), edge().executor(), this::fail);
      routerPath =
          new RouterPath(
              new RouterFrames(name(), config.guestMac(), tapMac), engine, edge().executor());
      opened(() -> edge().call(routerPath::close));
      BridgeWatch bridge = BridgeWatch.open(config.tap().bridge());
      watch = opened(new WatchSource(bridge, engine, capture()));
      copies =
          opened(
              new CopySource(config.tap().bridge(), config.guestMac(), loop(), engine));
    }
    loop().engine(engine, links, this::afterWork);
    opened(loop().add(links.home()));
    if (watch != null) {
      opened(loop().add(watch));
    }
    tracker =
        new CareOfTracker(
            target(config), quiet, encapsulates() ? UdpEncapsulation.DEFAULT_PORT : 0, loop(),
            edge().executor(), this::onCareOfAddress);
    opened(() -> edge().call(tracker::close));
    opened(loop().add(monitor));
    lookAround();
    vmm = opened(new VmmWatch(name(), loop(), engine, this::afterVerb));
    vmm.follow(config.vmm());
    if (keys.provisioner() != null) {
      loop().execute(() -> keys.provisioner().want("start"));
    }
    loop().execute(() -> routine = following(ROUTINE_SECONDS, this::routine));
    every(RULES_SECONDS, this::again);
    guarded.join();
  }

  @Override
  boolean mayStop() {
    return !engine.isHandingOver();
  }

  @Override
  void rehearse() {
    VmConfig current = config;
    if (current.provisioning() == null) {
      Rehearsal.play(current.associations());
    } else {
      Rehearsal.playProvisioned(
          current.provisioning().suites().get(0),
          current.protection().payload() != PayloadProtection.DISABLED);
    }
  }

  private TapDevice openTap() throws KernelException {
    return TapDevice.open(
        new TapSettings(
            config.tap().name(), Optional.of(secret.portMac(config.tap().name())),
            config.tap().mtu(), Optional.ofNullable(config.tap().bridge()),
            config.tap().offloads()),
        counters());
  }

  private void loadCredentials() throws IOException {
    try {
      controllers.load(config);
    } catch (ConfigException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** Cheap: done after every wake-up of the loop. */
  private void afterWork() {
    if (watch != null) {
      watch.follow(config.guestMac(), config.home().agents());
      copies.follow();
    }
    if (local != null && !links.underlay().tunnels().isOpen() && wantsTunnels()) {
      links.underlay().tunnels().expect();
    }
    if (!routerKnown && engine.homeRouter() != null) {
      routerKnown = true;
      routers.save(engine.homeRouter());
    }
    capture().flush();
    routine.run();
  }

  private void routine() {
    if (routerPath != null) {
      routerPath.follow();
    }
    routers.save(engine.homeRouter());
    encapsulations.save(engine.encapsulationMemory());
    notifier().status(statusLine());
  }

  /** A capture shows what comes, also what is for nobody. */
  private boolean wantsTunnels() {
    return engine.expectsTunnels() || capture().isActive();
  }

  private void again() {
    tracker.assertRules();
    links.again();
    if (local != null && wantsTunnels()) {
      links.underlay().tunnels().expect();
    } else if (local != null) {
      links.underlay().tunnels().idle();
    }
    if (guard != null) {
      edge().executor().execute(guard::again);
      edge().executor().execute(routerPath::again);
    }
  }

  /** The care-of address, its interface and the tap; no tap or address of another VM's daemon. */
  private final class Surroundings implements MonitorSource.Interest {

    private final int tapIndex;

    /**
     * @param tapIndex 0 where there is no tap
     */
    Surroundings(int tapIndex) {
      this.tapIndex = tapIndex;
    }

    @Override
    public boolean in(InterfaceAddress address) {
      return tracker.concerns(address);
    }

    @Override
    public boolean in(Link link) {
      return link.index() == tapIndex || tracker.concerns(link);
    }
  }

  /** Something about interfaces, addresses or routes changed. */
  private void lookAround() {
    tracker.look();
    if (port != null) {
      port.look();
    }
  }

  private CareOfTracker.Target target(VmConfig of) {
    CareOfSettings.Policy policy =
        switch (of.underlay().mode()) {
          case OWN -> CareOfSettings.Policy.OWN;
          case HOST -> CareOfSettings.Policy.HOST;
          case FIXED -> CareOfSettings.Policy.EXPLICIT;
        };
    return new CareOfTracker.Target(
        new CareOfSettings(
            policy, Optional.ofNullable(of.underlay().careOfAddress()),
            of.homeAddresses().get(0), of.home().agents().get(0), secret.octets()),
        of.home().prefixes(), of.underlay().interfaceName());
  }

  private void onCareOfAddress(Ipv6Address address, int mtu, long validSeconds) {
    if (address != null && !address.equals(local)) {
      local = null;
      try {
        links.underlay().local(underlaySettings(address, mtu));
        local = address;
        if (!wantsTunnels()) {
          links.underlay().tunnels().rest();
        }
        encapsulate();
      } catch (KernelException e) {
        log.error("care-of address of no use coa={} cause={}", address, e.getMessage());
        engine.careOfAddress(null, mtu, System.nanoTime());
        tracker.tellAgain();
        return;
      }
    }
    links.local(address);
    if (keys.provisioner() != null) {
      keys.provisioner().careOf(address);
    }
    engine.careOfAddress(address, mtu, validSeconds, System.nanoTime());
  }

  private UnderlaySettings underlaySettings(Ipv6Address address, int mtu) {
    return new UnderlaySettings(
        address, 0, Optional.empty(), 0, config.tap().mtu(),
        encapsulates() ? UdpEncapsulation.DEFAULT_PORT : UnderlaySettings.NO_ENCAPSULATION, true,
        links.batch(), UnderlayLink.largestPacket(mtu), config.tap().mtu());
  }

  private boolean encapsulates() {
    return config.tunnel().encapsulation() != Encapsulation.NONE;
  }

  /** The engine must know both ports before it can use ESP in UDP. */
  private void encapsulate() {
    Grant grant = keys.provisioner() == null ? null : keys.provisioner().keys().current();
    if (encapsulates() && grant != null && local != null) {
      engine.encapsulationPorts(
          links.underlay().encapsulationPort(), grant.encapsulationPort(), System.nanoTime());
    }
  }

  /** New keys are there. */
  private void onKeys(Grant grant) {
    if (!grant.homeAgent().equals(config.home().agents().get(0))) {
      log.warn(
          "controller names another home agent vm={} ha={} configured={}",
          name(), grant.homeAgent(), config.home().agents());
    }
    encapsulate();
    engine.keysChanged(System.nanoTime());
    keyExport().publish();
    guardGuest();
    loop().eventLoop().schedule(this::tidyUp, TIDY_SECONDS, TimeUnit.SECONDS);
  }

  /**
   * What TLS left behind goes before the VM comes; once it is there, nothing may stop its packets.
   */
  private void tidyUp() {
    if (engine.status(System.nanoTime()).state().equals("waiting")) {
      edge().executor().execute(System::gc);
    }
  }

  private void guardGuest() {
    if (guard != null) {
      VmConfig current = config;
      List<Long> spis = keys.signallingSpis(current);
      edge().executor().execute(() -> guard.apply(current, spis));
    }
  }

  private Void endProvisioning() {
    keys.provisioner().close();
    return null;
  }

  @Override
  void onSignals() {
    // SIGWINCH, because the JVM keeps SIGUSR2 for itself.
    onSignal("USR1", () -> loop().execute(() -> engine.arrived(Trigger.HOOK, System.nanoTime())));
    onSignal("WINCH", () -> loop().execute(() -> engine.left(System.nanoTime())));
  }

  @Override
  void gauges(MetricsPage page) {
    MobileNodeGauges.add(page, engine);
  }

  @Override
  String statusLine() {
    MobileNodeStatus status = engine.status(System.nanoTime());
    String state = status.state().equals("waiting") ? "waiting for the VM" : status.state();
    if (status.careOfAddress() != null) {
      return state + ", care-of " + status.careOfAddress();
    }
    // At home there is none, and none is missing.
    return status.state().equals("home") ? state : state + ", no care-of address";
  }

  @Override
  ControlReply roleVerb(String verb, List<String> arguments) {
    if (verb.equals("home") && config.tap().socket() != null) {
      return ControlReply.error(
          "a VM that is connected by a socket is on no home link; link = \"tap\" joins it to one");
    }
    return MobileNodeVerbs.execute(
        new MobileNodeVerbs.Context(name(), engine, keys, links.dataPath(), vmm, counters()), verb,
        arguments,
        this::afterVerb);
  }

  private void afterVerb() {
    loop().execute(() -> notifier().status(statusLine()));
  }

  @Override
  boolean roleVerbLater(
      String verb, List<String> arguments, Consumer<ControlReply> answer) {
    if (!verb.equals("prepare")) {
      return false;
    }
    if (keys.provisioner() != null && !keys.isThere()) {
      keys.provisioner().wantNow();
    }
    vmm.expected();
    new Preparation(loop(), this::missing, this::readiness).await(answer);
    return true;
  }

  /** What an arriving VM would have to wait for, or null. */
  private String missing() {
    if (!isRehearsed()) {
      return "the daemon has just started, and still practises a move";
    }
    if (!keys.isThere()) {
      return "no keys: " + keys.provisioner().lastFailure();
    }
    return local == null && !engine.isHomeLink() ? "no care-of address" : null;
  }

  private String readiness() {
    return "prepared, " + statusLine();
  }

  @Override
  List<String> espKeys() {
    return keys.espKeys(config.home().agents());
  }

  @Override
  String roleVerbs() {
    return "report [json] [MOVES]\nprepare\narrived\npaused\nleft\nhome\nrelease\n";
  }

  @Override
  Callable<List<String>> readAgain() throws ConfigException {
    VmConfig fresh = new ConfigFile().readVm(config.file());
    controllers.load(fresh);
    return () -> apply(fresh);
  }

  private List<String> apply(VmConfig fresh) {
    ConfigChange change =
        new ConfigChange(config, fresh, links.isOther(fresh.tunnel()));
    VmConfig kept = change.kept();
    // What may be refused comes first: a configuration is applied as a whole or not at all.
    MobileNodeSettings settings = MobileNodeSettingsOf.config(kept, tapMac, engine.homeRouter());
    keys.replace(kept);
    if (keys.provisioner() != null) {
      keys.provisioner().config(kept, controllers.attempt(kept));
    }
    engine.settings(settings, System.nanoTime());
    engine.pathMtuProbing(kept.tunnel().probePathMtu(), System.nanoTime());
    engine.handoverBuffer(kept.handover().bufferOctets(), System.nanoTime());
    LogSetup.level(fresh.operating().logLevel());
    if (change.isOtherPlace()) {
      tracker.follow(target(kept));
    } else {
      tracker.assertRules();
    }
    config = kept;
    vmm.follow(kept.vmm());
    guardGuest();
    return change.restart();
  }
}
