package org.kagemusha.core.provisioning;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Gathers one message container after the other from a stream of octets, RFC 6618 §5.1. What has
 * been gathered may hold keys: it is overwritten before the next message.
 */
final class MessageContainer {

  /** Octets before the content: version, Identifier and Length. */
  static final int HEADER_OCTETS = 4;

  /** The longest content that is taken; the Length field could say 65535. */
  static final int MAXIMUM_CONTENT = 16_384;

  /** How far the message has come. */
  enum State {
    /** Not whole yet. */
    MORE,
    /** Whole: {@link #content()} reads it. */
    WHOLE,
    /** It can never become a message, see {@link #problem()}. */
    WRONG
  }

  private final byte[] header = new byte[HEADER_OCTETS];
  // §5.3: each new communication session MUST reset the Identifier value to 1.
  private int expected = 1;
  private int held;
  private byte[] content = new byte[0];
  private String problem;

  /** Takes what belongs to this message and leaves the rest. */
  State take(ByteBuffer received) {
    if (problem != null) {
      return State.WRONG;
    }
    if (held < HEADER_OCTETS) {
      int octets = Math.min(HEADER_OCTETS - held, received.remaining());
      received.get(header, held, octets);
      held += octets;
      if (held < HEADER_OCTETS) {
        return State.MORE;
      }
      problem = problemOfHeader();
      if (problem != null) {
        return State.WRONG;
      }
      content = new byte[length()];
    }
    int missing = HEADER_OCTETS + content.length - held;
    int octets = Math.min(missing, received.remaining());
    received.get(content, held - HEADER_OCTETS, octets);
    held += octets;
    return octets == missing ? State.WHOLE : State.MORE;
  }

  private String problemOfHeader() {
    int version = (header[0] & 0xff) >>> 5;
    if (version != 0) {
      return "version " + version + " instead of 0";
    }
    // §5.1: the Rsrvd field MUST be set to a value of 0.
    if (header[0] != 0) {
      return "reserved bits are set";
    }
    if (identifier() != expected) {
      return "identifier " + identifier() + " instead of " + expected;
    }
    if (length() == 0) {
      return "no content";
    }
    if (length() > MAXIMUM_CONTENT) {
      return length() + " octets of content are more than " + MAXIMUM_CONTENT;
    }
    return null;
  }

  private int length() {
    return (header[2] & 0xff) << Byte.SIZE | header[3] & 0xff;
  }

  private int identifier() {
    return header[1] & 0xff;
  }

  /**
   * The Identifier of the answer: the request's own (§5.3), or the one that was awaited where the
   * request has not come so far or has none (§5.1: the value 0 MUST NOT be used).
   */
  int answerIdentifier() {
    return held >= HEADER_OCTETS && identifier() != 0 ? identifier() : expected;
  }

  /** The headers of the whole message; to be read before {@link #next()}. */
  TvReader content() {
    return new TvReader(content);
  }

  /** Why it can never become a message, or null. */
  String problem() {
    return problem;
  }

  /** Overwrites what was gathered and awaits the message with the next Identifier. */
  void next() {
    destroy();
    expected++;
  }

  /** Overwrites what was gathered. */
  void destroy() {
    Arrays.fill(content, (byte) 0);
    content = new byte[0];
    held = 0;
  }
}
