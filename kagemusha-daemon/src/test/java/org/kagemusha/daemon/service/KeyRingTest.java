package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.KeySource.Purpose;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.kagemusha.daemon.config.AssociationConfig;
import org.kagemusha.daemon.config.AssociationKeys;

class KeyRingTest {

  private static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");

  @TempDir Path directory;

  private static AssociationConfig config(Purpose purpose, int spi, int fill) {
    byte[] encryption = new byte[16];
    encryption[0] = (byte) fill;
    return new AssociationConfig(
        purpose, HOME, spi, spi + 1, EncryptionAlgorithm.AES_CBC_128,
        IntegrityAlgorithm.HMAC_SHA2_256_128, purpose == Purpose.PAYLOAD, 64,
        new AssociationKeys(encryption, new byte[32], new byte[16], new byte[32]));
  }

  private KeyRing ring() {
    return new KeyRing(new FileSequenceStore(directory.resolve("s"), Runnable::run));
  }

  @Test
  void aReloadKeepsWhatDidNotChange() {
    KeyRing ring = ring();
    ring.replace(
        List.of(config(Purpose.SIGNALLING, 1000, 1), config(Purpose.PAYLOAD, 2000, 1)));
    SecurityAssociationPair signalling = ring.source().associations(HOME, Purpose.SIGNALLING);
    SecurityAssociationPair payload = ring.source().associations(HOME, Purpose.PAYLOAD);
    ring.replace(
        List.of(config(Purpose.SIGNALLING, 1000, 1), config(Purpose.PAYLOAD, 2000, 2)));
    assertSame(signalling, ring.source().associations(HOME, Purpose.SIGNALLING));
    assertTrue(payload != ring.source().associations(HOME, Purpose.PAYLOAD));
    assertNotNull(ring.inbound().inbound(2001));
    ring.replace(List.of(config(Purpose.SIGNALLING, 1000, 1)));
    assertNull(ring.source().associations(HOME, Purpose.PAYLOAD));
    assertNull(ring.inbound().inbound(2001));
    assertEquals(1, ring.held().size());
  }

  /** A process that is killed runs no code; the next one knows only the file. */
  @Test
  void afterAKillNumbersGoOnBehindThoseThatWereSent() throws Exception {
    KeyRing first = ring();
    first.replace(List.of(config(Purpose.SIGNALLING, 1000, 1)));
    long last = 0;
    for (int i = 0; i < 50; i++) {
      PacketBuffer packet = PacketBuffer.copyOf(new byte[40]);
      SecurityAssociationPair pair = first.source().associations(HOME, Purpose.SIGNALLING);
      assertNull(pair.outbound().seal(packet, Protocol.MOBILITY));
      last = pair.outbound().lastSequence();
    }
    assertTrue(Files.exists(directory.resolve("s")));
    KeyRing second = ring();
    second.replace(List.of(config(Purpose.SIGNALLING, 1000, 1)));
    SecurityAssociationPair pair = second.source().associations(HOME, Purpose.SIGNALLING);
    assertNull(pair.outbound().seal(PacketBuffer.copyOf(new byte[40]), Protocol.MOBILITY));
    assertTrue(pair.outbound().lastSequence() > last);
  }

  @Test
  void theReportShowsNoKey() {
    KeyRing ring = ring();
    ring.replace(List.of(config(Purpose.SIGNALLING, 1000, 0x5e)));
    assertTrue(AssociationReport.text(ring.held()).contains("aes-cbc-128"));
    assertEquals(
        -1, (AssociationReport.json(ring.held()) + AssociationReport.text(ring.held()))
            .indexOf("5e00"));
  }
}
