package org.kagemusha.core.provisioning;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The controller's side of one communication session, RFC 6618 §5.3 and §5.8: octets of the TLS
 * connection in, octets out. Whatever the peer sends, it gets one last response at most, and
 * nothing is read after that. For one thread.
 */
public final class ControllerExchange {

  private static final Logger log = LoggerFactory.getLogger(ControllerExchange.class);
  private static final long MS_PER_SECOND = 1000;

  /** What is to be done next. */
  public sealed interface Step {

    /** The peer's message is not whole yet, or nothing more is read. */
    record More() implements Step {}

    /** Send these octets, and if they are the last ones, close the connection. */
    record Send(byte[] octets, boolean last) implements Step {}

    /** The request is whole: decide, and give the decision to {@link #answer}. */
    record Decide(ProvisioningRequest request) implements Step {}
  }

  private enum State {
    AWAITING_INIT,
    AWAITING_DONE,
    DECIDING,
    OVER
  }

  private final PeerIdentity peer;
  private final RandomGenerator random;
  private final LongSupplier wallMs;
  private final MessageContainer container = new MessageContainer();
  private State state = State.AWAITING_INIT;
  private String mobileNodeId;
  private byte[] mnRand;
  private byte[] hacRand;
  private boolean outOfStep;
  private String problem;

  /**
   * Begins a session with an authenticated peer.
   *
   * @param random makes hac-rand
   * @param wallMs milliseconds since 1970, for the dates in the answer
   */
  public ControllerExchange(PeerIdentity peer, RandomGenerator random, LongSupplier wallMs) {
    this.peer = peer;
    this.random = random;
    this.wallMs = wallMs;
  }

  /**
   * Takes what has come, any part of a message or more than one; all of it is consumed, and
   * overwritten by nothing. The protocol is lockstep (§5.3): octets that come before the answer to
   * a request end the session with status 400. If a decision is awaited then, {@link #answer} gives
   * that status in place of it.
   */
  public Step onOctets(ByteBuffer received) {
    if (state == State.OVER || state == State.DECIDING) {
      outOfStep |= received.hasRemaining();
      received.position(received.limit());
      return new Step.More();
    }
    MessageContainer.State reached = container.take(received);
    boolean more = received.hasRemaining();
    received.position(received.limit());
    if (reached == MessageContainer.State.MORE) {
      return new Step.More();
    }
    if (reached == MessageContainer.State.WRONG) {
      return refuse(StatusCode.BAD_REQUEST, container.problem());
    }
    if (more) {
      return refuse(StatusCode.BAD_REQUEST, "more than one request at a time");
    }
    TvReader reader = container.content();
    return state == State.AWAITING_INIT ? onInit(reader) : onDone(reader);
  }

  private Step onInit(TvReader reader) {
    RequestMessages.Init init = RequestMessages.readInit(reader);
    if (reader.problem() != null) {
      return refuse(StatusCode.BAD_REQUEST, reader.problem());
    }
    mobileNodeId = init.mobileNodeId();
    mnRand = init.mnRand();
    // §5.5.2: the controller selects exactly one authentication method or returns an error.
    if (!init.methodKnown()) {
      return refuse(StatusCode.NOT_IMPLEMENTED, "auth-method tls was not proposed");
    }
    hacRand = new byte[RequestMessages.RANDOM_OCTETS];
    random.nextBytes(hacRand);
    container.next();
    state = State.AWAITING_DONE;
    return new Step.Send(ResponseMessages.init(mnRand, hacRand), false);
  }

  private Step onDone(TvReader reader) {
    // §5.8: the controller verifies the consistency of the nonces.
    byte[] mnRepeated = reader.octets(TvHeader.MN_RAND, RequestMessages.RANDOM_OCTETS);
    byte[] hacRepeated = reader.octets(TvHeader.HAC_RAND, RequestMessages.RANDOM_OCTETS);
    if (!Arrays.equals(mnRepeated, mnRand) || !Arrays.equals(hacRepeated, hacRand)) {
      reader.problem("mn-rand or hac-rand is not that of this session");
    }
    ProvisioningRequest request = RequestMessages.readDone(reader, mobileNodeId);
    if (reader.problem() != null) {
      return refuse(StatusCode.BAD_REQUEST, reader.problem());
    }
    if (request.suites().isEmpty()) {
      return refuse(StatusCode.NOT_IMPLEMENTED, "no ciphersuite of mip6-suitelist is known");
    }
    state = State.DECIDING;
    return new Step.Decide(request);
  }

  /**
   * The last response of the session; the caller overwrites it when it is sent. The grant's keys
   * are left as they are; if they have been destroyed since it was made, the response is status
   * 503.
   *
   * @throws IllegalStateException if no decision is awaited
   */
  public byte[] answer(ControllerDecision decision) {
    if (state != State.DECIDING) {
      throw new IllegalStateException("no decision is awaited");
    }
    if (outOfStep) {
      return refuse(StatusCode.BAD_REQUEST, "more than one request at a time").octets();
    }
    if (decision instanceof ControllerDecision.Granted granted) {
      return granted(granted.grant());
    }
    ControllerDecision.Refused refused = (ControllerDecision.Refused) decision;
    return last(refused.status(), refused.retryAfterSeconds()).octets();
  }

  private byte[] granted(Grant grant) {
    byte[] octets = ResponseMessages.granted(grant, nowSeconds(), mnRand, hacRand);
    if (Arrays.equals(grant.keyToHomeAgent(), grant.keyToMobileNode())) {
      // The keys were destroyed after the decision: no grant is made with equal ones.
      Arrays.fill(octets, (byte) 0);
      return refuse(StatusCode.SERVICE_UNAVAILABLE, "the keys have ended meanwhile").octets();
    }
    state = State.OVER;
    container.destroy();
    return octets;
  }

  /**
   * Why this end refused the session by itself, without or against a decision; null if it did not.
   * For a log: nothing that the peer wrote is in it.
   */
  public String problem() {
    return problem;
  }

  private Step.Send refuse(StatusCode status, String reason) {
    problem = reason;
    log.warn(
        "provisioning session refused subject=\"{}\" serial={} status={} reason=\"{}\"",
        peer.subject(), peer.serial(), status.code(), reason);
    return last(status, 0);
  }

  private Step.Send last(StatusCode status, int retryAfterSeconds) {
    byte[] octets =
        ResponseMessages.refused(
            container.answerIdentifier(), status, retryAfterSeconds, nowSeconds(), mnRand, hacRand);
    state = State.OVER;
    container.destroy();
    return new Step.Send(octets, true);
  }

  private long nowSeconds() {
    return Math.floorDiv(wallMs.getAsLong(), MS_PER_SECOND);
  }
}
