package org.kagemusha.tap.ipsecmb;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bursts of each thread: made, and tested with known answers, when it has the first packets to
 * gather. Where the library has none, or they fail, packets are done one by one.
 */
final class GcmBursts {

  private static final Logger log = LoggerFactory.getLogger(GcmBursts.class);
  private static final ThreadLocal<GcmBursts> OF_THREAD = ThreadLocal.withInitial(GcmBursts::new);

  private static volatile boolean available;
  private static volatile boolean sessions;

  private GcmBurst sealing;
  private GcmBurst opening;

  private GcmBursts() {}

  /** Looks for the functions in a library; whether it has them and its version is known. */
  static boolean bind(String file, IpsecMbVersion version, InstructionSet instructions) {
    available = false;
    if (version.number() < JobManager.FIRST_VERSION
        || version.number() > JobManager.LAST_VERSION) {
      return false;
    }
    sessions = version.number() >= JobManager.FIRST_WITH_SESSIONS;
    try {
      JobManager.bind(file, instructions);
      if (sessions) {
        JobManager.Session.bind(file);
      }
      available = true;
    } catch (LinkageError e) {
      log.debug("cipher library has no bursts file={}", file, e);
    }
    return available;
  }

  /** Whether packets may be gathered. */
  static boolean areAvailable() {
    return available;
  }

  /** What this thread gathers packets in that are to be sealed, or null. */
  static GcmBurst sealing() {
    if (!available) {
      return null;
    }
    GcmBursts own = OF_THREAD.get();
    if (own.sealing == null) {
      own.sealing = tested(true);
    }
    return own.sealing;
  }

  /** What this thread gathers packets in that are to be opened, or null. */
  static GcmBurst opening() {
    if (!available) {
      return null;
    }
    GcmBursts own = OF_THREAD.get();
    if (own.opening == null) {
      own.opening = tested(false);
    }
    return own.opening;
  }

  /** A new burst; null, and no more are made, if it does not do what the other functions do. */
  private static GcmBurst tested(boolean encrypts) {
    try {
      GcmBurst burst = new GcmBurst(encrypts, sessions);
      if (BurstKnownAnswers.pass(burst, encrypts)) {
        return burst;
      }
      log.warn("cipher library fails self-test engine=ipsec-mb part=bursts");
    } catch (IllegalStateException e) {
      log.warn("cipher library bursts not used engine=ipsec-mb cause={}", e.getMessage());
    }
    available = false;
    return null;
  }
}
