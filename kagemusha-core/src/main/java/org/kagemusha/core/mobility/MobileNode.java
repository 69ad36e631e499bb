package org.kagemusha.core.mobility;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.kagemusha.core.handover.PacketRing;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.message.PrefixInformation;
import org.kagemusha.core.mobility.LocationDetector.Place;
import org.kagemusha.core.neighbor.HomeRouter;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.tunnel.TunnelContext;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The mobile node beside a VM (RFC 6275 §11). It puts the parts together: a frame of the guest
 * comes by {@link #onHomeFrame} and is {@link GuestInput}'s; what the home agent sends comes by
 * {@link #onUnderlayPacket} and is {@link UnderlayInput}'s. Whether the guest is here is {@link
 * Arrival}'s to know, and where that is, and what the home agent has to know of it, {@link
 * GuestMobility}'s.
 *
 * <p>With {@code location = AUTO} this place is the home link while a Router Advertisement with a
 * home prefix, multicast by another station on the bridge, is younger than its router lifetime;
 * otherwise it is foreign, but not before one second after the first call with a time. Until then a
 * guest that has arrived waits. The edge calls {@link #onDeadline} once at its start, so that the
 * second has passed when the VM arrives.
 *
 * <p>For one thread; {@code nowNs} is monotonic.
 */
public final class MobileNode implements NodeEngine {

  /** What tells that the VM is here. */
  public enum Trigger {
    /** The VMM's hook or an operator. */
    HOOK("hook"),
    /** The VMM itself, by its machine protocol. */
    QMP("qmp"),
    /** RARP or an unsolicited NA of the VMM or guest. */
    ANNOUNCEMENT("announcement"),
    /** Any first frame of the guest. */
    FIRST_FRAME("first-frame");

    private final String text;

    Trigger(String text) {
      this.text = text;
    }

    /** The name in log lines and reports. */
    public String text() {
      return text;
    }
  }

  private static final Logger LOG = LoggerFactory.getLogger(MobileNode.class);

  private final Counters counters;
  private final SecurityAssociationDatabase associations;
  private final SignallingReader reader;
  private final TunnelContext tunnels;
  private final HandoverRecorder recorder;
  private final GuestTraffic traffic;
  private final HomeLinkFrames frames;
  private final BindingUpdateSender sender;
  private final GuestMobility mobility;
  private final SignallingInput signalling;
  private final UnderlayInput underlayInput;
  private final HomeLinkWatch homeLink;
  private final EncapsulationChoice encapsulation;
  private final LongSupplier wallClockMs;
  private final Handover handover;
  private final GuestInput guestInput;

  private MobileNodeSettings settings;
  private boolean started;
  private int handoverRoom;

  /**
   * Creates a node that waits for its VM, with a timeline as fine as the time that it is told.
   *
   * @see #MobileNode(MobileNodeSettings, HomeLink, Underlay, KeySource,
   *     SecurityAssociationDatabase, RandomGenerator, LongSupplier, LongSupplier, Counters)
   */
  public MobileNode(
      MobileNodeSettings settings,
      HomeLink guestLink,
      Underlay underlay,
      KeySource keys,
      SecurityAssociationDatabase associations,
      RandomGenerator random,
      LongSupplier wallClockMs,
      Counters counters) {
    this(
        settings, guestLink, underlay, keys, associations, random, wallClockMs, null, counters);
  }

  /**
   * Creates a node that waits for its VM.
   *
   * @param guestLink takes frames for the bridge of the guest
   * @param underlay takes packets for the routed network
   * @param keys says which associations protect what
   * @param associations opens received ESP
   * @param random gives jitter
   * @param wallClockMs ms since 1970, for sequence numbers and the timeline
   * @param monotonicNs the clock from which {@code nowNs} is read once per wake-up, asked again
   *     only for the first events after an arrival; or null
   */
  public MobileNode(
      MobileNodeSettings settings,
      HomeLink guestLink,
      Underlay underlay,
      KeySource keys,
      SecurityAssociationDatabase associations,
      RandomGenerator random,
      LongSupplier wallClockMs,
      LongSupplier monotonicNs,
      Counters counters) {
    this.settings = settings;
    this.counters = counters;
    this.associations = associations;
    this.reader = new SignallingReader(associations);
    this.tunnels =
        new TunnelContext(settings.tunnel(), counters, settings.homeAgents().get(0), random);
    this.recorder = new HandoverRecorder(wallClockMs, monotonicNs);
    recorder.forwarding(() -> ForwardedPackets.of(counters));
    EncapsulationChoice encapsulation = new EncapsulationChoice();
    this.encapsulation = encapsulation;
    this.wallClockMs = wallClockMs;
    this.traffic = new GuestTraffic(underlay, this::deliver, recorder, counters);
    this.frames = new HomeLinkFrames(guestLink, counters);
    ReturnHome returnHome = new ReturnHome(frames);
    this.sender =
        new BindingUpdateSender(
            underlay, returnHome, keys, encapsulation, traffic, recorder, counters, LOG);
    this.handover =
        new Handover(
            underlay, tunnels, frames, associations, traffic, recorder, this::give, counters,
            LOG);
    sender.handover(handover);
    this.mobility =
        new GuestMobility(
            settings,
            new MobileNodeParts(
                underlay, traffic, returnHome, sender, frames, recorder, tunnels, keys,
                encapsulation, handover),
            random,
            wallClockMs,
            counters,
            LOG);
    this.signalling = new SignallingInput(mobility.list(), keys, mobility.events(), counters, LOG);
    this.underlayInput =
        new UnderlayInput(
            mobility, traffic, signalling, reader, handover,
            new ErrorAnswers(underlay, counters), counters, LOG);
    this.homeLink =
        new HomeLinkWatch(
            mobility, traffic, frames, signalling, reader, keys, associations, counters);
    this.guestInput =
        new GuestInput(guestLink, mobility, traffic, homeLink, random, counters);
    apply(settings);
  }

  private void apply(MobileNodeSettings changed) {
    guestInput.settings(changed);
    handover.settings(changed.name(), changed.guestMac(), handoverRoom);
    tunnels.settings(changed.tunnel());
    tunnels.errorSource(changed.homeAgents().get(0));
    frames.stations(changed.tapMac(), changed.guestMac());
    traffic.waitForAcknowledgement(changed.waitForAcknowledgement());
    traffic.requireProtection(changed.requirePayloadProtection());
    sender.settings(changed);
    signalling.settings(changed);
    homeLink.settings(changed);
    underlayInput.vm(changed.name());
    mobility.settings(changed);
  }

  /**
   * Applies changed settings without losing the binding: what did not change goes on as it was. A
   * changed lifetime or home agent makes a Binding Update at once; an address that was found
   * duplicate is tried again.
   */
  public void settings(MobileNodeSettings changed, long nowNs) {
    clock(nowNs);
    settings = changed;
    apply(changed);
    LOG.info("settings applied vm={}", changed.name());
  }

  private void clock(long nowNs) {
    started = true;
    mobility.clock(nowNs);
  }

  /**
   * Tells the care-of address in force and the underlay's MTU. Another address is registered at
   * once; without one, nothing is sent and the bindings stay as they are.
   *
   * @param address or null for none
   * @param linkMtu of the underlay interface, octets
   */
  public void careOfAddress(Ipv6Address address, int linkMtu, long nowNs) {
    careOfAddress(address, linkMtu, PrefixInformation.INFINITE, nowNs);
  }

  /**
   * The same of an address that is valid for some time: no binding that is asked for from now on
   * outlasts it (RFC 6275 §11.7.1). To be called again when that time changes.
   *
   * @param address or null for none
   * @param linkMtu of the underlay interface, octets
   * @param validSeconds how long the address is valid from now on; 4294967295 is for ever
   */
  public void careOfAddress(Ipv6Address address, int linkMtu, long validSeconds, long nowNs) {
    clock(nowNs);
    mobility.validity().careOf(validSeconds, nowNs);
    mobility.book().linkMtu(linkMtu, nowNs);
    handover.linkMtu(linkMtu);
    mobility.careOf(address);
  }

  /**
   * Says whether the path MTU to the home agent is probed (RFC 8899), for paths that swallow Packet
   * Too Big: Echo Requests as large as the path MTU, a few in ten minutes. Off at first.
   */
  public void pathMtuProbing(boolean enabled, long nowNs) {
    clock(nowNs);
    mobility.foreignStay().probe().enabled(enabled);
  }

  /**
   * Sets the room for packets that are kept while the VM is paused and after it has left, for the
   * host where it is next (RFC 5568). None at first: then no keys for it are asked of the home
   * agent, nothing is kept, and nothing is asked of the host before.
   *
   * @param octets for each home address, at least {@link PacketRing#SMALLEST}; 0: none
   * @throws IllegalArgumentException if it is between
   */
  public void handoverBuffer(int octets, long nowNs) {
    if (octets != 0 && octets < PacketRing.SMALLEST) {
      throw new IllegalArgumentException("room for packets: " + octets);
    }
    clock(nowNs);
    handoverRoom = octets;
    handover.settings(settings.name(), settings.guestMac(), octets);
  }

  /** What of packets between hosts is going on. */
  public ForwardingStatus forwarding() {
    return handover.status();
  }

  /**
   * Whether the VM is not here, and its packets are kept for its next host or forwarded: who ends
   * now loses some. It ends by itself within seconds.
   */
  public boolean isHandingOver() {
    return handover.isBusy();
  }

  /**
   * The {@link KeySource} has other keys: what waits for keys is sent at once, and what is
   * registered is registered again under them, so that the home agent switches (RFC 6618 §4.3). The
   * guest is asked first if it is here, unless it has just arrived.
   */
  public void keysChanged(long nowNs) {
    clock(nowNs);
    mobility.keysChanged();
  }

  /**
   * Sets the ports of ESP in UDP (RFC 3948), from which and to which it is sent; what comes to the
   * local port is taken. If one is 0, UDP cannot be used: {@link
   * MobileNodeSettings.Encapsulation#AUTO} means native ESP then, and with {@link
   * MobileNodeSettings.Encapsulation#UDP} nothing is registered, which the log tells. So it is at
   * first.
   *
   * @param localPort 0 to 65535
   * @param homeAgentPort 0 to 65535
   * @throws IllegalArgumentException if a port is out of range
   */
  public void encapsulationPorts(int localPort, int homeAgentPort, long nowNs) {
    if ((localPort | homeAgentPort) >>> 16 != 0) {
      throw new IllegalArgumentException("UDP ports " + localPort + " and " + homeAgentPort);
    }
    clock(nowNs);
    reader.encapsulationPort(localPort);
    mobility.encapsulationPorts(localPort, homeAgentPort);
  }

  /** What was learned of which form of ESP gets through, for saving. */
  public EncapsulationMemory encapsulationMemory() {
    return encapsulation.memory(wallClockMs.getAsLong());
  }

  /** Gives back what an earlier run has learned; best before the first care-of address. */
  public void encapsulationMemory(EncapsulationMemory earlier) {
    encapsulation.memory(earlier);
  }

  /** The VM has arrived (idempotent). */
  public void arrived(Trigger trigger, long nowNs) {
    clock(nowNs);
    mobility.arrival().arrived(trigger, nowNs);
  }

  /**
   * The VM was stopped here, and may go on here or elsewhere (idempotent): its bindings and tunnels
   * stay, and nothing is refreshed until it is heard or said to be here. A VM that is not here is
   * not paused.
   */
  public void paused(long nowNs) {
    clock(nowNs);
    mobility.arrival().paused(nowNs);
  }

  /**
   * The VMM has stopped the VM here, and will say if it goes on here: until {@link #arrived}, or
   * until {@link #migrating} says that nothing more is heard of it, frames of the guest are no sign
   * that it does. What came for it since then is kept, too, if {@link #migrating} was told before.
   *
   * @param sinceNs when it was stopped, a moment ago perhaps
   */
  public void stopped(long nowNs, long sinceNs) {
    clock(nowNs);
    mobility.arrival().stopped(sinceNs, nowNs);
  }

  /**
   * The VM is about to come to this host, and does not run here yet; or it does not come after all
   * (idempotent).
   */
  public void expected(boolean coming, long nowNs) {
    clock(nowNs);
    mobility.arrival().expected(coming);
  }

  /**
   * The VM's migration to another host is under way, so it may be stopped at any moment; or the
   * migration has ended without, or its VMM says no more (idempotent).
   */
  public void migrating(boolean underWay, long nowNs) {
    clock(nowNs);
    mobility.arrival().migrating(underWay);
  }

  /**
   * The VMM's own time of its STOP or RESUME, for the timeline; best told just before {@link
   * #paused} or {@link #arrived}.
   *
   * @param milestone {@link Milestone#VMM_STOP} or {@link Milestone#VMM_RESUME}
   * @param unixUs microseconds since 1970, by the VMM's clock
   * @param atNs the same moment on the monotonic clock
   */
  public void vmm(Milestone milestone, long unixUs, long atNs) {
    recorder.vmm(milestone, unixUs, atNs);
  }

  /** The last moves, at most 16, the latest last. */
  public List<MoveRecord> moves() {
    return recorder.records();
  }

  /** The VM has left: fence, send nothing more (idempotent). */
  public void left(long nowNs) {
    clock(nowNs);
    mobility.left();
  }

  /**
   * This place is the VM's home link, whatever is heard and configured, until settings are applied
   * anew.
   */
  public void home(long nowNs) {
    clock(nowNs);
    mobility.home();
  }

  /**
   * Deregisters from abroad (RFC 6275 §10.3.2, the VM is shut down): Binding Updates with lifetime
   * 0 from the care-of address, four at most. Nothing else is sent afterwards.
   */
  public void release(long nowNs) {
    clock(nowNs);
    mobility.release();
  }

  @Override
  public void onHomeFrame(PacketBuffer frame, long nowNs) {
    clock(nowNs);
    counters.add(Counter.HOME_FRAMES_RECEIVED);
    guestInput.onFrame(frame, nowNs);
  }

  /**
   * A frame seen by the bridge watch: from the guest's MAC, or to it from the home agent.
   * Everything else is ignored.
   */
  public void onBridgeFrame(PacketBuffer frame, long nowNs) {
    clock(nowNs);
    homeLink.onBridgeFrame(frame, nowNs);
  }

  /**
   * Whether the edge shall copy the frames that go to the guest's MAC address over the home link,
   * by {@link #onGuestFrameCopy}: the VM is paused there, or may soon be, and may go on elsewhere.
   */
  public boolean wantsGuestFrameCopies() {
    return handover.wantsCopies();
  }

  /**
   * A copy of an IPv6 frame that went to the guest's MAC address.
   *
   * @param atNs when it came to the link, monotonic
   */
  public void onGuestFrameCopy(PacketBuffer frame, long atNs, long nowNs) {
    clock(nowNs);
    if (homeLink.unwrapsForGuest(frame)) {
      handover.onCopy(frame, atNs);
    }
  }

  @Override
  public void onUnderlayPacket(PacketBuffer packet, long nowNs) {
    clock(nowNs);
    underlayInput.onPacket(packet, nowNs);
  }

  @Override
  public void onEspArrival(PacketBuffer packet, int esp) {
    associations.prepare(packet, esp);
  }

  @Override
  public void onUnderlayRefused(PacketBuffer outer, Underlay.Sent why, long nowNs) {
    underlayInput.onRefused(outer, why, nowNs);
  }

  private void deliver(PacketBuffer ipv6) {
    handover.deliver(ipv6);
  }

  private void give(PacketBuffer ipv6) {
    guestInput.deliver(ipv6);
  }

  @Override
  public void onDeadline(long nowNs) {
    clock(nowNs);
    mobility.onDeadline();
  }

  /** As the interface says; before the first call with a time it is 0. */
  @Override
  public long nextDeadlineNs() {
    return started ? mobility.nextDeadlineNs() : 0;
  }

  /** Whether this place is known to be the VM's home link, where no care-of address is needed. */
  public boolean isHomeLink() {
    return mobility.place() == Place.HOME;
  }

  /** Whether the VM is here, and this is known not to be its home link. */
  public boolean isGuestAbroad() {
    return mobility.place() == Place.FOREIGN && mobility.isGuestKnown();
  }

  /** Whether the VM has come and has not left, as far as is known; it may be paused or silent. */
  public boolean isGuestHere() {
    return mobility.isGuestKnown();
  }

  /**
   * Whether packets may come through a tunnel though nothing more is sent from here: the VM is or
   * was here, abroad, or is about to come. Otherwise none do before something is sent.
   */
  public boolean expectsTunnels() {
    return mobility.expectsTunnels();
  }

  /** True while the edge shall watch the bridge (promiscuous packet socket) at home. */
  public boolean wantsBridgeWatch() {
    return mobility.wantsBridgeWatch();
  }

  /** What is known of the home router, for saving; or null. */
  public HomeRouter homeRouter() {
    return guestInput.router();
  }

  /** For the status command. */
  public MobileNodeStatus status(long nowNs) {
    List<MobileNodeStatus.BindingStatusLine> bindings = new ArrayList<>();
    for (HomeRegistration entry : mobility.list().entries()) {
      bindings.add(
          new MobileNodeStatus.BindingStatusLine(
              entry.homeAddress(),
              entry.homeAgent(),
              entry.state().toString(),
              entry.sequence(),
              entry.remainingSeconds(nowNs),
              entry.lastStatus(),
              entry.retransmissions()));
    }
    return new MobileNodeStatus(
        mobility.stateText(),
        mobility.careOf(),
        bindings,
        recorder.timeline(),
        List.copyOf(mobility.link().addresses()),
        mobility.book().tunnelMtu(nowNs),
        mobility.foreignStay().encapsulationText());
  }
}
