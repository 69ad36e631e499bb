package org.kagemusha.core.ipsec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.ipsec.EspSamples.Suite;
import org.kagemusha.core.ipsec.engine.CipherEngine;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.ipsec.engine.EspCipher;
import org.kagemusha.core.ipsec.engine.EspTransform;
import org.kagemusha.core.ipsec.engine.InitialisationVectors;
import org.kagemusha.core.ipsec.engine.JdkCipherEngine;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * The passes of ciphers in any order by any member of a team, beside the same packets one by one:
 * octets, verdicts and counts must be the same.
 */
class DeferredCipherTest {

  private static final int SPI = 0x2001;
  private static final int MEMBERS = 3;
  private static final int BATCH = 64;
  private static final int BATCHES = 30;
  private static final long FAR_AHEAD = 5L << 32;

  static List<Suite> suites() {
    return EspSamples.suites();
  }

  private static PacketBuffer[] copies(List<byte[]> packets) {
    return packets.stream().map(PacketBuffer::copyOf).toArray(PacketBuffer[]::new);
  }

  private static OutboundSecurityAssociation sealing(
      Suite suite, boolean extended, long first, int members) {
    return OutboundSecurityAssociation.of(
        suite.parameters(SPI, extended, 64),
        EspSamples.from(first),
        Members.engines(members),
        Members.IVS);
  }

  private static InboundSecurityAssociation opening(Suite suite, boolean extended, int members) {
    return InboundSecurityAssociation.of(
        suite.parameters(SPI, extended, 64), () -> 0, Members.engines(members));
  }

  private static List<byte[]> sealed(Suite suite, boolean extended, long first, int count) {
    OutboundSecurityAssociation outbound = sealing(suite, extended, first, 1);
    List<byte[]> packets = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      PacketBuffer packet = PacketBuffer.copyOf(EspSamples.counting(i, 40 + i));
      assertNull(outbound.seal(packet, Protocol.IPV6));
      packets.add(packet.toBytes());
    }
    return packets;
  }

  @ParameterizedTest
  @MethodSource("suites")
  void rfc4303_s3_3_whatIsSealedLaterHasTheOctetsOfWhatIsSealedAtOnce(Suite suite) {
    for (boolean extended : new boolean[] {false, true}) {
      SplittableRandom random = new SplittableRandom(7);
      Members team = new Members(random, MEMBERS);
      OutboundSecurityAssociation atOnce = sealing(suite, extended, 0xffff_f000L, 1);
      OutboundSecurityAssociation later = sealing(suite, extended, 0xffff_f000L, MEMBERS);
      long last = 0;
      for (int i = 0; i < BATCHES; i++) {
        List<byte[]> payloads = new ArrayList<>();
        for (int j = 0; j < BATCH; j++) {
          byte[] payload = new byte[random.nextInt(1500)];
          random.nextBytes(payload);
          payloads.add(payload);
        }
        PacketBuffer[] expected = copies(payloads);
        PacketBuffer[] actual = copies(payloads);
        for (int j = 0; j < BATCH; j++) {
          assertNull(atOnce.seal(expected[j], Protocol.IPV6));
          assertNull(later.seal(actual[j], Protocol.IPV6, true));
          assertTrue(actual[j].isDeferred());
          assertFalse(actual[j].isSettled());
          // RFC 4303 §2.1: not to be sent like that.
          assertEquals(0, actual[j].bytes().getInt(actual[j].offset()));
          // Headers come in front meanwhile.
          actual[j].prepend(48);
        }
        team.perform(actual);
        for (int j = 0; j < BATCH; j++) {
          assertTrue(actual[j].isSettled());
          assertArrayEquals(expected[j].toBytes(), actual[j].trimFront(48).toBytes());
          long number = actual[j].bytes().getInt(actual[j].offset() + 4) & 0xffff_ffffL;
          assertEquals(last == 0 ? 0xffff_f000L : last + 1, number);
          last = number;
        }
      }
      assertEquals(atOnce.packets(), later.packets());
      assertEquals(atOnce.octets(), later.octets());
      assertEquals(atOnce.lastSequence(), later.lastSequence());
    }
  }

  @ParameterizedTest
  @MethodSource("suites")
  void rfc4303_s3_4_3_replaysAndForgeriesAmongABatchAreJudgedAsOneByOne(Suite suite) {
    for (boolean extended : new boolean[] {false, true}) {
      SplittableRandom random = new SplittableRandom(extended ? 11 : 12);
      Members team = new Members(random, MEMBERS);
      InboundSecurityAssociation oneByOne = opening(suite, extended, 1);
      InboundSecurityAssociation together = opening(suite, extended, MEMBERS);
      Map<DropReason, Integer> seen = new EnumMap<>(DropReason.class);
      List<byte[]> history = sealed(suite, extended, 1, 200);
      history.addAll(sealed(suite, extended, 400, 200));
      if (extended) {
        history.addAll(sealed(suite, true, FAR_AHEAD, 200));
      }
      int next = 0;
      for (int i = 0; i < BATCHES; i++) {
        List<byte[]> batch = new ArrayList<>();
        while (batch.size() < BATCH) {
          next = Math.min(next, history.size() - 1);
          byte[] packet = history.get(next).clone();
          switch (random.nextInt(8)) {
            // Again, of this batch or another.
            case 0 -> packet = history.get(random.nextInt(next + 1)).clone();
            case 1 -> packet[random.nextInt(packet.length)] ^= (byte) (1 << random.nextInt(8));
            case 2 -> {
              int length = random.nextInt(8, packet.length);
              packet = Arrays.copyOf(packet, length);
            }
            default -> next++;
          }
          batch.add(packet);
        }
        PacketBuffer[] expected = copies(batch);
        PacketBuffer[] actual = copies(batch);
        for (PacketBuffer packet : actual) {
          together.prepare(packet);
        }
        team.perform(actual);
        for (int j = 0; j < BATCH; j++) {
          DropReason reason = oneByOne.open(expected[j]);
          assertEquals(reason, together.open(actual[j]), "packet " + j + " of batch " + i);
          if (reason == null) {
            assertArrayEquals(expected[j].toBytes(), actual[j].toBytes());
            assertEquals(oneByOne.nextHeader(), together.nextHeader());
          } else {
            seen.merge(reason, 1, Integer::sum);
          }
          assertEquals(oneByOne.highestSequence(), together.highestSequence());
        }
      }
      assertEquals(oneByOne.packets(), together.packets());
      assertEquals(oneByOne.octets(), together.octets());
      assertTrue(seen.containsKey(DropReason.ESP_REPLAYED), seen.toString());
      assertTrue(seen.containsKey(DropReason.ESP_AUTHENTICATION_FAILED), seen.toString());
      assertTrue(!extended || oneByOne.highestSequence() >= FAR_AHEAD, "resynchronised");
    }
  }

  @ParameterizedTest
  @MethodSource("suites")
  void aTamperedPacketLeavesItsNeighboursAlone(Suite suite) {
    List<byte[]> packets = sealed(suite, true, 1, BATCH);
    packets.get(BATCH / 2)[20] ^= 1;
    InboundSecurityAssociation inbound = opening(suite, true, MEMBERS);
    PacketBuffer[] batch = copies(packets);
    for (PacketBuffer packet : batch) {
      inbound.prepare(packet);
    }
    new Members(new SplittableRandom(1), MEMBERS).perform(batch);
    for (int i = 0; i < BATCH; i++) {
      if (i == BATCH / 2) {
        assertEquals(DropReason.ESP_AUTHENTICATION_FAILED, inbound.open(batch[i]));
      } else {
        assertNull(inbound.open(batch[i]));
        assertArrayEquals(EspSamples.counting(i, 40 + i), batch[i].toBytes());
      }
    }
    assertEquals(BATCH - 1, inbound.packets());
  }

  @ParameterizedTest
  @MethodSource("suites")
  void whatWasNotOpenedAheadOfTimeIsOpenedInItsTurn(Suite suite) {
    InboundSecurityAssociation inbound = opening(suite, false, MEMBERS);
    for (byte[] octets : sealed(suite, false, 1, 10)) {
      PacketBuffer packet = PacketBuffer.copyOf(octets);
      inbound.prepare(packet);
      assertTrue(packet.isDeferred());
      assertNull(inbound.open(packet));
    }
  }

  @Test
  void anAssociationForOneThreadLeavesNothingForLater() {
    Suite suite = suites().get(0);
    PacketBuffer packet = PacketBuffer.copyOf(new byte[40]);
    assertNull(sealing(suite, false, 1, 1).seal(packet, Protocol.IPV6, true));
    assertTrue(packet.isSettled());
    assertEquals(SPI, packet.bytes().getInt(packet.offset()));
    opening(suite, false, 1).prepare(packet);
    assertFalse(packet.isDeferred());
  }

  @ParameterizedTest
  @MethodSource("suites")
  void rfc4301_s4_4_2_1_keysThatEndBeforeTheirPacketsAreSealedSealNothing(Suite suite) {
    OutboundSecurityAssociation outbound = sealing(suite, true, 1, MEMBERS);
    byte[] payload = EspSamples.counting(0, 200);
    PacketBuffer[] batch = copies(Collections.nCopies(BATCH, payload));
    for (PacketBuffer packet : batch) {
      assertNull(outbound.seal(packet, Protocol.IPV6, true));
    }
    batch[0].perform(1);
    outbound.destroy();
    new Members(new SplittableRandom(1), MEMBERS).perform(batch);
    assertTrue(batch[0].isSettled());
    for (int i = 1; i < BATCH; i++) {
      assertFalse(batch[i].isSettled());
      assertFalse(batch[i].settle());
      assertEquals(0, batch[i].bytes().getInt(batch[i].offset()));
      // Nor is a copy whole.
      assertFalse(PacketBuffer.allocate(2000).copyFrom(batch[i]).isSettled());
    }
  }

  @ParameterizedTest
  @MethodSource("suites")
  void rfc4301_s4_4_2_1_keysThatEndBetweenThePassesOpenNothing(Suite suite) {
    InboundSecurityAssociation inbound = opening(suite, true, MEMBERS);
    PacketBuffer[] batch = copies(sealed(suite, true, 1, BATCH));
    for (PacketBuffer packet : batch) {
      inbound.prepare(packet);
    }
    Members team = new Members(new SplittableRandom(1), MEMBERS);
    team.perform(Arrays.copyOf(batch, BATCH / 2));
    inbound.destroy();
    team.perform(batch);
    for (PacketBuffer packet : batch) {
      assertEquals(DropReason.ASSOCIATION_EXPIRED, inbound.open(packet));
    }
    PacketBuffer packet = PacketBuffer.copyOf(batch[0].toBytes());
    inbound.prepare(packet);
    assertFalse(packet.isDeferred());
  }

  @Test
  void anAssociationThatTookTheSpiBetweenThePassesTrustsNobodysOutcome() {
    Suite suite = suites().get(suites().size() - 1);
    List<byte[]> packets = sealed(suite, true, 1, 2);
    InboundSecurityAssociation before = opening(suite, true, MEMBERS);
    InboundSecurityAssociation after = opening(suite, true, MEMBERS);
    PacketBuffer opened = PacketBuffer.copyOf(packets.get(0));
    before.prepare(opened);
    opened.perform(1);
    assertTrue(opened.cipherJob().isDone());
    assertEquals(DropReason.ESP_AUTHENTICATION_FAILED, after.open(opened));
    // What the other could not open is as it was.
    InboundSecurityAssociation stranger =
        InboundSecurityAssociation.of(
            new SecurityAssociationParameters(
                SPI, suite.encryption(), suite.integrity(),
                new byte[suite.encryption().keyOctets()],
                new byte[suite.integrity().keyOctets()], true, 64),
            () -> 0, Members.engines(MEMBERS));
    PacketBuffer closed = PacketBuffer.copyOf(packets.get(1));
    stranger.prepare(closed);
    closed.perform(2);
    assertNull(after.open(closed));
    assertArrayEquals(EspSamples.counting(1, 41), closed.toBytes());
  }

  /** The JDK's engine, but the ciphers keyed after the first fail. */
  private static final class Failing implements CipherEngine {
    private final CipherEngine jdk = new JdkCipherEngine();
    private final List<EspCipher> made = new ArrayList<>();
    private final List<EspCipher> ended = new ArrayList<>();
    private final List<byte[]> keys = new ArrayList<>();
    private boolean fails;

    @Override
    public String name() {
      return "failing";
    }

    @Override
    public boolean supports(EspTransform transform) {
      return jdk.supports(transform);
    }

    @Override
    public EspCipher sealing(
        EspTransform transform, byte[] encryptionKey, byte[] integrityKey, boolean extended,
        InitialisationVectors ivs) {
      keys.add(encryptionKey);
      keys.add(integrityKey);
      return watched(jdk.sealing(transform, encryptionKey, integrityKey, extended, ivs));
    }

    @Override
    public EspCipher opening(
        EspTransform transform, byte[] encryptionKey, byte[] integrityKey, boolean extended) {
      keys.add(encryptionKey);
      keys.add(integrityKey);
      return watched(jdk.opening(transform, encryptionKey, integrityKey, extended));
    }

    private EspCipher watched(EspCipher real) {
      EspCipher cipher =
          new EspCipher() {
            @Override
            public void seal(PacketBuffer packet, long sequence) {
              fail(packet);
              real.seal(packet, sequence);
            }

            @Override
            public boolean open(PacketBuffer packet, long sequence) {
              fail(packet);
              return real.open(packet, sequence);
            }

            @Override
            public void destroy() {
              real.destroy();
              ended.add(this);
            }
          };
      made.add(cipher);
      return cipher;
    }

    private void fail(PacketBuffer packet) {
      if (fails && packet.bytes().getInt(packet.offset() + 4) % 3 == 0) {
        throw new IllegalStateException("out of order");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aCipherThatFailsLosesItsPacketAlone(boolean gathers) {
    Suite suite = suites().get(3);
    Failing engine = new Failing();
    Gathering gathering = new Gathering(engine);
    CipherEngines engines =
        new CipherEngines(List.of(gathers ? gathering : engine), MEMBERS);
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.of(
            suite.parameters(SPI, true, 64), EspSamples.from(1), engines, Members.IVS);
    InboundSecurityAssociation inbound =
        InboundSecurityAssociation.of(suite.parameters(SPI, true, 64), () -> 0, engines);
    engine.fails = true;
    List<byte[]> payloads = Collections.nCopies(BATCH, EspSamples.counting(3, 77));
    PacketBuffer[] batch = copies(payloads);
    for (PacketBuffer packet : batch) {
      assertNull(outbound.seal(packet, Protocol.IPV6, true));
    }
    Members team = new Members(new SplittableRandom(1), MEMBERS);
    team.perform(batch);
    List<byte[]> sealed = sealed(suite, true, 1, BATCH);
    for (int i = 0; i < BATCH; i++) {
      boolean lost = (i + 1) % 3 == 0;
      assertEquals(!lost, batch[i].isSettled());
      assertEquals(lost ? 0 : SPI, batch[i].bytes().getInt(batch[i].offset()));
    }
    batch = copies(sealed);
    for (PacketBuffer packet : batch) {
      inbound.prepare(packet);
    }
    team.perform(batch);
    for (int i = 0; i < BATCH; i++) {
      boolean lost = (i + 1) % 3 == 0;
      assertEquals(lost ? DropReason.CIPHER_FAILED : null, inbound.open(batch[i]));
    }
    assertEquals(gathers, gathering.passes() > 10);
  }

  @Test
  void oneThreadLeavesPacketsForLaterWhereTheCipherGathersThem() {
    Suite suite = suites().get(3);
    Gathering engine = new Gathering(new JdkCipherEngine());
    CipherEngines engines = new CipherEngines(List.of(engine), 1);
    assertTrue(engines.mayDefer());
    assertFalse(new CipherEngines(List.of(new JdkCipherEngine()), 1).mayDefer());
    assertTrue(new CipherEngines(List.of(new JdkCipherEngine()), 2).mayDefer());
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.of(
            suite.parameters(SPI, true, 64), EspSamples.from(1), engines, Members.IVS);
    PacketBuffer[] batch =
        copies(List.of(EspSamples.counting(0, 40), EspSamples.counting(1, 41)));
    for (PacketBuffer packet : batch) {
      assertNull(outbound.seal(packet, Protocol.IPV6, true));
      assertTrue(packet.isDeferred());
    }
    for (PacketBuffer packet : batch) {
      packet.begin(0);
      // Neither to be sent, nor to be done again.
      assertFalse(packet.isSettled());
      assertFalse(packet.settle());
    }
    List<byte[]> expected = sealed(suite, true, 1, 2);
    for (int i = 0; i < batch.length; i++) {
      batch[i].complete(0);
      assertTrue(batch[i].isSettled());
      assertArrayEquals(expected.get(i), batch[i].toBytes());
    }
    assertEquals(1, engine.passes());
    // With nothing begun, there is nothing to complete.
    batch[0].complete(0);
    assertTrue(batch[0].isSettled());
  }

  @Test
  void everyMembersKeysEndWithTheAssociation() {
    Suite suite = suites().get(3);
    Failing engine = new Failing();
    CipherEngines engines = new CipherEngines(List.of(engine), MEMBERS);
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.of(
            suite.parameters(SPI, true, 64), EspSamples.from(1), engines, Members.IVS);
    int before = engine.made.size();
    int testers = engine.ended.size();
    for (int member = 0; member < MEMBERS; member++) {
      PacketBuffer packet = PacketBuffer.copyOf(new byte[50]);
      outbound.seal(packet, Protocol.IPV6, true);
      packet.perform(member);
      assertTrue(packet.isSettled());
    }
    // The first was there; the others are keyed by the first packet of theirs.
    assertEquals(before + MEMBERS - 1, engine.made.size());
    outbound.destroy();
    outbound.destroy();
    assertEquals(testers + MEMBERS, engine.ended.size());
    for (byte[] key : engine.keys.subList(engine.keys.size() - 2 * MEMBERS, engine.keys.size())) {
      assertArrayEquals(new byte[key.length], key);
    }
  }

  @Test
  void aPacketWithinAnotherIsNotTakenForTheOneThatWasOpened() {
    Suite suite = suites().get(3);
    InboundSecurityAssociation inbound = opening(suite, true, MEMBERS);
    OutboundSecurityAssociation outbound = sealing(suite, true, 1, 1);
    PacketBuffer packet = PacketBuffer.copyOf(new byte[60]);
    assertNull(outbound.seal(packet, Protocol.IPV6));
    byte[] inner = packet.toBytes();
    assertNull(outbound.seal(packet, Protocol.ESP));
    inbound.prepare(packet);
    packet.perform(1);
    assertNull(inbound.open(packet));
    assertArrayEquals(inner, packet.toBytes());
    assertNull(inbound.open(packet));
    assertEquals(60, packet.length());
    assertEquals(0, ByteBuffer.wrap(packet.toBytes()).getInt());
  }
}
