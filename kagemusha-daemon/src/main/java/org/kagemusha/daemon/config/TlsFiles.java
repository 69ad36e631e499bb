package org.kagemusha.daemon.config;

import java.nio.file.Path;

/**
 * What TLS needs; the files of a libvirt or QEMU installation will do. They are not opened here.
 *
 * @param authority the certificates of the authorities that are trusted, PEM
 * @param certificate this host's certificate, and intermediate ones behind it, PEM
 * @param key its private key, PEM
 * @param revoked certificate revocation lists of the authorities, PEM or DER, or null for none
 */
public record TlsFiles(Path authority, Path certificate, Path key, Path revoked) {

  private static final Path AUTHORITY = Path.of("/etc/pki/CA/cacert.pem");
  private static final Path LIBVIRT = Path.of("/etc/pki/libvirt");

  /**
   * @param role {@code client} or {@code server}, as libvirt's files are named
   * @param credentials {@code $CREDENTIALS_DIRECTORY}, or null
   */
  static TlsFiles read(Section section, String role, Path credentials) {
    return new TlsFiles(
        file(section, "ca", AUTHORITY, credentials),
        file(section, "certificate", LIBVIRT.resolve(role + "cert.pem"), credentials),
        file(section, "key", LIBVIRT.resolve("private").resolve(role + "key.pem"), credentials),
        file(section, "crl", null, credentials));
  }

  /** A bare name is that of a systemd credential, so that nobody but the service can read it. */
  private static Path file(Section section, String key, Path fallback, Path credentials) {
    Path found =
        section.parsed(
            key, fallback, "an absolute path, or the name of a systemd credential",
            text ->
                text.matches(OperatingConfig.NAME_PATTERN)
                    ? Path.of(text)
                    : OperatingConfig.absolute(text));
    if (found == null || found.isAbsolute()) {
      return found;
    }
    if (credentials == null) {
      section.problem(
          key,
          "found \"" + found + "\", but there is no $CREDENTIALS_DIRECTORY; expected an absolute"
              + " path, or to be started by systemd with LoadCredential=");
      return fallback;
    }
    return credentials.resolve(found);
  }
}
