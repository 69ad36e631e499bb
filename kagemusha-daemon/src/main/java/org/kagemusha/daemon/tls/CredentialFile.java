package org.kagemusha.daemon.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemReader;
import org.kagemusha.daemon.config.FileErrors;

/** The octets of a file with credentials, and the PEM blocks in them, RFC 7468. */
final class CredentialFile {

  private static final long LARGEST = 16L << 20;
  private static final int ASN1_SEQUENCE = 0x30;

  private final Path path;
  private final String holds;
  private final byte[] octets;

  private CredentialFile(Path path, String holds, byte[] octets) {
    this.path = path;
    this.holds = holds;
    this.octets = octets;
  }

  /**
   * Reads a file.
   *
   * @param holds what is expected in it, such as {@code "a private key"}
   */
  static CredentialFile read(Path path, String holds) throws CredentialException {
    byte[] octets;
    try {
      if (Files.size(path) > LARGEST) {
        throw new CredentialException(path + ": found more than 16 MiB; expected " + holds);
      }
      octets = Files.readAllBytes(path);
    } catch (IOException e) {
      throw new CredentialException(
          path + ": " + FileErrors.reason(e) + "; expected " + holds
              + " that this process can read",
          e);
    }
    if (octets.length == 0) {
      throw new CredentialException(path + ": the file is empty; expected " + holds);
    }
    return new CredentialFile(path, holds, octets);
  }

  Path path() {
    return path;
  }

  /** The file's own octets, not a copy. */
  byte[] octets() {
    return octets;
  }

  /** Text around the blocks is allowed, RFC 7468 §2: certtool and openssl write some. */
  List<PemObject> blocks() throws CredentialException {
    List<PemObject> blocks = new ArrayList<>();
    try (PemReader reader = new PemReader(reader())) {
      for (PemObject block = reader.readPemObject(); block != null;
          block = reader.readPemObject()) {
        blocks.add(block);
      }
    } catch (IOException | RuntimeException e) {
      throw broken(e);
    }
    if (blocks.isEmpty()) {
      throw new CredentialException(noBlock());
    }
    return blocks;
  }

  InputStreamReader reader() {
    return new InputStreamReader(new ByteArrayInputStream(octets), StandardCharsets.ISO_8859_1);
  }

  boolean looksLikeDer() {
    return octets[0] == ASN1_SEQUENCE && !text().contains("-----BEGIN ");
  }

  private String text() {
    return new String(octets, StandardCharsets.ISO_8859_1);
  }

  /** What to say of a file without any PEM block. */
  String noBlock() {
    return path + ": found " + (looksLikeDer() ? "DER" : "no PEM block") + "; expected " + holds
        + " in PEM" + (looksLikeDer() ? " (openssl converts with -inform DER)" : "");
  }

  /** What to say of a file whose blocks are of other types. */
  CredentialException wrongType(String found) {
    return new CredentialException(path + ": found " + found + "; expected " + holds + " in PEM");
  }

  CredentialException broken(Exception cause) {
    return new CredentialException(
        path + ": damaged: " + String.valueOf(cause.getMessage()).replaceAll("\\R", " ")
            + "; expected " + holds + " in PEM",
        cause);
  }
}
