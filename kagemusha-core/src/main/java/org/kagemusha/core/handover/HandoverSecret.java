package org.kagemusha.core.handover;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.kagemusha.core.ipsec.AssociationLimits;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.message.HandoverMessage;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * A handover key of one place: authenticates Handover Initiate and Acknowledge, and gives the keys
 * of the packets between the hosts.
 *
 * <p>The authenticator is HMAC-SHA-256 (RFC 5568 §6.4.5: "implementations can use other algorithms
 * such as HMAC_SHA256"), the first 16 octets, over source, destination and message. Packets are
 * sealed by AES-GCM with a key of 256 bits and extended sequence numbers from 1, both out of
 * HKDF-SHA-256 (RFC 5869) of this key with the nonce of the Handover Initiate for a salt, bound to
 * both care-of addresses, the home address and the SPI: a nonce is taken once under one key, so no
 * key is ever used twice.
 */
public final class HandoverSecret {

  private static final String HMAC = "HmacSHA256";
  private static final byte[] MAC_LABEL = label("kagemusha handover authenticator");
  private static final byte[] INDEX_LABEL = label("kagemusha handover key index");
  private static final byte[] ESP_LABEL = label("kagemusha handover esp");
  private static final byte[] NO_KEY = {};
  private static final EncryptionAlgorithm SUITE = EncryptionAlgorithm.AES_GCM_16_256;
  private static final int REPLAY_WINDOW = 1024;
  private static final AssociationLimits LIMITS =
      new AssociationLimits(1L << 32, 1L << 36);

  private final byte[] key;
  private final byte[] macKey;
  private final int index;

  /** Copies the key. */
  public HandoverSecret(byte[] key) {
    this.key = key.clone();
    this.macKey = hmac(key, MAC_LABEL);
    this.index = ByteBuffer.wrap(hmac(key, INDEX_LABEL)).getInt();
  }

  private static byte[] label(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] hmac(byte[] key, byte[]... parts) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(new SecretKeySpec(key, HMAC));
      for (byte[] part : parts) {
        mac.update(part);
      }
      return mac.doFinal();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("HMAC failed", e);
    }
  }

  /** Tells this key from others, and nothing about it. */
  public int index() {
    return index;
  }

  /** Authenticates a message between two care-of addresses. */
  public HandoverMessage sign(
      HandoverMessage message, Ipv6Address source, Ipv6Address destination) {
    return message.authenticated(authenticator(message, source, destination));
  }

  /** Whether a message is authentic, in time that tells nothing. */
  public boolean verifies(
      HandoverMessage message, Ipv6Address source, Ipv6Address destination) {
    return MessageDigest.isEqual(
        authenticator(message, source, destination), message.authenticator());
  }

  private byte[] authenticator(
      HandoverMessage message, Ipv6Address source, Ipv6Address destination) {
    return Arrays.copyOf(
        hmac(macKey, octets(source), octets(destination), message.covered()),
        HandoverMessage.AUTHENTICATOR_OCTETS);
  }

  private static byte[] octets(Ipv6Address address) {
    ByteBuffer octets = ByteBuffer.allocate(Ipv6Address.BYTES);
    address.write(octets, 0);
    return octets.array();
  }

  /**
   * What the old host seals with.
   *
   * @param initiate the Handover Initiate
   * @param from the old host's care-of address
   * @param to the new host's
   */
  public OutboundSecurityAssociation outbound(
      HandoverMessage initiate, Ipv6Address from, Ipv6Address to) {
    SecurityAssociationParameters parameters = parameters(initiate, from, to);
    try {
      return OutboundSecurityAssociation.fresh(parameters, LIMITS);
    } finally {
      parameters.destroy();
    }
  }

  /** What the new host opens with; as {@link #outbound}. */
  public InboundSecurityAssociation inbound(
      HandoverMessage initiate, Ipv6Address from, Ipv6Address to) {
    SecurityAssociationParameters parameters = parameters(initiate, from, to);
    try {
      return InboundSecurityAssociation.fresh(parameters, LIMITS);
    } finally {
      parameters.destroy();
    }
  }

  private SecurityAssociationParameters parameters(
      HandoverMessage initiate, Ipv6Address from, Ipv6Address to) {
    byte[] material = expand(initiate, from, to);
    try {
      return new SecurityAssociationParameters(
          initiate.spi(), SUITE, IntegrityAlgorithm.NONE, material, NO_KEY, true,
          REPLAY_WINDOW);
    } finally {
      Arrays.fill(material, (byte) 0);
    }
  }

  /** RFC 5869 §2.2, §2.3: extract with the nonce for a salt, expand to two blocks at most. */
  private byte[] expand(HandoverMessage initiate, Ipv6Address from, Ipv6Address to) {
    byte[] extracted = hmac(initiate.nonce(), key);
    ByteBuffer spi = ByteBuffer.allocate(Integer.BYTES).putInt(0, initiate.spi());
    byte[][] info = {
      ESP_LABEL, octets(from), octets(to), octets(initiate.homeAddress()), spi.array()
    };
    byte[] first = hmac(extracted, info[0], info[1], info[2], info[3], info[4], new byte[] {1});
    byte[] second =
        hmac(extracted, first, info[0], info[1], info[2], info[3], info[4], new byte[] {2});
    byte[] material = Arrays.copyOf(first, SUITE.keyOctets());
    System.arraycopy(second, 0, material, first.length, material.length - first.length);
    Arrays.fill(extracted, (byte) 0);
    Arrays.fill(first, (byte) 0);
    Arrays.fill(second, (byte) 0);
    return material;
  }

  /** Overwrites the key; not to be used afterwards. */
  public void destroy() {
    Arrays.fill(key, (byte) 0);
    Arrays.fill(macKey, (byte) 0);
  }
}
