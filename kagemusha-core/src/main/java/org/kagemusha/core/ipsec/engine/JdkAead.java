package org.kagemusha.core.ipsec.engine;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.spec.AlgorithmParameterSpec;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.IvParameterSpec;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * AES-GCM (RFC 4106) and ChaCha20-Poly1305 (RFC 7634) by the JDK. Its cipher must be initialised
 * anew for each nonce and leaves about 1 kB of garbage for a packet; a forged packet costs an
 * exception as well.
 */
final class JdkAead implements EspCipher {

  private static final int TAG_BITS = 128;

  private final AeadFraming framing;
  private final ErasableKey key;
  private final boolean gcm;
  private Cipher cipher;

  JdkAead(EspTransform transform, byte[] keyMaterial, boolean extended) {
    framing = new AeadFraming(keyMaterial, extended);
    gcm = transform == EspTransform.AES_GCM_16;
    key =
        new ErasableKey(
            keyMaterial,
            keyMaterial.length - AeadFraming.SALT_OCTETS,
            gcm ? "AES" : "ChaCha20-Poly1305");
    try {
      cipher = Cipher.getInstance(cipherName(transform));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK lacks " + transform, e);
    }
  }

  /** The JDK's name for the cipher of a combined-mode transform. */
  static String cipherName(EspTransform transform) {
    return transform == EspTransform.AES_GCM_16 ? "AES/GCM/NoPadding" : "ChaCha20-Poly1305";
  }

  @Override
  public void seal(PacketBuffer packet, long sequence) {
    Workspace workspace = Workspace.ofThisThread();
    workspace.reserve(packet.length());
    byte[] octets = workspace.input();
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    // RFC 4106 §3.1: the IV is the sequence number, which is never used twice under one key.
    bytes.putLong(at + EspTransform.HEADER_OCTETS, sequence);
    int body = packet.length() - AeadFraming.BODY - AeadFraming.ICV_OCTETS;
    bytes.get(at, octets, 0, AeadFraming.BODY + body);
    try {
      start(Cipher.ENCRYPT_MODE, octets, sequence);
      cipher.doFinal(octets, AeadFraming.BODY, body, octets, AeadFraming.BODY);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("sealing failed", e);
    }
    bytes.put(
        at + AeadFraming.BODY, octets, AeadFraming.BODY, body + AeadFraming.ICV_OCTETS);
  }

  @Override
  public boolean open(PacketBuffer packet, long sequence) {
    Workspace workspace = Workspace.ofThisThread();
    workspace.reserve(packet.length());
    byte[] octets = workspace.input();
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    int count = packet.length() - AeadFraming.BODY;
    bytes.get(at, octets, 0, packet.length());
    try {
      start(Cipher.DECRYPT_MODE, octets, sequence);
      cipher.doFinal(octets, AeadFraming.BODY, count, octets, AeadFraming.BODY);
    } catch (GeneralSecurityException e) {
      return false;
    }
    bytes.put(
        at + AeadFraming.BODY, octets, AeadFraming.BODY, count - AeadFraming.ICV_OCTETS);
    return true;
  }

  @Override
  public void destroy() {
    key.destroy();
    framing.destroy();
    cipher = null;
  }

  private void start(int mode, byte[] octets, long sequence) throws GeneralSecurityException {
    byte[] nonce = framing.nonce(octets);
    try {
      cipher.init(mode, key, parameters(nonce));
    } catch (InvalidKeyException e) {
      if (mode == Cipher.ENCRYPT_MODE) {
        throw e;
      }
      // ChaCha20 refuses the nonce used last even to open, but anybody can send an IV twice.
      nonce[0] ^= 1;
      cipher.init(mode, key, parameters(nonce));
      nonce[0] ^= 1;
      cipher.init(mode, key, parameters(nonce));
    }
    byte[] associated = framing.associated(octets, sequence);
    cipher.updateAAD(associated, 0, associated.length);
  }

  private AlgorithmParameterSpec parameters(byte[] nonce) {
    return gcm ? new GCMParameterSpec(TAG_BITS, nonce) : new IvParameterSpec(nonce);
  }
}
