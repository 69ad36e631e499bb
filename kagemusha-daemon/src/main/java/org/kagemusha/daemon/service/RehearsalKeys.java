package org.kagemusha.daemon.service;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SequenceStore;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.daemon.config.AssociationConfig;
import org.kagemusha.daemon.config.AssociationKeys;

/** Made-up associations with the algorithms of real ones, for {@link Rehearsal}. */
final class RehearsalKeys {

  /** Remembers as long as the rehearsal lasts, which is faster than any clock. */
  private static final class ShortMemory implements SequenceStore {

    private final Map<Integer, Long> reserved = new HashMap<>();

    @Override
    public long load(int spi) {
      return reserved.getOrDefault(spi, 0L);
    }

    @Override
    public void reserve(int spi, long upTo) {
      reserved.put(spi, upTo);
    }
  }

  /** Both ends' keys, and the associations that they come with. */
  record Ends(
      KeySource node,
      SecurityAssociationDatabase nodeInbound,
      KeySource agent,
      SecurityAssociationDatabase agentInbound) {}

  private RehearsalKeys() {}

  /** Static keys of both ends. */
  static Ends fixed(List<AssociationConfig> associations, Ipv6Address homeAddress) {
    KeyRing node = ring(associations, homeAddress, true);
    KeyRing agent = ring(associations, homeAddress, false);
    return new Ends(node.source(), node.inbound(), agent.source(), agent.inbound());
  }

  private static KeyRing ring(
      List<AssociationConfig> associations, Ipv6Address homeAddress, boolean node) {
    List<AssociationConfig> made = new ArrayList<>();
    int spi = 256;
    for (KeySource.Purpose purpose : KeySource.Purpose.values()) {
      for (AssociationConfig real : associations) {
        if (real.purpose() == purpose) {
          made.add(like(real, homeAddress, spi, node));
          spi += 2;
          break;
        }
      }
    }
    KeyRing ring = new KeyRing(new ShortMemory());
    ring.replace(made);
    return ring;
  }

  private static AssociationConfig like(
      AssociationConfig real, Ipv6Address homeAddress, int spi, boolean node) {
    byte[] encryption = filled(real.encryption().keyOctets(), 1);
    byte[] integrity = filled(real.integrity().keyOctets(), 2);
    return new AssociationConfig(
        real.purpose(), homeAddress, node ? spi : spi + 1, node ? spi + 1 : spi,
        real.encryption(), real.integrity(), real.extendedSequenceNumbers(), real.replayWindow(),
        new AssociationKeys(encryption, integrity, encryption, integrity));
  }

  private static byte[] filled(int octets, int value) {
    byte[] key = new byte[octets];
    Arrays.fill(key, (byte) value);
    return key;
  }
}
