package org.kagemusha.daemon.config;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.tomlj.Toml;
import org.tomlj.TomlParseResult;

/**
 * Finds the four keys of an association: inline, in a file of their own, or in a systemd
 * credential. A file that others than its owner can read is refused.
 */
final class KeyReader {

  private static final List<String> KEYS =
      List.of("encryption-key-out", "integrity-key-out", "encryption-key-in", "integrity-key-in");
  private static final int LARGEST_KEY_FILE = 65_536;

  private final Path file;
  private final Path credentialsDirectory;
  private final Problems problems;

  /**
   * @param file the configuration file
   * @param credentialsDirectory {@code $CREDENTIALS_DIRECTORY}, or null
   */
  KeyReader(Path file, Path credentialsDirectory, Problems problems) {
    this.file = file;
    this.credentialsDirectory = credentialsDirectory;
    this.problems = problems;
  }

  /** The keys; empty arrays where a problem was noted. */
  AssociationKeys read(
      Section section, EncryptionAlgorithm encryption, IntegrityAlgorithm integrity) {
    Path keyFile =
        section.parsed("key-file", null, "a path", text -> file.resolveSibling(Path.of(text)));
    String credential =
        section.parsed("key-credential", null, "the name of a credential", KeyReader::credential);
    boolean inline = KEYS.stream().filter(section::has).count() > 0;
    int sources = (inline ? 1 : 0) + (keyFile == null ? 0 : 1) + (credential == null ? 0 : 1);
    if (sources > 1) {
      section.problem(
          keyFile != null ? "key-file" : "key-credential",
          "found keys in more than one place; expected them inline, or key-file, or"
              + " key-credential");
      return none();
    }
    if (keyFile != null) {
      return fromFile(section, "key-file", keyFile, true, encryption, integrity);
    }
    if (credential != null) {
      if (credentialsDirectory == null) {
        section.problem(
            "key-credential",
            "found \"" + credential + "\", but there is no $CREDENTIALS_DIRECTORY; expected to be"
                + " started by systemd with LoadCredential=");
        return none();
      }
      // systemd guards its credentials itself: root or the service's user only.
      return fromFile(
          section, "key-credential", credentialsDirectory.resolve(credential), false, encryption,
          integrity);
    }
    if (inline) {
      refuseReadableByOthers(section, KEYS.stream().filter(section::has).findFirst().get(), file);
    }
    return keys(section, encryption, integrity);
  }

  /** Leaves the keys of a section unread, since it is refused for another reason. */
  static AssociationKeys skip(Section section) {
    KEYS.forEach(section::has);
    section.has("key-file");
    section.has("key-credential");
    return none();
  }

  private AssociationKeys fromFile(
      Section section,
      String key,
      Path path,
      boolean checkMode,
      EncryptionAlgorithm encryption,
      IntegrityAlgorithm integrity) {
    if (checkMode) {
      refuseReadableByOthers(section, key, path);
    }
    try {
      if (Files.size(path) > LARGEST_KEY_FILE) {
        section.problem(key, "found a file of more than 64 KiB: " + path);
        return none();
      }
      TomlParseResult parsed = Toml.parse(Files.readString(path));
      if (parsed.hasErrors()) {
        // The parser's own words would quote the line, and with it a key.
        int line = parsed.errors().get(0).position().line();
        problems.add(
            path, line, "", "not TOML; expected lines such as integrity-key-out = \"HEX\"");
        return none();
      }
      Section keys = new Section(path, parsed, "", 1, problems);
      AssociationKeys read = keys(keys, encryption, integrity);
      keys.finish();
      return read;
    } catch (MalformedInputException e) {
      section.problem(key, "found a file that is not UTF-8 text: " + path);
    } catch (IOException e) {
      section.problem(key, "cannot read " + path + ": " + FileErrors.reason(e));
    }
    return none();
  }

  private void refuseReadableByOthers(Section section, String key, Path path) {
    try {
      Set<PosixFilePermission> mode = Files.getPosixFilePermissions(path);
      if (mode.contains(PosixFilePermission.GROUP_READ)
          || mode.contains(PosixFilePermission.OTHERS_READ)) {
        section.problem(
            key,
            "found keys in " + path + ", which others than its owner can read; expected mode 0600"
                + " (chmod 600 " + path + ")");
      }
    } catch (IOException | UnsupportedOperationException e) {
      // What cannot be examined cannot be read either; reading it tells why.
      return;
    }
  }

  private AssociationKeys keys(
      Section section, EncryptionAlgorithm encryption, IntegrityAlgorithm integrity) {
    int cipherOctets = encryption.keyOctets();
    int hashOctets = integrity.keyOctets();
    return new AssociationKeys(
        key(section, "encryption-key-out", cipherOctets),
        key(section, "integrity-key-out", hashOctets),
        key(section, "encryption-key-in", cipherOctets),
        key(section, "integrity-key-in", hashOctets));
  }

  private byte[] key(Section section, String key, int octets) {
    String text = section.text(key, null);
    String expected =
        octets == 0
            ? "none for this algorithm"
            : octets * 2 + " hexadecimal digits (" + octets * 8 + " bits)";
    if (text == null) {
      if (octets > 0 && !section.has(key)) {
        section.problem(key, "missing; expected " + expected);
      }
      return new byte[0];
    }
    String digits = text.startsWith("0x") ? text.substring(2) : text;
    if (digits.matches("[0-9A-Fa-f]*") && digits.length() == octets * 2) {
      return HexFormat.of().parseHex(digits);
    }
    boolean hex = digits.matches("[0-9A-Fa-f]*");
    section.problem(
        key,
        "found " + digits.length() + (hex ? " hexadecimal digits" : " characters, not all of them"
            + " hexadecimal digits") + "; expected " + expected);
    return new byte[0];
  }

  private static String credential(String name) {
    if (!name.matches(OperatingConfig.NAME_PATTERN)) {
      throw new IllegalArgumentException("not a credential's name");
    }
    return name;
  }

  private static AssociationKeys none() {
    return new AssociationKeys(new byte[0], new byte[0], new byte[0], new byte[0]);
  }
}
