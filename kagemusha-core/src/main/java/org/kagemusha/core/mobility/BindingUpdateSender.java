package org.kagemusha.core.mobility;

import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.mobility.EncapsulationChoice.Form;
import org.kagemusha.core.mobility.MobileNodeSettings.Encapsulation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;
import org.slf4j.Logger;

/**
 * Puts a Binding Update on its way: from abroad to the routed network with a Home Address option
 * (RFC 6275 §11.7.1), at home out of the tap with the home address as its source (§11.5.5); in ESP
 * where the home address has signalling associations (RFC 3776 §3.1).
 */
final class BindingUpdateSender implements BindingUpdateList.Transmitter {

  static final String NO_KEYS = "no-keys";
  private static final String NO_UDP = "no-udp-port";
  private static final String NOT_ESP = "udp-needs-esp";

  private final Underlay underlay;
  private final ReturnHome home;
  private final KeySource keys;
  private final EncapsulationChoice encapsulation;
  private final GuestTraffic traffic;
  private final HandoverRecorder recorder;
  private final Counters counters;
  private final Logger log;
  private MobileNodeSettings settings;
  private Handover handover;

  BindingUpdateSender(
      Underlay underlay,
      ReturnHome home,
      KeySource keys,
      EncapsulationChoice encapsulation,
      GuestTraffic traffic,
      HandoverRecorder recorder,
      Counters counters,
      Logger log) {
    this.underlay = underlay;
    this.home = home;
    this.keys = keys;
    this.encapsulation = encapsulation;
    this.traffic = traffic;
    this.recorder = recorder;
    this.counters = counters;
    this.log = log;
  }

  /** What decides whether keys for the forwarding between hosts are wanted. */
  void handover(Handover decides) {
    handover = decides;
  }

  void settings(MobileNodeSettings changed) {
    settings = changed;
  }

  /**
   * Says whether the policy lets this home address be registered: with the associations that are
   * required for it, or without. A binding whose payload could not pass is of no use.
   */
  boolean maySend(Ipv6Address homeAddress) {
    return has(homeAddress, KeySource.Purpose.SIGNALLING, settings.requireSignallingProtection())
        && has(homeAddress, KeySource.Purpose.PAYLOAD, settings.requirePayloadProtection());
  }

  /** RFC 4301 §5.1: PROTECT or BYPASS, as against DISCARD. */
  private boolean has(Ipv6Address homeAddress, KeySource.Purpose purpose, boolean required) {
    return keys.associations(homeAddress, purpose) != null
        || !required && keys.allowsClear(homeAddress, purpose);
  }

  @Override
  public String obstacle(HomeRegistration registration) {
    Ipv6Address homeAddress = registration.homeAddress();
    if (!has(
        homeAddress, KeySource.Purpose.SIGNALLING, settings.requireSignallingProtection())) {
      return NO_KEYS;
    }
    if (isAtHome(registration) || encapsulation.mode() != Encapsulation.UDP) {
      return null;
    }
    if (encapsulation.isStuck()) {
      return NO_UDP;
    }
    return isInEsp(homeAddress) ? null : NOT_ESP;
  }

  @Override
  public Form form(HomeRegistration registration, long wallClockMs) {
    // UDP carries nothing but ESP (RFC 3948), and payload and signalling go the same way.
    return isAtHome(registration) || !isInEsp(registration.homeAddress())
        ? Form.NATIVE
        : encapsulation.form(registration.homeAgent(), registration.careOf(), wallClockMs);
  }

  /** §11.5.5: an update from the home link has the home address as its care-of address. */
  private static boolean isAtHome(HomeRegistration registration) {
    return registration.homeAddress().equals(registration.careOf());
  }

  /** Whether signalling and payload both are. */
  private boolean isInEsp(Ipv6Address homeAddress) {
    return keys.associations(homeAddress, KeySource.Purpose.SIGNALLING) != null
        && (settings.requirePayloadProtection()
            || !keys.allowsClear(homeAddress, KeySource.Purpose.PAYLOAD));
  }

  @Override
  public boolean send(
      HomeRegistration registration, BindingUpdate update, boolean udp, long nowNs) {
    Ipv6Address homeAddress = registration.homeAddress();
    Ipv6Address source = registration.careOf();
    Ipv6Address homeAgent = registration.homeAgent();
    SecurityAssociationPair pair = keys.associations(homeAddress, KeySource.Purpose.SIGNALLING);
    boolean atHome = isAtHome(registration);
    PacketBuffer packet =
        SignallingWriter.build(
            source,
            homeAgent,
            atHome ? null : homeAddress,
            null,
            wantsHandoverKeys(pair) ? update.wantingHandoverKeys() : update,
            pair == null ? null : pair.outbound(),
            udp ? encapsulation.localPort() : 0,
            udp ? encapsulation.homeAgentPort() : 0);
    if (packet == null) {
      counters.drop(DropReason.ESP_SEQUENCE_EXHAUSTED);
      log.warn(
          "bu not sent vm={} hoa={} reason=esp-sequence-number-not-reserved",
          settings.name(), homeAddress);
      return false;
    }
    registration.sealedUnder(pair);
    String failure = atHome ? sendHome(registration, packet) : sendAbroad(packet);
    if (failure != null) {
      log.warn(
          "bu not sent vm={} hoa={} ha={} seq={} reason={}",
          settings.name(), homeAddress, homeAgent, update.sequence(), failure);
      return true;
    }
    recorder.updateSent(nowNs);
    if (udp) {
      traffic.path(homeAddress).usedUdp(nowNs);
    }
    counters.add(Counter.BINDING_UPDATES_SENT);
    log.info(
        "bu sent vm={} hoa={} coa={} ha={} seq={} lifetime={}s flags={} udp={} retry={}"
            + " timeout={}ms",
        settings.name(),
        homeAddress,
        source,
        homeAgent,
        update.sequence(),
        update.lifetimeUnits() * BindingUpdate.LIFETIME_UNIT_SECONDS,
        update.linkLocalCompatibility() ? "AHL" : "AH",
        udp,
        registration.retransmissions(),
        registration.timeoutMs());
    return true;
  }

  /** Keys never come in clear, so there is no use in asking for them so. */
  private boolean wantsHandoverKeys(SecurityAssociationPair pair) {
    return handover.isWanted()
        && pair != null
        && pair.outbound().encryption() != EncryptionAlgorithm.NULL;
  }

  private String sendHome(HomeRegistration registration, PacketBuffer packet) {
    return home.send(registration, packet) ? null : "home-agent-link-layer-unknown";
  }

  private String sendAbroad(PacketBuffer packet) {
    switch (underlay.send(packet)) {
      case OK -> {
        underlay.transmit();
        return null;
      }
      case UNREACHABLE -> {
        counters.drop(DropReason.SEND_UNREACHABLE);
        return "unreachable";
      }
      default -> {
        counters.drop(DropReason.SEND_FAILED);
        return "send-failed";
      }
    }
  }
}
