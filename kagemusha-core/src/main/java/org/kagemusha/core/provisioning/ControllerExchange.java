package org.kagemusha.core.provisioning;

import java.nio.ByteBuffer;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * The controller's side of one communication session, RFC 6618 §5.3 and §5.8: octets of the TLS
 * connection in, octets out. For one thread.
 */
public final class ControllerExchange {

  /** What is to be done next. */
  public sealed interface Step {

    /** The peer's message is not whole yet. */
    record More() implements Step {}

    /** Send these octets, and if they are the last ones, close the connection. */
    record Send(byte[] octets, boolean last) implements Step {}

    /** The request is whole: decide, and give the decision to {@link #answer}. */
    record Decide(ProvisioningRequest request) implements Step {}
  }

  /**
   * Begins a session with an authenticated peer.
   *
   * @param random makes hac-rand
   * @param wallMs milliseconds since 1970, for the dates in the answer
   */
  public ControllerExchange(PeerIdentity peer, RandomGenerator random, LongSupplier wallMs) {
    throw new IllegalStateException("skeleton");
  }

  /**
   * Takes what has come, any part of a message or more than one; what is read is consumed, and
   * overwritten by nothing.
   */
  public Step onOctets(ByteBuffer received) {
    throw new IllegalStateException("skeleton");
  }

  /** The last response of the session; the caller overwrites it when it is sent. */
  public byte[] answer(ControllerDecision decision) {
    throw new IllegalStateException("skeleton");
  }
}
