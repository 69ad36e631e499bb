package org.kagemusha.core.ipsec.engine;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.modes.ChaCha20Poly1305;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.crypto.params.ParametersWithIV;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * ChaCha20-Poly1305 (RFC 7634) by Bouncy Castle's lightweight interface. Allocates the parameters
 * of each packet, about 200 octets; a forged packet costs an exception as well.
 */
final class BouncyCastleChaCha20Poly1305 implements EspCipher {

  private final AeadFraming framing;
  private ChaCha20Poly1305 cipher = new ChaCha20Poly1305();
  private KeyParameter key;

  BouncyCastleChaCha20Poly1305(byte[] keyMaterial, boolean extended) {
    framing = new AeadFraming(keyMaterial, extended);
    // The parameter copies its part of the array, and its array can be overwritten.
    key = new KeyParameter(keyMaterial, 0, keyMaterial.length - AeadFraming.SALT_OCTETS);
  }

  @Override
  public void seal(PacketBuffer packet, long sequence) {
    // RFC 7634 §2: the IV need not be unpredictable, but never be used twice under one key.
    packet.bytes().putLong(packet.offset() + EspTransform.HEADER_OCTETS, sequence);
    int body = packet.length() - AeadFraming.BODY - AeadFraming.ICV_OCTETS;
    try {
      run(true, packet, body, sequence);
    } catch (InvalidCipherTextException e) {
      throw new IllegalStateException("sealing failed", e);
    }
  }

  @Override
  public boolean open(PacketBuffer packet, long sequence) {
    try {
      run(false, packet, packet.length() - AeadFraming.BODY, sequence);
    } catch (InvalidCipherTextException e) {
      return false;
    }
    return true;
  }

  @Override
  public void destroy() {
    if (cipher == null) {
      return;
    }
    Arrays.fill(key.getKey(), (byte) 0);
    framing.destroy();
    // The cipher copied the key: another one takes its place.
    cipher.init(false, new ParametersWithIV(key, new byte[AeadFraming.NONCE_OCTETS]));
    cipher = null;
    key = null;
  }

  private void run(boolean sealing, PacketBuffer packet, int count, long sequence)
      throws InvalidCipherTextException {
    Workspace workspace = Workspace.ofThisThread();
    workspace.reserve(packet.length());
    byte[] input = workspace.input();
    byte[] output = workspace.output();
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    bytes.get(at, input, 0, AeadFraming.BODY + count);
    cipher.init(sealing, new ParametersWithIV(key, framing.nonce(input)));
    byte[] associated = framing.associated(input, sequence);
    cipher.processAADBytes(associated, 0, associated.length);
    int written = cipher.processBytes(input, AeadFraming.BODY, count, output, 0);
    written += cipher.doFinal(output, written);
    bytes.put(at + AeadFraming.BODY, output, 0, written);
  }
}
