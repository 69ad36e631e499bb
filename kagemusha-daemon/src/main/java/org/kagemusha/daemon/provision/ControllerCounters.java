package org.kagemusha.daemon.provision;

import java.util.Locale;
import java.util.concurrent.atomic.AtomicLongArray;

/** What the controller counts; written by its thread, read by any. */
public final class ControllerCounters {

  /** One count each. */
  public enum Event {
    /** Connections that were accepted. */
    CONNECTIONS("connections accepted"),
    /** Connections that were closed at once, since all places were taken. */
    CONNECTIONS_REFUSED("connections refused for want of a place"),
    /** Connections that were closed for a newcomer before they were authenticated. */
    CONNECTIONS_DISPLACED("connections closed for a newcomer before they were authenticated"),
    /** Connections on which no whole ClientHello came in time. */
    CONNECTIONS_SILENT("connections on which no ClientHello came in time"),
    /** Connections that began with something else than a ClientHello. */
    NOT_TLS("connections that did not begin with a ClientHello"),
    /** TLS handshakes that were begun. */
    HANDSHAKES("TLS handshakes begun"),
    /** TLS handshakes that had to wait for their turn. */
    HANDSHAKES_DELAYED("TLS handshakes that had to wait"),
    /** TLS handshakes that the limit did not let begin. */
    HANDSHAKES_LIMITED("TLS handshakes refused by the limit"),
    /** TLS handshakes that failed. */
    HANDSHAKES_FAILED("TLS handshakes that failed"),
    /** Sessions that ended with keys. */
    GRANTED("sessions that ended with keys"),
    /** Sessions of authenticated peers that ended with a refusal. */
    REFUSED("sessions of authenticated peers that were refused"),
    /** Sessions of authenticated peers that sent something that cannot be understood. */
    MALFORMED("sessions with a message that cannot be understood"),
    /** Sessions of authenticated peers that did not end in time, or were broken off. */
    UNFINISHED("sessions that were broken off or took too long");

    private final String help;

    Event(String help) {
      this.help = help;
    }

    /** What is counted, for {@code status} and the metrics page. */
    public String help() {
      return help;
    }

    /** For the metrics page and JSON; stable. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final AtomicLongArray counts = new AtomicLongArray(Event.values().length);

  /** All zero. */
  public ControllerCounters() {}

  void add(Event event) {
    counts.incrementAndGet(event.ordinal());
  }

  /** The count since the start. */
  public long get(Event event) {
    return counts.get(event.ordinal());
  }
}
