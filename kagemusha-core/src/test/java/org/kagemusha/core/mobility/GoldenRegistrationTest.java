package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.MS;

import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.message.Captures;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.wire.PacketBuffer;

/** The node against packets of another home agent, as they were captured. */
class GoldenRegistrationTest {

  private static SecurityAssociationParameters toHomeAgent() {
    return parameters(
        0x3e8, "101112131415161718191a1b1c1d1e1f", "000102030405060708090a0b0c0d0e0f10111213");
  }

  private static SecurityAssociationParameters fromHomeAgent() {
    return parameters(
        0x3e9, "303132333435363738393a3b3c3d3e3f", "202122232425262728292a2b2c2d2e2f30313233");
  }

  private static SecurityAssociationParameters parameters(
      int spi, String encryption, String integrity) {
    return new SecurityAssociationParameters(
        spi,
        EncryptionAlgorithm.AES_CBC_128,
        IntegrityAlgorithm.HMAC_SHA1_96,
        HexFormat.of().parseHex(encryption),
        HexFormat.of().parseHex(integrity),
        false,
        64);
  }

  /** Sets clock and lifetime so that the node sends what was captured. */
  private static void prepare(MobileNodeFixture f, BindingUpdate captured) {
    f.wallOffsetMs = captured.sequence() * 250L - f.now / MS;
    f.settings =
        MobileNodeFixture.with(
            f.settings, captured.lifetimeUnits() * 4, false, !f.signallingKeys.isEmpty());
    f.start();
  }

  private static BindingUpdate firstUpdate(
      SignallingReader reader, List<byte[]> capture, boolean inEsp) {
    for (byte[] packet : capture) {
      if (reader.read(PacketBuffer.copyOf(packet), 0) == SignallingReader.Found.SIGNALLING
          && (reader.signalling().association() != null) == inEsp
          && reader.signalling().message() instanceof BindingUpdate update) {
        return update;
      }
    }
    throw new AssertionError("no Binding Update in the capture");
  }

  @Test
  void capturedBindingUpdateIsSentOctetForOctet() {
    List<byte[]> capture = Captures.packets(Captures.PLAIN_FOREIGN);
    MobileNodeFixture f = new MobileNodeFixture();
    prepare(f, firstUpdate(f.homeAgentReader, capture, false));
    f.guestSends();
    assertTrue(
        capture.stream().anyMatch(packet -> java.util.Arrays.equals(packet, f.packets.get(0))),
        HexFormat.of().formatHex(f.packets.get(0)));
  }

  @Test
  void capturedExchangeRegistersAndCarriesData() {
    List<byte[]> capture = Captures.packets(Captures.PLAIN_FOREIGN);
    MobileNodeFixture f = new MobileNodeFixture();
    prepare(f, firstUpdate(f.homeAgentReader, capture, false));
    f.guestSends();
    int frames = f.frames.size();
    // Up to the first acknowledgement; a tunnelled echo request comes before it.
    for (byte[] packet : capture.subList(0, 6)) {
      f.onUnderlay(PacketBuffer.copyOf(packet));
    }
    assertEquals("registered", f.state());
    assertEquals(frames + 1, f.frames.size());
    byte[] tunnelled = capture.get(3);
    assertArrayEquals(
        java.util.Arrays.copyOfRange(tunnelled, 40, tunnelled.length),
        MobileNodeFixture.ipv6Of(f.frames.get(frames)));
  }

  @Test
  void rfc3776_s3_1_capturedAcknowledgementInEspRegisters() {
    List<byte[]> capture = Captures.packets(Captures.ESP_FOREIGN);
    SecurityAssociationDatabase homeAgent = new SecurityAssociationDatabase();
    homeAgent.add(InboundSecurityAssociation.of(toHomeAgent()));
    MobileNodeFixture f = new MobileNodeFixture(homeAgent);
    InboundSecurityAssociation inbound = InboundSecurityAssociation.of(fromHomeAgent());
    f.associations.add(inbound);
    f.signallingKeys.put(
        HOME_ADDRESS,
        new SecurityAssociationPair(
            OutboundSecurityAssociation.of(toHomeAgent(), new CountingSequence()), inbound));
    prepare(f, firstUpdate(f.homeAgentReader, capture, true));
    f.guestSends();
    for (byte[] packet : capture.subList(0, 20)) {
      f.onUnderlay(PacketBuffer.copyOf(packet));
    }
    assertEquals("registered", f.state());
  }
}
