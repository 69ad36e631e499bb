package org.kagemusha.core.provisioning;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * The mobile node's side of one communication session, RFC 6618 §5.3 and §5.8: octets of the TLS
 * connection in, octets out. For one thread.
 */
public final class MobileNodeExchange {

  private static final int LARGEST_STATUS = 999;

  /** What is to be done next. */
  public sealed interface Step {

    /** The peer's message is not whole yet, or the session is over. */
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

  private enum State {
    NEW,
    AWAITING_INIT,
    AWAITING_DONE,
    OVER
  }

  private final ProvisioningRequest request;
  private final MessageContainer container = new MessageContainer();
  private final byte[] mnRand = new byte[RequestMessages.RANDOM_OCTETS];
  private State state = State.NEW;
  private byte[] hacRand;

  /**
   * Prepares a session.
   *
   * @param random makes mn-rand
   * @throws IllegalArgumentException if the request has no home address or more than 32, one twice,
   *     an address that is not routable, no suite, or an identity that is not 1 to 253 visible
   *     ASCII characters
   */
  public MobileNodeExchange(ProvisioningRequest request, RandomGenerator random) {
    RequestMessages.check(request);
    this.request = request;
    random.nextBytes(mnRand);
  }

  /**
   * The first request.
   *
   * @throws IllegalStateException if the session has begun
   */
  public byte[] start() {
    if (state != State.NEW) {
      throw new IllegalStateException("the session has begun");
    }
    state = State.AWAITING_INIT;
    return RequestMessages.init(request, mnRand);
  }

  /**
   * Takes what has come, any part of a message; all of it is consumed, and overwritten by nothing:
   * the caller overwrites it, since it may hold keys. What comes after the last response is not
   * read.
   */
  public Step onOctets(ByteBuffer received) {
    Step step = read(received);
    received.position(received.limit());
    if (step instanceof Step.Granted || step instanceof Step.Failed) {
      destroy();
    }
    return step;
  }

  /** Ends the session, such as when the connection has ended early: overwrites what has come. */
  public void destroy() {
    state = State.OVER;
    container.destroy();
  }

  private Step read(ByteBuffer received) {
    if (state == State.OVER || !received.hasRemaining()) {
      return new Step.More();
    }
    if (state == State.NEW) {
      return misunderstood("a response without a request");
    }
    MessageContainer.State reached = container.take(received);
    if (reached == MessageContainer.State.MORE) {
      return new Step.More();
    }
    if (reached == MessageContainer.State.WRONG) {
      return misunderstood(container.problem());
    }
    TvReader reader = container.content();
    return state == State.AWAITING_INIT
        ? onInit(reader, received.hasRemaining())
        : onDone(reader);
  }

  private Step onInit(TvReader reader, boolean more) {
    if (reader.problem() == null && reader.has(TvHeader.STATUS_CODE)) {
      return onStatus(reader);
    }
    hacRand = reader.octets(TvHeader.HAC_RAND, RequestMessages.RANDOM_OCTETS);
    checkRandom(reader, TvHeader.MN_RAND, mnRand);
    if (!reader.text(TvHeader.AUTH_METHOD).equalsIgnoreCase(RequestMessages.TLS)) {
      reader.problem("auth-method is not tls");
    }
    if (more) {
      reader.problem("more than one response at a time");
    }
    if (reader.problem() != null) {
      return misunderstood(reader.problem());
    }
    container.next();
    state = State.AWAITING_DONE;
    return new Step.Send(RequestMessages.done(request, mnRand, hacRand));
  }

  private Step onDone(TvReader reader) {
    long status = reader.number(TvHeader.STATUS_CODE, 0, LARGEST_STATUS);
    if (reader.problem() == null && status != StatusCode.OK.code()) {
      return onStatus(reader);
    }
    checkRandom(reader, TvHeader.MN_RAND, mnRand);
    checkRandom(reader, TvHeader.HAC_RAND, hacRand);
    Grant grant = ResponseMessages.readGranted(reader, request);
    return grant == null ? misunderstood(reader.problem()) : new Step.Granted(grant);
  }

  /** §5.5.4: the status code ends the exchange; without keys, unless it is 200 where it belongs. */
  private static Step onStatus(TvReader reader) {
    int number = (int) reader.number(TvHeader.STATUS_CODE, 0, LARGEST_STATUS);
    if (reader.problem() != null) {
      return misunderstood(reader.problem());
    }
    Optional<StatusCode> status = StatusCode.of(number).filter(code -> code != StatusCode.OK);
    return status.isEmpty()
        ? misunderstood("status code " + number + " has no meaning here")
        : new Step.Failed(
            status.get(),
            "the controller answered " + number + " " + status.get(),
            ResponseMessages.readRetryAfter(reader));
  }

  private static void checkRandom(TvReader reader, TvHeader header, byte[] own) {
    if (!Arrays.equals(reader.octets(header, RequestMessages.RANDOM_OCTETS), own)) {
      reader.problem(header.text() + " is not that of this session");
    }
  }

  private static Step misunderstood(String problem) {
    return new Step.Failed(null, "the controller's response is not usable: " + problem, 0);
  }
}
