package org.kagemusha.daemon.config;

import java.nio.file.Path;

/**
 * What TLS needs; the files of a libvirt or QEMU installation will do.
 *
 * @param authority the certificates of the authorities that are trusted, PEM
 * @param certificate this host's certificate, and intermediate ones behind it, PEM
 * @param key its private key, PEM
 * @param revoked certificate revocation lists of the authorities, PEM or DER, or null for none
 */
public record TlsFiles(Path authority, Path certificate, Path key, Path revoked) {}
