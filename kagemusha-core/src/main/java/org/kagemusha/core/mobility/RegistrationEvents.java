package org.kagemusha.core.mobility;

import java.util.random.RandomGenerator;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.BindingStatus;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.message.HandoverKeys;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;
import org.slf4j.Logger;
import org.slf4j.event.Level;

/**
 * What happens to registrations, counted and told in the log, and handed on to where it has
 * consequences.
 */
final class RegistrationEvents implements SignallingInput.Sink, BindingUpdateList.Listener {

  /** Where events have consequences. */
  interface Consequences {
    /** The home agent of an entry may have changed, or an update may be due. */
    void onChanged(HomeRegistration registration);

    /**
     * The home agent acknowledged a binding: it is there, and so is the path to it.
     *
     * @param probed whether it was asked in both forms, so that its answer tells what gets through
     */
    void onRegistered(HomeRegistration registration, boolean probed);

    /** The home agent gave keys for the forwarding between hosts. */
    void onHandoverKeys(HomeRegistration registration, HandoverKeys handover);

    /** The home agent holds no binding any more, or nobody answers. */
    void onDeregistered(HomeRegistration registration, boolean acknowledged);

    /** The home address belongs to another node. */
    void onDuplicate(HomeRegistration registration);

    /** A binding ran out. */
    void onExpired();

    /** The home agent wants an update; true if it may have one. */
    boolean wantsUpdate(HomeRegistration registration);

    /** Updates went unanswered so many times in a row. */
    void onUnanswered(HomeRegistration registration, int times);
  }

  /** So many updates without an answer: the home agent may have lost the associations. */
  private static final int DOUBTED_AFTER = 3;

  private final Consequences consequences;
  private final KeySource keys;
  private final HandoverRecorder recorder;
  private final RandomGenerator random;
  private final Counters counters;
  private final Logger log;
  private String vm;

  RegistrationEvents(
      Consequences consequences,
      KeySource keys,
      HandoverRecorder recorder,
      RandomGenerator random,
      Counters counters,
      Logger log) {
    this.consequences = consequences;
    this.keys = keys;
    this.recorder = recorder;
    this.random = random;
    this.counters = counters;
    this.log = log;
  }

  /** The VM's name in log lines. */
  void vm(String name) {
    vm = name;
  }

  @Override
  public void onAcknowledgement(
      HomeRegistration registration,
      BindingAcknowledgement answer,
      SecurityAssociationPair pair,
      long nowNs) {
    boolean wasRegistered = registration.state() == RegistrationState.REGISTERED;
    boolean probed = registration.isProbing();
    Ipv6Address homeAgent = registration.homeAgent();
    RegistrationOutcome outcome = registration.acknowledge(answer, random, nowNs);
    if (outcome == RegistrationOutcome.UNMATCHED) {
      counters.drop(DropReason.MOBILITY_UNMATCHED);
      return;
    }
    counters.add(Counter.BINDING_ACKNOWLEDGEMENTS_RECEIVED);
    // Refused is what the operator must see; 133 to a deregistration is an answer like any other.
    log.atLevel(outcome == RegistrationOutcome.REFUSED ? Level.WARN : Level.INFO).log(
        "ba received vm={} hoa={} coa={} ha={} seq={} status={} lifetime={}s",
        vm,
        registration.homeAddress(),
        registration.careOf(),
        homeAgent,
        answer.sequence(),
        BindingStatus.nameOf(answer.status()),
        answer.lifetimeUnits() * BindingUpdate.LIFETIME_UNIT_SECONDS);
    if (pair != null && BindingStatus.isAccepted(answer.status())) {
      keys.inForce(registration.homeAddress(), pair, nowNs);
      if (answer.handover() != null) {
        consequences.onHandoverKeys(registration, answer.handover());
      }
    }
    switch (outcome) {
      case REGISTERED -> {
        recorder.acknowledged(nowNs);
        consequences.onRegistered(registration, probed);
        if (!wasRegistered) {
          log.info(
              "registered vm={} hoa={} for={}s udp={}",
              vm, registration.homeAddress(), registration.remainingSeconds(nowNs),
              registration.isInUdp());
        }
      }
      case DEREGISTERED -> consequences.onDeregistered(registration, true);
      case DUPLICATE -> {
        log.error("duplicate home address vm={} hoa={}", vm, registration.homeAddress());
        consequences.onDuplicate(registration);
      }
      default -> consequences.onChanged(registration);
    }
  }

  @Override
  public void onUpdateWanted(HomeRegistration registration, String reason, long nowNs) {
    if (consequences.wantsUpdate(registration)) {
      log.info("update wanted vm={} hoa={} by={}", vm, registration.homeAddress(), reason);
      registration.refresh(nowNs);
      consequences.onChanged(registration);
    }
  }

  @Override
  public void onNextHomeAgent(HomeRegistration registration) {
    log.warn(
        "next home agent vm={} hoa={} ha={}",
        vm, registration.homeAddress(), registration.homeAgent());
    consequences.onChanged(registration);
  }

  @Override
  public void onObstacle(HomeRegistration registration) {
    if (registration.obstacle().equals(BindingUpdateSender.NO_KEYS)) {
      counters.drop(DropReason.MOBILITY_UNPROTECTED);
    }
    log.error(
        "bu waits vm={} hoa={} reason={}",
        vm, registration.homeAddress(), registration.obstacle());
  }

  @Override
  public void onUnanswered(HomeRegistration registration, int times, long nowNs) {
    if (times >= DOUBTED_AFTER) {
      keys.inDoubt(registration.homeAddress(), nowNs);
    }
    consequences.onUnanswered(registration, times);
  }

  @Override
  public void onExpired(HomeRegistration registration, long nowNs) {
    log.warn("binding expired vm={} hoa={}", vm, registration.homeAddress());
    consequences.onExpired();
  }

  @Override
  public void onGivenUp(HomeRegistration registration, long nowNs) {
    log.warn("no answer to deregistration vm={} hoa={}", vm, registration.homeAddress());
    consequences.onDeregistered(registration, false);
  }
}
