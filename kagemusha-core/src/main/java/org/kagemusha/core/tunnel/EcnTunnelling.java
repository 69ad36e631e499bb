package org.kagemusha.core.tunnel;

/** What becomes of the ECN field at both ends of a tunnel, RFC 6040. */
final class EcnTunnelling {

  /** The two bits of the ECN field in a traffic class, RFC 3168 §5. */
  static final int MASK = 3;

  /** Not ECN-capable. */
  static final int NOT_ECT = 0;

  /** ECN-capable, codepoint 1. */
  static final int ECT_1 = 1;

  /** ECN-capable, codepoint 0. */
  static final int ECT_0 = 2;

  /** Congestion experienced. */
  static final int CE = 3;

  /** What {@link #decapsulated} says of a packet that must be dropped. */
  static final int DROP = -1;

  private EcnTunnelling() {}

  /**
   * The traffic class of the outer header: ECN copied (RFC 6040 §4.1, normal mode), DSCP copied or
   * zero (RFC 2473 §6.4).
   */
  static int outerTrafficClass(int innerTrafficClass, boolean copyDscp) {
    return copyDscp ? innerTrafficClass & 0xff : innerTrafficClass & MASK;
  }

  /**
   * The ECN field of the packet that leaves the tunnel, RFC 6040 §4.2, figure 4.
   *
   * @return the codepoint, or {@link #DROP}
   */
  static int decapsulated(int inner, int outer) {
    if (inner == NOT_ECT) {
      return outer == CE ? DROP : NOT_ECT;
    }
    // "the more severe marking [...]: CE, ECT(1), ECT(0), Not-ECT"
    return severity(outer) > severity(inner) ? outer : inner;
  }

  private static int severity(int codepoint) {
    return codepoint == ECT_0 ? 1 : codepoint == ECT_1 ? 2 : codepoint;
  }
}
