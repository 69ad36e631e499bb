package org.kagemusha.daemon.tls;

/** Credentials that cannot be used; the message tells the file, what is wrong and what would do. */
public final class CredentialException extends Exception {

  private static final long serialVersionUID = 1L;

  /** With what is wrong. */
  public CredentialException(String message) {
    super(message);
  }

  /** With what is wrong, and what made it known. */
  public CredentialException(String message, Throwable cause) {
    super(message, cause);
  }
}
