package org.kagemusha.daemon.qmp;

/** The other end does not speak QMP, or refuses to; the message is for one log line. */
final class QmpException extends Exception {

  private static final long serialVersionUID = 1L;

  QmpException(String message) {
    super(message);
  }
}
