package org.kagemusha.daemon.provision;

import java.security.cert.CertificateException;
import java.util.Locale;
import javax.net.ssl.SSLException;

/** What the failure of a TLS connection means, in one line. */
final class TlsFailure {

  private static final String ALERT = "Received fatal alert: ";

  private TlsFailure() {}

  /**
   * In words.
   *
   * @param peer the other end: {@code the controller}
   */
  static String words(Throwable failure, String peer) {
    Throwable tls = null;
    Throwable last = failure;
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof CertificateException) {
        // The outermost one says whose certificate it is and why it was refused.
        return peer + "'s " + message(cause);
      }
      if (cause instanceof SSLException && tls == null) {
        tls = cause;
      }
      last = cause;
    }
    if (tls == null) {
      return message(last);
    }
    String text = message(tls);
    int alert = text.lastIndexOf(ALERT);
    if (alert >= 0) {
      return alert(text.substring(alert + ALERT.length()).toLowerCase(Locale.ROOT), peer);
    }
    return "TLS with " + peer + " failed: " + text;
  }

  /** Says whether TLS failed only since the connection was closed. */
  static boolean isClosed(Throwable failure) {
    return message(failure).startsWith("Connection closed while");
  }

  /** RFC 8446 §6.2. */
  private static String alert(String name, String peer) {
    String accepts = peer + " does not accept our certificate: ";
    return switch (name) {
      case "certificate_expired" -> accepts + "it has expired, or is not valid yet, by its clock";
      case "certificate_revoked" -> accepts + "it was revoked";
      case "unknown_ca" -> accepts + "it trusts none of the authorities behind it";
      case "bad_certificate" -> accepts + "it is damaged or was not shown (bad_certificate)";
      case "unsupported_certificate" -> accepts + "it is not of a kind or for a use that will do";
      case "certificate_required" -> peer + " demands a certificate and was shown none";
      case "certificate_unknown" -> accepts + "its log says why (certificate_unknown)";
      case "access_denied" -> peer + " knows our certificate but denies access";
      case "protocol_version" -> peer + " does not speak TLS 1.3";
      case "handshake_failure" ->
          peer + " has no TLS cipher suite or signature algorithm in common with us";
      case "unrecognized_name" -> peer + " does not have the name that we ask for";
      default -> peer + " ended the TLS connection: alert " + name;
    };
  }

  private static String message(Throwable cause) {
    String text = cause.getMessage();
    return text == null || text.isBlank() ? cause.getClass().getSimpleName() : text;
  }
}
