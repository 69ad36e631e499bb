package org.kagemusha.core.mobility;

import java.util.random.RandomGenerator;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.BindingStatus;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.mobility.HomeRegistration.State;
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

    /** The home agent acknowledged a binding: it is there, and so is the path to it. */
    void onRegistered(HomeRegistration registration);

    /** The home agent holds no binding any more, or nobody answers. */
    void onDeregistered(HomeRegistration registration, boolean acknowledged);

    /** The home address belongs to another node. */
    void onDuplicate(HomeRegistration registration);

    /** A binding ran out. */
    void onExpired();

    /** The home agent wants an update; true if it may have one. */
    boolean wantsUpdate(HomeRegistration registration);
  }

  private final Consequences consequences;
  private final HandoverRecorder recorder;
  private final RandomGenerator random;
  private final Counters counters;
  private final Logger log;
  private String vm;

  RegistrationEvents(
      Consequences consequences,
      HandoverRecorder recorder,
      RandomGenerator random,
      Counters counters,
      Logger log) {
    this.consequences = consequences;
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
      HomeRegistration registration, BindingAcknowledgement answer, long nowNs) {
    boolean wasRegistered = registration.state() == State.REGISTERED;
    Ipv6Address homeAgent = registration.homeAgent();
    HomeRegistration.Outcome outcome = registration.acknowledge(answer, random, nowNs);
    if (outcome == HomeRegistration.Outcome.UNMATCHED) {
      counters.drop(DropReason.MOBILITY_UNMATCHED);
      return;
    }
    counters.add(Counter.BINDING_ACKNOWLEDGEMENTS_RECEIVED);
    // Refused is what the operator must see; 133 to a deregistration is an answer like any other.
    log.atLevel(outcome == HomeRegistration.Outcome.REFUSED ? Level.WARN : Level.INFO).log(
        "ba received vm={} hoa={} coa={} ha={} seq={} status={} lifetime={}s",
        vm,
        registration.homeAddress(),
        registration.careOf(),
        homeAgent,
        answer.sequence(),
        BindingStatus.nameOf(answer.status()),
        answer.lifetimeUnits() * BindingUpdate.LIFETIME_UNIT_SECONDS);
    switch (outcome) {
      case REGISTERED -> {
        recorder.acknowledged(nowNs);
        consequences.onRegistered(registration);
        if (!wasRegistered) {
          log.info(
              "registered vm={} hoa={} for={}s",
              vm, registration.homeAddress(), registration.remainingSeconds(nowNs));
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
