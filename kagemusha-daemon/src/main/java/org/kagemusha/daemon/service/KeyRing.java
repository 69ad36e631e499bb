package org.kagemusha.daemon.service;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.kagemusha.core.ipsec.ClockedSequenceNumbers;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.ReservedSequenceNumbers;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.SequenceStore;
import org.kagemusha.core.ipsec.StaticKeySource;
import org.kagemusha.daemon.config.AssociationConfig;
import org.kagemusha.daemon.observe.EspKeyTable;

/**
 * The associations of a configuration, as the engine wants them. A reload keeps those that did not
 * change, with their sequence numbers and replay windows. For the loop's thread.
 */
final class KeyRing {

  /** One pair with the configuration it came from. */
  record Held(AssociationConfig config, SecurityAssociationPair pair) {}

  private final StaticKeySource source = new StaticKeySource();
  private final SecurityAssociationDatabase inbound = new SecurityAssociationDatabase();
  private final SequenceStore store;
  private final Map<AssociationConfig, SecurityAssociationPair> held = new HashMap<>();
  private List<AssociationConfig> order = List.of();

  KeyRing(SequenceStore store) {
    this.store = store;
  }

  KeySource source() {
    return source;
  }

  SecurityAssociationDatabase inbound() {
    return inbound;
  }

  /** The pairs in the order of the configuration. */
  List<Held> held() {
    List<Held> all = new ArrayList<>();
    order.forEach(config -> all.add(new Held(config, held.get(config))));
    return all;
  }

  /**
   * The keys as lines of {@link EspKeyTable}.
   *
   * @param agent the home agent's address, one end of every association, or {@code *}
   * @param atHomeAgent whether this is that end
   */
  List<String> espKeys(String agent, boolean atHomeAgent) {
    List<String> lines = new ArrayList<>();
    for (AssociationConfig config : order) {
      lines.add(
          EspKeyTable.line(
              atHomeAgent ? agent : "*", atHomeAgent ? "*" : agent, config.spiOut(),
              config.encryption(), config.keys().encryptionOut(), config.integrity(),
              config.keys().integrityOut()));
      lines.add(
          EspKeyTable.line(
              atHomeAgent ? "*" : agent, atHomeAgent ? agent : "*", config.spiIn(),
              config.encryption(), config.keys().encryptionIn(), config.integrity(),
              config.keys().integrityIn()));
    }
    return lines;
  }

  /**
   * Makes the associations be those of a configuration.
   *
   * @throws IllegalArgumentException if one cannot be made; then nothing has changed
   */
  void replace(List<AssociationConfig> wanted) {
    Map<AssociationConfig, SecurityAssociationPair> fresh = new HashMap<>();
    for (AssociationConfig config : wanted) {
      if (!held.containsKey(config)) {
        fresh.put(config, make(config));
      }
    }
    Set<AssociationConfig> kept = new HashSet<>(wanted);
    for (AssociationConfig config : order) {
      if (!kept.contains(config)) {
        inbound.remove(config.spiIn());
        source.remove(config.homeAddress(), config.purpose());
        held.remove(config);
      }
    }
    fresh.forEach(
        (config, pair) -> {
          inbound.add(pair.inbound());
          source.put(config.homeAddress(), config.purpose(), pair);
          held.put(config, pair);
        });
    order = List.copyOf(wanted);
  }

  private SecurityAssociationPair make(AssociationConfig config) {
    SecurityAssociationParameters out =
        new SecurityAssociationParameters(
            config.spiOut(), config.encryption(), config.integrity(),
            config.keys().encryptionOut(), config.keys().integrityOut(),
            config.extendedSequenceNumbers(), config.replayWindow());
    SecurityAssociationParameters in =
        new SecurityAssociationParameters(
            config.spiIn(), config.encryption(), config.integrity(),
            config.keys().encryptionIn(), config.keys().integrityIn(),
            config.extendedSequenceNumbers(), config.replayWindow());
    ReservedSequenceNumbers numbers =
        new ReservedSequenceNumbers(
            new ClockedSequenceNumbers(
                config.extendedSequenceNumbers(), System::currentTimeMillis),
            store, config.spiOut(), block(config));
    return new SecurityAssociationPair(
        OutboundSecurityAssociation.of(out, numbers),
        InboundSecurityAssociation.of(in, System::currentTimeMillis));
  }

  private static long block(AssociationConfig config) {
    if (config.extendedSequenceNumbers()) {
      return ReservedSequenceNumbers.EXTENDED_BLOCK;
    }
    return config.purpose() == KeySource.Purpose.SIGNALLING
        ? ReservedSequenceNumbers.SIGNALLING_BLOCK
        : ReservedSequenceNumbers.PAYLOAD_BLOCK;
  }
}
