package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class SequenceWindowProperties {

  /** RFC 6275 §9.5.1 word by word: count down from the last number. */
  private static boolean isLessOrEqual(int sequence, int last) {
    int candidate = last;
    for (int i = 0; i <= 32768; i++) {
      if (candidate == sequence) {
        return true;
      }
      candidate = candidate == 0 ? 0xffff : candidate - 1;
    }
    return false;
  }

  @Property(tries = 2000)
  void rfc6275_s9_5_1_agreesWithTheSentence(
      @ForAll @IntRange(max = 0xffff) int sequence, @ForAll @IntRange(max = 0xffff) int last) {
    assertEquals(!isLessOrEqual(sequence, last), SequenceWindow.isGreater(sequence, last));
  }

  @Property(tries = 500)
  void rfc6275_s9_5_1_atTheEdges(
      @ForAll @IntRange(max = 0xffff) int last,
      @ForAll @IntRange(min = 32766, max = 32770) int ahead) {
    int sequence = last + ahead & 0xffff;
    assertEquals(!isLessOrEqual(sequence, last), SequenceWindow.isGreater(sequence, last));
  }
}
