package org.kagemusha.daemon.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Set;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.openssl.PEMEncryptedKeyPair;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;

/** Private keys in PEM: PKCS #8 (RFC 5958), PKCS #1 (RFC 8017 appendix A.1.2), SEC 1 (RFC 5915). */
final class PrivateKeyFile {

  private static final String HOLDS = "a private key";

  /** RFC 8446 §4.2.3: the curves that TLS 1.3 signs with. */
  private static final Set<ASN1ObjectIdentifier> CURVES =
      Set.of(
          SECObjectIdentifiers.secp256r1,
          SECObjectIdentifiers.secp384r1,
          SECObjectIdentifiers.secp521r1);

  private PrivateKeyFile() {}

  /**
   * Reads a key.
   *
   * @param guarded whether systemd guards the file, whatever its mode says
   */
  static PrivateKey read(Path path, boolean guarded) throws CredentialException {
    CredentialFile file = CredentialFile.read(path, HOLDS);
    if (!guarded) {
      refuseReadableByOthers(path);
    }
    try {
      return parse(file);
    } finally {
      Arrays.fill(file.octets(), (byte) 0);
    }
  }

  private static void refuseReadableByOthers(Path path) throws CredentialException {
    try {
      Set<PosixFilePermission> mode = Files.getPosixFilePermissions(path);
      if (mode.contains(PosixFilePermission.GROUP_READ)
          || mode.contains(PosixFilePermission.OTHERS_READ)) {
        throw new CredentialException(
            path + ": others than its owner can read this private key; expected mode 0600 (chmod"
                + " 600 " + path + ")");
      }
    } catch (IOException e) {
      throw new CredentialException(path + ": cannot tell who may read this private key", e);
    }
  }

  private static PrivateKey parse(CredentialFile file) throws CredentialException {
    String other = null;
    try (PEMParser parser = new PEMParser(file.reader())) {
      for (Object found = parser.readObject(); found != null; found = parser.readObject()) {
        if (found instanceof PEMKeyPair pair) {
          return key(file, pair.getPrivateKeyInfo());
        } else if (found instanceof PrivateKeyInfo info) {
          return key(file, info);
        } else if (found instanceof PEMEncryptedKeyPair
            || found instanceof PKCS8EncryptedPrivateKeyInfo) {
          throw file.wrongType(
              "a private key that is encrypted by a password, which a daemon cannot ask for"
                  + " (openssl pkey -in FILE -out NEW takes it off)");
        }
        other = "something else (" + found.getClass().getSimpleName() + ")";
      }
    } catch (IOException | RuntimeException e) {
      throw file.broken(e);
    }
    throw other == null ? new CredentialException(file.noBlock()) : file.wrongType(other);
  }

  private static PrivateKey key(CredentialFile file, PrivateKeyInfo info)
      throws CredentialException {
    ASN1ObjectIdentifier algorithm = info.getPrivateKeyAlgorithm().getAlgorithm();
    String name;
    if (algorithm.equals(PKCSObjectIdentifiers.rsaEncryption)) {
      name = "RSA";
    } else if (algorithm.equals(PKCSObjectIdentifiers.id_RSASSA_PSS)) {
      name = "RSASSA-PSS";
    } else if (algorithm.equals(X9ObjectIdentifiers.id_ecPublicKey)) {
      if (!CURVES.contains(info.getPrivateKeyAlgorithm().getParameters())) {
        throw unsuitable(file, "an EC key on another curve");
      }
      name = "EC";
    } else if (algorithm.equals(EdECObjectIdentifiers.id_Ed25519)
        || algorithm.equals(EdECObjectIdentifiers.id_Ed448)) {
      // Java's TLS (17) signs with neither.
      throw unsuitable(file, "an EdDSA key");
    } else {
      throw unsuitable(file, "a key of algorithm " + algorithm);
    }
    byte[] encoded = null;
    try {
      encoded = info.getEncoded();
      return KeyFactory.getInstance(name).generatePrivate(new PKCS8EncodedKeySpec(encoded));
    } catch (IOException | GeneralSecurityException e) {
      throw file.broken(e);
    } finally {
      if (encoded != null) {
        Arrays.fill(encoded, (byte) 0);
      }
    }
  }

  private static CredentialException unsuitable(CredentialFile file, String found) {
    return new CredentialException(
        file.path() + ": found " + found + ", which cannot be used here; expected EC P-256, P-384"
            + " or P-521, or RSA");
  }
}
