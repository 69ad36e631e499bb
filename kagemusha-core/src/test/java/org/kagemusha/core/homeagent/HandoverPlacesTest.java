package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.message.HandoverKeys;
import org.kagemusha.core.wire.Ipv6Address;

/** Who gets which key, and for how long it hears of the place before. */
class HandoverPlacesTest {

  private static final Ipv6Address A = Ipv6Address.parse("2001:db8:3000::3");
  private static final Ipv6Address B = Ipv6Address.parse("2001:db8:4000::3");
  private static final long SECOND = 1_000_000_000L;

  private final HandoverPlaces places = new HandoverPlaces();
  private final BindingCacheEntry entry =
      new BindingCacheEntry(HomeAgentFixture.HOME_ADDRESS);
  private final BindingUpdate update =
      new BindingUpdate(1, true, true, false, false, 0, 15, A).wantingHandoverKeys();
  private final SecurityAssociationPair encrypting =
      pair(EncryptionAlgorithm.AES_CBC_128, new byte[16]);

  private static SecurityAssociationPair pair(EncryptionAlgorithm encryption, byte[] key) {
    SecurityAssociationParameters parameters =
        new SecurityAssociationParameters(
            300, encryption, IntegrityAlgorithm.HMAC_SHA2_256_128, key, new byte[32], false, 64);
    return new SecurityAssociationPair(
        OutboundSecurityAssociation.of(parameters, () -> 1),
        InboundSecurityAssociation.of(parameters));
  }

  private static ReturnPath by(SecurityAssociationPair pair, int udpPort) {
    return new ReturnPath(A, pair, udpPort);
  }

  private HandoverKeys at(Ipv6Address careOf, long seconds) {
    return places.keys(entry, update, by(encrypting, 0), careOf, seconds * SECOND);
  }

  @Test
  void keysGoOutOnlyWhereTheyWereAskedForAndAreEncrypted() {
    assertNull(places.keys(entry, update, by(null, 0), A, 0));
    assertNull(places.keys(entry, update, by(encrypting, 4500), A, 0), "in UDP");
    assertNull(
        places.keys(
            entry, update, by(pair(EncryptionAlgorithm.NULL, new byte[0]), 0), A, 0));
    assertNull(
        places.keys(
            entry, new BindingUpdate(1, true, true, false, false, 0, 15, A), by(encrypting, 0), A,
            0));
    assertNotNull(at(A, 0));
  }

  @Test
  void theNewPlaceHearsOfTheOldOneForAWhile() {
    HandoverKeys first = at(A, 0);
    assertNull(first.previousCareOf());
    HandoverKeys refreshed = at(A, 100);
    assertFalse(Arrays.equals(first.key(), refreshed.key()));
    assertNull(refreshed.previousCareOf());
    HandoverKeys moved = at(B, 200);
    assertEquals(A, moved.previousCareOf());
    assertArrayEquals(refreshed.key(), moved.previousKey());
    assertFalse(Arrays.equals(refreshed.key(), moved.key()));
    assertArrayEquals(refreshed.key(), at(B, 201).previousKey(), "sent again");
    assertNull(at(B, 211).previousCareOf(), "long since");
  }

  @Test
  void thePlaceThatHadNoKeyIsNotTold() {
    at(A, 0);
    places.keys(
        entry, new BindingUpdate(1, true, true, false, false, 0, 15, B), by(encrypting, 0), B,
        SECOND);
    HandoverKeys third = at(Ipv6Address.parse("2001:db8:5000::3"), 20);
    assertNull(third.previousCareOf());
  }

  @Test
  void homeHearsOfThePlaceAbroadAndLeavesNoPlaceItself() {
    HandoverKeys abroad = at(A, 0);
    assertArrayEquals(abroad.key(), at(null, 1).previousKey());
    assertNull(at(B, 20).previousCareOf());
  }
}
