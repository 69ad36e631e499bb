package org.kagemusha.core.homeagent;

/** The comparison of sequence numbers modulo 2^16, RFC 6275 §9.5.1. */
final class SequenceWindow {

  private SequenceWindow() {}

  /**
   * Says whether a sequence number is greater than the last one accepted.
   *
   * @param sequence 0 to 65535
   * @param last 0 to 65535
   */
  static boolean isGreater(int sequence, int last) {
    // RFC 6275 §9.5.1: "A Sequence Number in a received Binding Update is considered less than or
    // equal to the last received number if its value lies in the range of the last received number
    // and the preceding 32768 values, inclusive."
    int ahead = sequence - last & 0xffff;
    return ahead > 0 && ahead < 0x8000;
  }
}
