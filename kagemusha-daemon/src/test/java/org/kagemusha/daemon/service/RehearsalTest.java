package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.KeySource.Purpose;
import org.kagemusha.core.ipsec.engine.CipherEngine;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.provisioning.Ciphersuite;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.daemon.config.AssociationConfig;
import org.kagemusha.daemon.config.AssociationKeys;
import org.kagemusha.tap.ipsecmb.IpsecMbCipherEngine;

class RehearsalTest {

  private static AssociationConfig association(Purpose purpose) {
    return new AssociationConfig(
        purpose, Ipv6Address.parse("2001:db8::1"), 300, 301, EncryptionAlgorithm.AES_CBC_128,
        IntegrityAlgorithm.HMAC_SHA1_96, purpose == Purpose.PAYLOAD, 64,
        new AssociationKeys(new byte[16], new byte[20], new byte[16], new byte[20]));
  }

  @Test
  void packetsGoBothWaysInTheClear() {
    assertTrue(Rehearsal.play(List.of()).packets() >= 3900, "some packets were lost");
  }

  @Test
  void packetsGoBothWaysUnderEsp() {
    assertWhole(
        Rehearsal.play(List.of(association(Purpose.SIGNALLING), association(Purpose.PAYLOAD))));
  }

  @Test
  void signallingAloneMayBeProtected() {
    assertWhole(Rehearsal.play(List.of(association(Purpose.SIGNALLING))));
  }

  @Test
  void keysOfAControllerAreAsGood() {
    assertWhole(Rehearsal.playProvisioned(Ciphersuite.AES_256_GCM, true));
    assertWhole(Rehearsal.playProvisioned(Ciphersuite.AES_256_GCM, false));
  }

  @Test
  void batchesArePractisedWhereTheCipherGainsByThem() {
    CipherEngines before = CipherEngines.standard();
    try {
      CipherEngines.use(CipherEngines.withAccelerators(List.of()));
      assertEquals(0, RehearsalBatches.play(Ciphersuite.AES_256_GCM));
      Optional<CipherEngine> accelerator = IpsecMbCipherEngine.load();
      CipherEngines.use(CipherEngines.withAccelerators(accelerator.stream().toList()));
      int expected = accelerator.filter(CipherEngine::gathers).isPresent() ? 2048 : 0;
      assertEquals(expected, RehearsalBatches.play(Ciphersuite.AES_256_GCM));
      assertEquals(0, RehearsalBatches.play(Ciphersuite.CHACHA20_POLY1305));
    } finally {
      CipherEngines.use(before);
    }
  }

  /** Twice abroad and once at home, as many packets were kept as there was room for. */
  private static void assertWhole(Rehearsal.Played played) {
    assertTrue(played.packets() >= 3900, played + " of packets");
    assertTrue(played.joined() >= 100, played + " of frames joined");
    assertTrue(played.fetched() >= 200, played + " of those fetched");
    assertTrue(played.forwarded() >= played.fetched() + 100, played + " of those forwarded");
  }
}
