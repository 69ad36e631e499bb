package org.kagemusha.core.handover;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.message.HandoverMessage;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/** Who knows the key can prove it, and opens what the other seals; nobody else. */
class HandoverSecretTest {

  private static final Ipv6Address NEW = Ipv6Address.parse("2001:db8:4000::3");
  private static final Ipv6Address OLD = Ipv6Address.parse("2001:db8:3000::3");
  private static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  private static final MacAddress GUEST = MacAddress.parse("52:54:00:12:34:10");

  private final byte[] key = new byte[32];
  private final HandoverSecret secret = new HandoverSecret(key);

  private static HandoverMessage initiate(int nonce, int spi) {
    byte[] octets = new byte[16];
    Arrays.fill(octets, (byte) nonce);
    return HandoverMessage.initiate(1, HOME, GUEST, octets, spi, 5);
  }

  private static String open(
      OutboundSecurityAssociation outbound, InboundSecurityAssociation inbound) {
    PacketBuffer packet = PacketBuffer.copyOf(new byte[100]);
    assertNull(outbound.seal(packet, 41));
    Object why = inbound.open(packet);
    return why == null ? null : why.toString();
  }

  @Test
  void authenticatorBindsKeyMessageAndAddresses() {
    HandoverMessage signed = secret.sign(initiate(1, 300), NEW, OLD);
    assertTrue(secret.verifies(signed, NEW, OLD));
    assertFalse(secret.verifies(signed, OLD, NEW));
    assertFalse(secret.verifies(signed, HOME, OLD));
    key[0] = 1;
    HandoverSecret other = new HandoverSecret(key);
    assertFalse(other.verifies(signed, NEW, OLD));
    assertNotEquals(other.index(), secret.index());
    assertFalse(
        secret.verifies(
            initiate(2, 300).authenticated(signed.authenticator()), NEW, OLD));
  }

  @Test
  void rfc5568_s6_4_5_authenticatorIsTheFrontOfHmacSha256() throws Exception {
    HandoverMessage signed = secret.sign(initiate(1, 300), NEW, OLD);
    Process python =
        new ProcessBuilder(
                "/usr/bin/python3", "-c",
                "import hmac,sys,ipaddress as i\n"
                    + "k=hmac.new(bytes(32),b'kagemusha handover authenticator','sha256')\n"
                    + "k=k.digest()\n"
                    + "m=i.ip_address('2001:db8:4000::3').packed+i.ip_address('2001:db8:3000::3')"
                    + ".packed+bytes.fromhex(sys.argv[1])\n"
                    + "print(hmac.new(k,m,'sha256').hexdigest()[:32])",
                java.util.HexFormat.of().formatHex(signed.covered()))
            .redirectErrorStream(true)
            .start();
    String witness = new String(python.getInputStream().readAllBytes()).trim();
    assertEquals(0, python.waitFor(), witness);
    assertEquals(witness, java.util.HexFormat.of().formatHex(signed.authenticator()));
  }

  @Test
  void bothEndsHaveTheSameKeysAndOtherNoncesAddressesAndNumbersOthers() {
    InboundSecurityAssociation inbound = secret.inbound(initiate(1, 300), OLD, NEW);
    assertNull(open(secret.outbound(initiate(1, 300), OLD, NEW), inbound));
    assertNotNull(open(secret.outbound(initiate(2, 300), OLD, NEW), inbound));
    assertNotNull(open(secret.outbound(initiate(1, 301), OLD, NEW), inbound));
    assertNotNull(open(secret.outbound(initiate(1, 300), NEW, OLD), inbound));
    assertNotNull(
        open(secret.outbound(initiate(1, 300), OLD, HOME), inbound));
  }

  @Test
  void keyIsErased() {
    secret.destroy();
    HandoverMessage message = initiate(1, 300);
    assertArrayEquals(
        new HandoverSecret(new byte[32]).sign(message, NEW, OLD).covered(),
        message.covered());
    assertFalse(
        secret.verifies(
            new HandoverSecret(key).sign(message, NEW, OLD), NEW, OLD));
  }
}
