package org.kagemusha.daemon.tls;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.util.io.pem.PemObject;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which certificates the authorities have revoked, RFC 5280 §5.
 *
 * <p>A list whose time has passed (nextUpdate, RFC 5280 §5.1.2.5) still counts, and is logged: who
 * was revoked stays revoked, while to refuse everybody for want of a newer list would take the VMs
 * of all hosts off the network for a neglected errand, and to ignore it would let the revoked in.
 */
final class RevocationLists {

  private static final Logger log = LoggerFactory.getLogger(RevocationLists.class);

  private static final String HOLDS = "certificate revocation lists";
  private static final String TYPE = "X509 CRL";

  private record Entry(String issuer, String serial) {}

  private final Set<Entry> entries;

  private RevocationLists(Set<Entry> entries) {
    this.entries = entries;
  }

  /** Nothing is revoked. */
  static RevocationLists none() {
    return new RevocationLists(Set.of());
  }

  /** Reads lists, each signed by one of the authorities; PEM with several, or DER with one. */
  static RevocationLists read(Path path, Collection<X509Certificate> authorities, Instant now)
      throws CredentialException {
    CredentialFile file = CredentialFile.read(path, HOLDS);
    Set<Entry> entries = new HashSet<>();
    for (X509CRL list : parse(file)) {
      requireSigned(file, list, authorities);
      requireWhole(file, list);
      warnOfTime(path, list, now);
      X500Principal issuer = list.getIssuerX500Principal();
      for (X509CRLEntry revoked :
          list.getRevokedCertificates() == null
              ? Set.<X509CRLEntry>of()
              : list.getRevokedCertificates()) {
        String serial = revoked.getSerialNumber().toString(16);
        entries.add(new Entry(PeerIdentities.name(issuer), serial));
        entries.add(new Entry(issuer.getName(X500Principal.CANONICAL), serial));
      }
    }
    return new RevocationLists(entries);
  }

  /** Says whether a certificate is revoked. */
  boolean contain(X509Certificate certificate) {
    return contain(certificate.getIssuerX500Principal(), certificate.getSerialNumber());
  }

  private boolean contain(X500Principal issuer, BigInteger serial) {
    return entries.contains(
        new Entry(issuer.getName(X500Principal.CANONICAL), serial.toString(16)));
  }

  /**
   * Says whether a certificate is revoked.
   *
   * @param issuer RFC 4514
   * @param serial hexadecimal, lower case
   */
  boolean contain(String issuer, String serial) {
    if (entries.contains(new Entry(issuer, serial))) {
      return true;
    }
    try {
      // RFC 5280 §7.1: names are compared without regard to case and repeated spaces.
      return contain(new X500Principal(issuer), new BigInteger(serial, 16));
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static List<X509CRL> parse(CredentialFile file) throws CredentialException {
    List<X509CRL> lists = new ArrayList<>();
    if (file.looksLikeDer()) {
      lists.add(list(file, file.octets()));
      return lists;
    }
    String other = "";
    for (PemObject block : file.blocks()) {
      if (block.getType().equals(TYPE)) {
        lists.add(list(file, block.getContent()));
      } else {
        other = block.getType();
      }
    }
    if (lists.isEmpty()) {
      throw file.wrongType("a PEM block of type " + other);
    }
    return lists;
  }

  private static X509CRL list(CredentialFile file, byte[] der) throws CredentialException {
    try {
      return (X509CRL)
          CertificateFactory.getInstance("X.509").generateCRL(new ByteArrayInputStream(der));
    } catch (GeneralSecurityException | RuntimeException e) {
      throw file.broken(e);
    }
  }

  /**
   * The bit cRLSign of RFC 5280 §4.2.1.3 is not demanded: an authority made as libvirt's
   * documentation says does not have it, and who may make certificates may surely revoke them.
   */
  private static void requireSigned(
      CredentialFile file, X509CRL list, Collection<X509Certificate> authorities)
      throws CredentialException {
    for (X509Certificate authority : authorities) {
      if (authority.getSubjectX500Principal().equals(list.getIssuerX500Principal())
          && verifies(list, authority)) {
        return;
      }
    }
    throw new CredentialException(
        file.path() + ": none of the authorities in force has signed the revocation list of "
            + PeerIdentities.name(list.getIssuerX500Principal())
            + "; expected lists of the authorities that are trusted here");
  }

  private static boolean verifies(X509CRL list, X509Certificate authority) {
    try {
      list.verify(authority.getPublicKey());
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /**
   * RFC 5280 §5.2: "If a CRL contains a critical extension that the application cannot process,
   * then the application MUST NOT use that CRL to determine the status of certificates." Such are
   * delta lists, and lists for some certificates only or of other issuers.
   */
  private static void requireWhole(CredentialFile file, X509CRL list) throws CredentialException {
    Set<String> critical = list.getCriticalExtensionOIDs();
    if (critical != null && !critical.isEmpty()) {
      throw new CredentialException(
          file.path() + ": the revocation list of "
              + PeerIdentities.name(list.getIssuerX500Principal())
              + " is not a complete one (critical extensions " + critical
              + "); expected the complete list");
    }
  }

  private static void warnOfTime(Path path, X509CRL list, Instant now) {
    Date next = list.getNextUpdate();
    if (next != null && next.toInstant().isBefore(now)) {
      log.warn(
          "revocation list outdated, it still counts file={} issuer={} nextUpdate={}",
          path,
          PeerIdentities.name(list.getIssuerX500Principal()),
          next.toInstant());
    } else if (list.getThisUpdate().toInstant().isAfter(now)) {
      log.warn(
          "revocation list from the future, it still counts file={} issuer={} thisUpdate={}",
          path,
          PeerIdentities.name(list.getIssuerX500Principal()),
          list.getThisUpdate().toInstant());
    }
  }

  /** The list in a file, for whoever signs its successor. */
  static X509CRL single(Path path) throws CredentialException {
    List<X509CRL> lists = parse(CredentialFile.read(path, HOLDS));
    if (lists.size() != 1) {
      throw new CredentialException(path + ": found several revocation lists; expected one");
    }
    return lists.get(0);
  }
}
