package org.kagemusha.daemon.demo;

import java.util.ArrayList;
import java.util.List;

/**
 * What one direction of a numbered packet stream saw: when each packet was sent, when it first
 * arrived, and how often again. Times are nanoseconds of one monotonic clock. Written by the
 * sender's and the receiver's thread (different arrays), read when both have ended.
 */
final class PacketLedger {

  private final long[] sentNs;
  private final long[] arrivedNs;
  private final int[] copies;
  private volatile int sent;
  private int again;

  PacketLedger(int capacity) {
    sentNs = new long[capacity];
    arrivedNs = new long[capacity];
    copies = new int[capacity];
  }

  /** The number for the next packet, or -1 if the ledger is full. */
  int nextSequence(long nowNs) {
    int sequence = sent;
    if (sequence == sentNs.length) {
      return -1;
    }
    sentNs[sequence] = nowNs;
    sent = sequence + 1;
    return sequence;
  }

  void arrived(int sequence, long nowNs) {
    if (sequence >= 0 && sequence < arrivedNs.length && copies[sequence]++ == 0) {
      arrivedNs[sequence] = nowNs;
    }
  }

  /** As {@link #arrived}, of an arrival that is told of and may be told of twice. */
  void arrivedOnce(int sequence, long nowNs) {
    if (sequence >= 0 && sequence < arrivedNs.length && copies[sequence] == 0) {
      arrived(sequence, nowNs);
    }
  }

  /**
   * Puts right what was told of a packet, by an account of all of them.
   *
   * @param laterNs when a later packet arrived; this one came no later, if it came
   * @return when a packet before this one arrived at the latest
   */
  long settle(int sequence, boolean came, long laterNs) {
    if (came) {
      arrivedOnce(sequence, laterNs);
    }
    return came ? Math.min(arrivedNs[sequence], laterNs) : laterNs;
  }

  /** Packets that came more than once, of which it is not known when. */
  void cameAgain(int packets) {
    again = packets;
  }

  /** Copies beyond the first of all packets. */
  int duplicated() {
    return again + duplicated(Long.MIN_VALUE, Long.MAX_VALUE);
  }

  /** How many packets were sent. */
  int sent() {
    return sent;
  }

  /** When a packet first arrived at or after a time, whenever it was sent; or -1. */
  long nextArrival(long fromNs) {
    long next = -1;
    for (int i = 0; i < sent; i++) {
      if (copies[i] > 0 && arrivedNs[i] >= fromNs && (next < 0 || arrivedNs[i] < next)) {
        next = arrivedNs[i];
      }
    }
    return next;
  }

  /** Packets sent in a span of time of which no copy arrived. */
  int lost(long fromNs, long toNs) {
    return missing(fromNs, toNs).size();
  }

  /** The numbers of packets sent in a span of time of which no copy arrived. */
  List<Integer> missing(long fromNs, long toNs) {
    List<Integer> numbers = new ArrayList<>();
    for (int i = 0; i < sent; i++) {
      if (sentNs[i] >= fromNs && sentNs[i] < toNs && copies[i] == 0) {
        numbers.add(i);
      }
    }
    return numbers;
  }

  /** Copies beyond the first of packets sent in a span of time. */
  int duplicated(long fromNs, long toNs) {
    int duplicated = 0;
    for (int i = 0; i < sent; i++) {
      if (sentNs[i] >= fromNs && sentNs[i] < toNs && copies[i] > 1) {
        duplicated += copies[i] - 1;
      }
    }
    return duplicated;
  }

  /** The longest time without an arrival in a span of time, in nanoseconds. */
  long longestGap(long fromNs, long toNs) {
    long gap = 0;
    long last = fromNs;
    for (int i = 0; i < sent; i++) {
      if (copies[i] > 0 && arrivedNs[i] > last && arrivedNs[i] < toNs) {
        gap = Math.max(gap, arrivedNs[i] - last);
        last = arrivedNs[i];
      }
    }
    return Math.max(gap, toNs - last);
  }

  /** Says whether any packet arrived in a span of time. */
  boolean hasArrival(long fromNs, long toNs) {
    for (int i = sent - 1; i >= 0; i--) {
      if (copies[i] > 0 && arrivedNs[i] >= fromNs && arrivedNs[i] < toNs) {
        return true;
      }
    }
    return false;
  }

  /** When the first packet that was sent at or after a time arrived, or -1. */
  long firstArrival(long sentFromNs) {
    long first = -1;
    for (int i = 0; i < sent; i++) {
      if (sentNs[i] >= sentFromNs && copies[i] > 0 && (first < 0 || arrivedNs[i] < first)) {
        first = arrivedNs[i];
      }
    }
    return first;
  }
}
