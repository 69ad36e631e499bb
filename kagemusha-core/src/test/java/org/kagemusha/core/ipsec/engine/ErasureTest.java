package org.kagemusha.core.ipsec.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.bouncycastle.crypto.params.KeyParameter;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.PacketBuffer;

/** Keys that are destroyed are not in memory any more, as far as the libraries let it be so. */
class ErasureTest {

  private static byte[] key(int octets) {
    byte[] key = new byte[octets];
    Arrays.fill(key, (byte) 0x5a);
    return key;
  }

  private static Object field(Object of, String name) throws ReflectiveOperationException {
    Field field = of.getClass().getDeclaredField(name);
    field.setAccessible(true);
    return field.get(of);
  }

  private static boolean isZero(byte[] octets) {
    return Arrays.equals(new byte[octets.length], octets);
  }

  @Test
  void anErasableKeyIsACopyAndBecomesZeros() throws Exception {
    byte[] from = key(36);
    ErasableKey key = new ErasableKey(from, 32, "AES");
    Arrays.fill(from, (byte) 0);
    assertEquals("AES", key.getAlgorithm());
    assertEquals("RAW", key.getFormat());
    assertArrayEquals(key(32), key.getEncoded());
    assertNotSame(key.getEncoded(), key.getEncoded());
    assertFalse(key.isDestroyed());
    key.destroy();
    key.destroy();
    assertTrue(key.isDestroyed());
    assertTrue(isZero((byte[]) field(key, "octets")));
    // A cipher that was initialised with it again would seal with zeros.
    assertThrows(IllegalStateException.class, key::getEncoded);
  }

  @Test
  void anErasableKeyIsWrittenNowhere() throws Exception {
    ErasableKey key = new ErasableKey(key(16), 16, "AES");
    try (ObjectOutputStream stream = new ObjectOutputStream(new ByteArrayOutputStream())) {
      assertThrows(NotSerializableException.class, () -> stream.writeObject(key));
    }
    assertFalse(key.toString().contains("5a5a"));
  }

  @Test
  void theJdksAeadForgetsKeyAndSalt() throws Exception {
    EspCipher cipher =
        new JdkCipherEngine()
            .opening(EspTransform.AES_GCM_16, key(36), new byte[0], true);
    ErasableKey key = (ErasableKey) field(cipher, "key");
    byte[] nonce = (byte[]) field(field(cipher, "framing"), "nonce");
    assertFalse(isZero(nonce));
    cipher.destroy();
    cipher.destroy();
    assertTrue(key.isDestroyed());
    assertTrue(isZero(nonce));
  }

  @Test
  void bouncyCastlesParameterIsOverwritten() throws Exception {
    EspCipher cipher =
        new BouncyCastleCipherEngine()
            .sealing(EspTransform.CHACHA20_POLY1305, key(36), new byte[0], true, null);
    PacketBuffer packet = PacketBuffer.copyOf(new byte[64]);
    cipher.seal(packet, 1);
    byte[] key = ((KeyParameter) field(cipher, "key")).getKey();
    byte[] salt = (byte[]) field(field(cipher, "framing"), "nonce");
    byte[] copied = (byte[]) field(field(cipher, "cipher"), "key");
    assertArrayEquals(key(32), copied);
    cipher.destroy();
    cipher.destroy();
    assertTrue(isZero(key));
    assertTrue(isZero(salt));
    assertTrue(isZero(copied));
  }

  /** The libraries expand keys and keep copies; what their ciphers refer to is looked through. */
  @Test
  void noCipherRefersToItsKeyAnyMore() throws Exception {
    Process witness =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-opens", "java.base/com.sun.crypto.provider=ALL-UNNAMED",
                "--add-opens", "java.base/javax.crypto=ALL-UNNAMED",
                "-cp", System.getProperty("java.class.path"), ErasureWitness.class.getName())
            .redirectErrorStream(true)
            .start();
    String lines =
        new String(witness.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertEquals(0, witness.waitFor(), lines);
    assertTrue(lines.lines().count() >= 10, lines);
    for (String line : lines.lines().toList()) {
      assertTrue(line.endsWith(" left []") && !line.startsWith("NOT FOUND"), lines);
    }
  }

  @Test
  void theHmacForgetsItsPads() throws Exception {
    EspCipher cipher =
        new JdkCipherEngine()
            .opening(EspTransform.AES_CBC_HMAC_SHA2_256_128, key(16), key(32), true);
    Object hmac = field(cipher, "hmac");
    cipher.destroy();
    cipher.destroy();
    assertTrue(isZero((byte[]) field(hmac, "inner")));
    assertTrue(isZero((byte[]) field(hmac, "outer")));
  }
}
