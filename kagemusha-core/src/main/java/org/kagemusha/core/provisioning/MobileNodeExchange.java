package org.kagemusha.core.provisioning;

import java.nio.ByteBuffer;
import java.util.random.RandomGenerator;

/**
 * The mobile node's side of one communication session, RFC 6618 §5.3 and §5.8: octets of the TLS
 * connection in, octets out. For one thread.
 */
public final class MobileNodeExchange {

  /** What is to be done next. */
  public sealed interface Step {

    /** The peer's message is not whole yet. */
    record More() implements Step {}

    /** Send these octets. */
    record Send(byte[] octets) implements Step {}

    /** The session is over: these are the keys. The receiver destroys them in the end. */
    record Granted(Grant grant) implements Step {}

    /**
     * The session is over without keys.
     *
     * @param status what the controller said, or null if what it sent cannot be understood
     * @param reason for the log
     * @param retryAfterSeconds when to ask again (§5.5.6), or 0 if it did not say
     */
    record Failed(StatusCode status, String reason, int retryAfterSeconds) implements Step {}
  }

  /**
   * Prepares a session.
   *
   * @param random makes mn-rand
   */
  public MobileNodeExchange(ProvisioningRequest request, RandomGenerator random) {
    throw new IllegalStateException("skeleton");
  }

  /** The first request. */
  public byte[] start() {
    throw new IllegalStateException("skeleton");
  }

  /** Takes what has come, any part of a message. */
  public Step onOctets(ByteBuffer received) {
    throw new IllegalStateException("skeleton");
  }
}
