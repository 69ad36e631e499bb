package org.kagemusha.core.mobility;

import java.util.List;
import java.util.random.RandomGenerator;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.BindingStatus;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.signalling.BindingUpdateSequence;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * The Binding Update List entry (RFC 6275 §11.1) of one home address: what is wanted of the home
 * agent, what it granted, and when the next Binding Update is due. It sends nothing; {@link
 * BindingUpdateList} asks it for the update and hands it the acknowledgement.
 */
final class HomeRegistration {

  private static final long REFUSED_TIMEOUT_NS = 4_000_000_000L;
  private static final long SECOND_NS = 1_000_000_000L;
  private static final int MAXIMUM_RESEQUENCED = 3;

  /**
   * How long an update's native twin is waited for after the one in UDP was acknowledged, before
   * the home agent is told again that UDP it is: it may have heard the twin, and answers that way.
   */
  static final long SETTLE_NS = 1_000_000_000L;

  private final Ipv6Address homeAddress;
  private final boolean configured;
  private final BindingUpdateSequence sequence = new BindingUpdateSequence();
  private final OutstandingUpdates outstanding = new OutstandingUpdates();
  private final UpdateSchedule schedule = new UpdateSchedule();
  private List<Ipv6Address> homeAgents;
  private int homeAgent;
  private RegistrationState state = RegistrationState.IDLE;
  private Ipv6Address careOf;
  private long expiresNs = Long.MIN_VALUE;
  private boolean acknowledged;
  private boolean sentOnce;
  private int refusals;
  private int resequenced;
  private int lastStatus = -1;
  private boolean linkLocalCompatible;
  private boolean inUdp;
  private SecurityAssociationPair sealedUnder;

  /**
   * @param configured false if the guest itself made the address (RFC 4941, RFC 7217)
   * @param homeAgents in order of preference, at least one
   */
  HomeRegistration(Ipv6Address homeAddress, boolean configured, List<Ipv6Address> homeAgents) {
    this.homeAddress = homeAddress;
    this.configured = configured;
    this.homeAgents = List.copyOf(homeAgents);
  }

  /** Registers a care-of address, from the beginning: due at once. */
  void register(Ipv6Address careOfAddress, long nowNs) {
    if (state == RegistrationState.DUPLICATE) {
      return;
    }
    begin(RegistrationState.REGISTERING, careOfAddress, UpdateSchedule.ENDLESS, nowNs);
  }

  /**
   * Deletes the binding: due at once.
   *
   * @param careOfAddress the source of the update: the care-of address, or the home address at home
   * @param attempts how many updates are sent at most
   */
  void deregister(Ipv6Address careOfAddress, int attempts, long nowNs) {
    if (state == RegistrationState.DUPLICATE) {
      return;
    }
    begin(RegistrationState.DEREGISTERING, careOfAddress, attempts, nowNs);
  }

  private void begin(
      RegistrationState wanted, Ipv6Address careOfAddress, int attempts, long nowNs) {
    state = wanted;
    careOf = careOfAddress;
    refusals = 0;
    resequenced = 0;
    sentOnce = false;
    outstanding.clear();
    schedule.begin(firstTimeoutNs(nowNs), attempts, nowNs);
  }

  private long firstTimeoutNs(long nowNs) {
    // §11.8: "does not have an existing binding at the home agent, it SHOULD use
    // InitialBindackTimeoutFirstReg ... Otherwise, ... INITIAL_BINDACK_TIMEOUT".
    return state == RegistrationState.DEREGISTERING || isBound(nowNs)
        ? UpdateSchedule.INITIAL_TIMEOUT_NS
        : UpdateSchedule.FIRST_TIMEOUT_NS;
  }

  /** Sends nothing more, and forgets the binding: another host may answer for it from now on. */
  void stop() {
    schedule.stop();
    sentOnce = false;
    outstanding.clear();
    forgetBinding();
    if (state != RegistrationState.DUPLICATE && state != RegistrationState.DEREGISTERED) {
      state = RegistrationState.IDLE;
    }
  }

  /** Lets an address that was found duplicate be tried again: the operator changed the settings. */
  void forgive() {
    if (state == RegistrationState.DUPLICATE) {
      state = RegistrationState.IDLE;
    }
  }

  /** Makes an update due now in place of one that never left. */
  void retry(long nowNs) {
    outstanding.clear();
    schedule.due(nowNs);
  }

  /**
   * Makes an update due now in place of whatever was asked for: what it is sent with has changed.
   * Its back-off begins anew, since silence so far says nothing of what comes.
   */
  void renew(long nowNs) {
    boolean wanted =
        state == RegistrationState.REGISTERED
            || state == RegistrationState.REGISTERING
            || state == RegistrationState.DEREGISTERING && schedule.hasAttempts();
    if (wanted) {
      refusals = 0;
      outstanding.clear();
      schedule.restart(firstTimeoutNs(nowNs), nowNs);
    }
  }

  /** As {@link UpdateSchedule#waitFor}. */
  boolean waitFor(String reason, long nowNs) {
    return schedule.waitFor(reason, nowNs);
  }

  /** Notes what the update was sealed under; null: it went in clear. */
  void sealedUnder(SecurityAssociationPair pair) {
    sealedUnder = pair;
  }

  /** What the last update was sealed under, or null. */
  SecurityAssociationPair sealedUnder() {
    return sealedUnder;
  }

  /** What an update waits for, or null. */
  String obstacle() {
    return schedule.obstacle();
  }

  /** As {@link UpdateSchedule#resume}. */
  void resume(long atMostNs, long nowNs) {
    schedule.resume(firstTimeoutNs(nowNs), atMostNs, nowNs);
  }

  /**
   * Makes an update due now: a refresh before its time, by Binding Error or Refresh Request. Where
   * one waits for its acknowledgement, that is asked for already, and the back-off of §11.8 goes on
   * as it is: a Binding Error is not authenticated.
   */
  void refresh(long nowNs) {
    if (!outstanding.isEmpty()) {
      return;
    }
    if (state == RegistrationState.REGISTERED) {
      schedule.due(nowNs);
      schedule.answered();
    } else if (state == RegistrationState.REGISTERING) {
      schedule.due(Math.min(schedule.dueNs(), nowNs));
    }
  }

  /** As {@link #transmit(int, boolean, long, long)}, natively. */
  BindingUpdate transmit(int lifetimeUnits, long wallClockMs, long nowNs) {
    return transmit(lifetimeUnits, false, wallClockMs, nowNs);
  }

  /**
   * The update to send now; the retransmission timer runs from here.
   *
   * @param lifetimeUnits what to ask for when registering, in units of four seconds
   * @param udp whether it goes in UDP (RFC 3948)
   */
  BindingUpdate transmit(int lifetimeUnits, boolean udp, long wallClockMs, long nowNs) {
    outstanding.twins(false);
    if (state != RegistrationState.REGISTERED) {
      // Packets need not wait for the acknowledgement, so they go as the update does.
      inUdp = udp;
    }
    sentOnce = true;
    schedule.attempt(nowNs);
    return next(lifetimeUnits, udp, wallClockMs, nowNs);
  }

  /** The same update once more, natively, right behind the one in UDP. */
  BindingUpdate transmitTwin(int lifetimeUnits, long wallClockMs, long nowNs) {
    outstanding.twins(true);
    return next(lifetimeUnits, false, wallClockMs, nowNs);
  }

  private BindingUpdate next(int lifetimeUnits, boolean udp, long wallClockMs, long nowNs) {
    boolean deleting = state == RegistrationState.DEREGISTERING;
    // §11.8: "Retransmitted Binding Updates MUST use a Sequence Number value greater than that used
    // for the previous transmission of this Binding Update."
    int number = sequence.next(wallClockMs);
    int lifetime = deleting ? 0 : lifetimeUnits;
    outstanding.add(number, lifetime, udp, nowNs);
    // §11.7.1: the Alternate Care-of Address option "MUST be included in all home registrations".
    return new BindingUpdate(
        number, true, true, linkLocalCompatible, false, 0, lifetime, careOf);
  }

  /**
   * Takes back what {@link #transmit} gave: it could not be sealed, since its ESP sequence number
   * is not yet reserved, which passes within milliseconds. So it is tried again soon, and not after
   * a timeout that waits for an answer to something that was never asked. What does not pass is
   * left to the timeout of §11.8.
   */
  void unsealed(long nowNs) {
    if (schedule.unsealed(nowNs)) {
      outstanding.removeLast();
      sentOnce = !outstanding.isEmpty();
    }
  }

  /** Takes back what {@link #transmitTwin} gave; the update in UDP stands. */
  void unsealedTwin() {
    outstanding.removeLast();
    outstanding.twins(false);
  }

  /** Says whether the last update that {@link #deregister} allowed went without an answer. */
  boolean isGivenUp() {
    return state == RegistrationState.DEREGISTERING && !schedule.hasAttempts();
  }

  /** Ends a deregistration that nobody answered; the binding runs out by itself. */
  void giveUp() {
    state = RegistrationState.DEREGISTERED;
    schedule.stop();
    forgetBinding();
    outstanding.clear();
  }

  /**
   * What follows an update without answer; called when one is due, before {@link #transmit}.
   *
   * @return true if the next home agent takes over
   */
  boolean onTimeout() {
    if (outstanding.isSettling()) {
      outstanding.clear();
    }
    if (outstanding.isEmpty()) {
      return false;
    }
    schedule.unanswered();
    // §11.7.1: "Once reaching a retransmission timeout period of MAX_BINDACK_TIMEOUT, the mobile
    // node SHOULD restart the process of delivering the Binding Update, but trying instead the next
    // home agent". Not to delete a binding, which no other home agent has.
    if (schedule.timeoutNs() == UpdateSchedule.MAXIMUM_TIMEOUT_NS
        && homeAgents.size() > 1
        && state != RegistrationState.DEREGISTERING) {
      nextHomeAgent();
      return true;
    }
    return false;
  }

  private void nextHomeAgent() {
    homeAgent = (homeAgent + 1) % homeAgents.size();
    forgetBinding();
    outstanding.clear();
    schedule.timeoutNs(UpdateSchedule.FIRST_TIMEOUT_NS);
    if (state == RegistrationState.REGISTERED) {
      state = RegistrationState.REGISTERING;
    }
  }

  /** An authenticated acknowledgement from this entry's home agent, §11.7.3. */
  RegistrationOutcome acknowledge(
      BindingAcknowledgement answer, RandomGenerator random, long nowNs) {
    int status = answer.status();
    if (status == BindingStatus.SEQUENCE_NUMBER_OUT_OF_WINDOW.code()) {
      return resequence(answer.sequence(), nowNs);
    }
    int update = outstanding.find(answer.sequence());
    if (update < 0) {
      return RegistrationOutcome.UNMATCHED;
    }
    lastStatus = status;
    if (state == RegistrationState.DEREGISTERING) {
      return onDeregistrationAnswer(status, nowNs);
    }
    if (BindingStatus.isAccepted(status) && answer.lifetimeUnits() > 0) {
      accept(answer, update, random, nowNs);
      return RegistrationOutcome.REGISTERED;
    }
    return refuse(status, nowNs);
  }

  private void accept(
      BindingAcknowledgement answer, int update, RandomGenerator random, long nowNs) {
    long requestedNs = unitsToNs(outstanding.lifetimeUnits(update));
    long grantedNs = unitsToNs(answer.lifetimeUnits());
    long sentNs = outstanding.sentNs(update);
    // §11.7.3: max((L_remain - (L_update - L_ack)), 0), L_remain counting from when the update was
    // sent; the lifetime is not made longer than was asked for.
    long lifetimeNs = Math.max(requestedNs - Math.max(requestedNs - grantedNs, 0), 0);
    expiresNs = sentNs + lifetimeNs;
    inUdp = outstanding.isInUdp(update);
    acknowledged = true;
    state = RegistrationState.REGISTERED;
    refusals = 0;
    resequenced = 0;
    schedule.answered();
    if (inUdp && outstanding.hasTwins()) {
      outstanding.settle();
      schedule.due(nowNs + SETTLE_NS);
      return;
    }
    outstanding.clear();
    long refreshNs = lifetimeNs - lifetimeNs / 10;
    if (answer.refreshAdviceUnits() > 0) {
      refreshNs = Math.min(refreshNs, unitsToNs(answer.refreshAdviceUnits()));
    }
    // §11.7.1: "should send a new Binding Update to it well before the expiration of this period".
    // Up to a ninth earlier by chance, so that the VMs of a host do not refresh in step.
    refreshNs -= (long) (random.nextDouble() * (refreshNs / 9));
    schedule.due(Math.max(sentNs + refreshNs, nowNs + SECOND_NS));
  }

  private RegistrationOutcome onDeregistrationAnswer(int status, long nowNs) {
    boolean gone =
        BindingStatus.isAccepted(status)
            || status == BindingStatus.NOT_HOME_AGENT_FOR_THIS_MOBILE_NODE.code()
            || status == BindingStatus.DUPLICATE_ADDRESS_DETECTION_FAILED.code();
    // §10.3.2: a deregistration without a binding is answered by status 133, and nothing is left.
    if (!gone) {
      return refuse(status, nowNs);
    }
    giveUp();
    return RegistrationOutcome.DEREGISTERED;
  }

  private RegistrationOutcome resequence(int accepted, long nowNs) {
    if (outstanding.isEmpty() || outstanding.isSettling()) {
      return RegistrationOutcome.UNMATCHED;
    }
    // The native twin overtook the update in UDP, and its own acknowledgement comes, or does not.
    if (outstanding.hasTwins() && outstanding.find(accepted) >= 0) {
      return RegistrationOutcome.UNMATCHED;
    }
    lastStatus = BindingStatus.SEQUENCE_NUMBER_OUT_OF_WINDOW.code();
    sequence.adopt(accepted);
    // §11.7.1: the corrected update is sent at once; a home agent that goes on refusing is left to
    // the retransmission timer.
    if (resequenced++ < MAXIMUM_RESEQUENCED) {
      outstanding.clear();
      schedule.due(nowNs);
    }
    return RegistrationOutcome.RESEQUENCED;
  }

  private RegistrationOutcome refuse(int status, long nowNs) {
    outstanding.clear();
    if (status == BindingStatus.DUPLICATE_ADDRESS_DETECTION_FAILED.code()) {
      // §11.7.1: "the mobile node MUST NOT attempt to re-use the same home address."
      state = RegistrationState.DUPLICATE;
      schedule.stop();
      sentOnce = false;
      forgetBinding();
      return RegistrationOutcome.DUPLICATE;
    }
    boolean elsewhere =
        status >= BindingStatus.HOME_REGISTRATION_NOT_SUPPORTED.code()
            && status <= BindingStatus.NOT_HOME_AGENT_FOR_THIS_MOBILE_NODE.code();
    if (elsewhere || state != RegistrationState.REGISTERED || !isBound(nowNs)) {
      // A refused refresh leaves the binding as it was; anything else leaves none.
      sentOnce = false;
      forgetBinding();
      state = state == RegistrationState.REGISTERED ? RegistrationState.REGISTERING : state;
    }
    refusals++;
    boolean mayChange = homeAgents.size() > 1 && state != RegistrationState.DEREGISTERING;
    if (elsewhere && mayChange && refusals < homeAgents.size()) {
      nextHomeAgent();
      schedule.due(nowNs);
      return RegistrationOutcome.REFUSED;
    }
    int doublings = Math.min(refusals - 1, 3);
    schedule.timeoutNs(UpdateSchedule.FIRST_TIMEOUT_NS);
    schedule.due(nowNs + (REFUSED_TIMEOUT_NS << doublings));
    if (doublings == 3 && mayChange) {
      nextHomeAgent();
    }
    return RegistrationOutcome.REFUSED;
  }

  /** Notices that the binding ran out; returns true once for each time it does. */
  boolean expire(long nowNs) {
    if (!acknowledged || nowNs < expiresNs) {
      return false;
    }
    forgetBinding();
    if (state == RegistrationState.REGISTERED) {
      state = RegistrationState.REGISTERING;
      schedule.timeoutNs(UpdateSchedule.FIRST_TIMEOUT_NS);
    }
    return true;
  }

  private void forgetBinding() {
    acknowledged = false;
    expiresNs = Long.MIN_VALUE;
  }

  /**
   * Applies another list of home agents; the present one is kept if it is still in the list.
   *
   * @return true if the registration has to begin again with another home agent
   */
  boolean homeAgents(List<Ipv6Address> list) {
    int kept = list.indexOf(homeAgent());
    homeAgents = List.copyOf(list);
    homeAgent = Math.max(kept, 0);
    if (kept < 0) {
      forgetBinding();
      outstanding.clear();
    }
    return kept < 0;
  }

  /**
   * Sets the L flag of the following updates: the guest's link-local address is known and has the
   * interface identifier of the home address (§11.7.1).
   */
  void linkLocalCompatible(boolean value) {
    linkLocalCompatible = value;
  }

  /** The home address. */
  Ipv6Address homeAddress() {
    return homeAddress;
  }

  /** False if the guest made the address itself. */
  boolean isConfigured() {
    return configured;
  }

  /** The home agent in turn. */
  Ipv6Address homeAgent() {
    return homeAgents.get(homeAgent);
  }

  /** The source of the updates, or null before the first. */
  Ipv6Address careOf() {
    return careOf;
  }

  /** Where it stands. */
  RegistrationState state() {
    return state;
  }

  /** When the next update is due, monotonic ns, or {@link NodeEngine#NEVER}. */
  long dueNs() {
    return schedule.dueNs();
  }

  /** Puts the next update off, for the rate limit. */
  void postpone(long untilNs) {
    schedule.postpone(untilNs);
  }

  /** Takes back that the next update was put off: less need be sent than there was to send. */
  void hurry() {
    schedule.hurry();
  }

  /** Whether the guest's packets go in UDP: as the update went that was acknowledged last. */
  boolean isInUdp() {
    return inUdp;
  }

  /**
   * Whether updates went in both forms, and none or only the one in UDP was acknowledged so far.
   */
  boolean isProbing() {
    return outstanding.hasTwins();
  }

  /** Whether the update in UDP was acknowledged, and its native twin is waited for. */
  boolean isSettling() {
    return outstanding.isSettling();
  }

  /** When the acknowledged binding runs out, or {@link NodeEngine#NEVER}. */
  long expiresNs() {
    return acknowledged ? expiresNs : NodeEngine.NEVER;
  }

  /** Says whether the home agent acknowledged a binding that has not run out. */
  boolean isBound(long nowNs) {
    return acknowledged && nowNs < expiresNs;
  }

  /** Says whether an update was sent since the present effort began, and was not refused. */
  boolean isUnderWay() {
    return sentOnce;
  }

  /** Says whether an update waits for its acknowledgement. */
  boolean isAwaiting() {
    return !outstanding.isEmpty();
  }

  /** The sequence number used last, or -1. */
  int sequence() {
    return sequence.last();
  }

  /** Seconds until the binding runs out, 0 without one. */
  long remainingSeconds(long nowNs) {
    return isBound(nowNs) ? (expiresNs - nowNs) / SECOND_NS : 0;
  }

  /** The status of the last acknowledgement, or -1. */
  int lastStatus() {
    return lastStatus;
  }

  /** Retransmissions since the last acknowledgement or the beginning. */
  int retransmissions() {
    return schedule.retransmissions();
  }

  /** Seconds until the next update without an answer, for a log line. */
  long timeoutMs() {
    return schedule.timeoutNs() / 1_000_000L;
  }

  private static long unitsToNs(int units) {
    return units * (long) BindingUpdate.LIFETIME_UNIT_SECONDS * SECOND_NS;
  }
}
