package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.KeySource.Purpose;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.daemon.config.AssociationConfig;
import org.kagemusha.daemon.config.AssociationKeys;

class RehearsalTest {

  private static AssociationConfig association(Purpose purpose) {
    return new AssociationConfig(
        purpose, Ipv6Address.parse("2001:db8::1"), 300, 301, EncryptionAlgorithm.AES_CBC_128,
        IntegrityAlgorithm.HMAC_SHA1_96, purpose == Purpose.PAYLOAD, 64,
        new AssociationKeys(new byte[16], new byte[20], new byte[16], new byte[20]));
  }

  @Test
  void packetsGoBothWaysInTheClear() {
    assertTrue(Rehearsal.play(List.of()) >= 3900, "some packets were lost");
  }

  @Test
  void packetsGoBothWaysUnderEsp() {
    int through =
        Rehearsal.play(List.of(association(Purpose.SIGNALLING), association(Purpose.PAYLOAD)));
    assertTrue(through >= 3900, through + " packets");
  }

  @Test
  void signallingAloneMayBeProtected() {
    int through = Rehearsal.play(List.of(association(Purpose.SIGNALLING)));
    assertTrue(through >= 3900, through + " packets");
  }
}
