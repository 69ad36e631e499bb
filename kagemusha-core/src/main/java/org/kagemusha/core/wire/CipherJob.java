package org.kagemusha.core.wire;

/**
 * What a cipher has still to do with a packet, or has done ahead of time. It belongs to one {@link
 * PacketBuffer} and is kept by absolute index, so that headers may come and go in front.
 */
public final class CipherJob {

  private enum State {
    NONE,
    DUE,
    BEGUN,
    DONE,
    REFUSED,
    BROKEN
  }

  private State state = State.NONE;
  private CipherWork work;
  private long number;
  private int at;
  private int count;
  private int ticket;

  CipherJob() {}

  /** Whether it is still to be done. */
  public boolean isDue() {
    return state == State.DUE;
  }

  /** Whether it was done, and came out well. */
  public boolean isDone() {
    return state == State.DONE;
  }

  /** Whether the cipher failed: the octets are of no use to anyone. */
  public boolean isBroken() {
    return state == State.BROKEN;
  }

  /** Whether a work was done, well or not, on exactly these octets. */
  public boolean isOf(CipherWork which, int index, int octets) {
    return work == which
        && state != State.DUE
        && state != State.BEGUN
        && at == index
        && count == octets;
  }

  /** The sequence number. */
  public long number() {
    return number;
  }

  /** Whether the octets may be used as those of a finished packet: nothing to do, or done well. */
  boolean isSettled() {
    return state == State.NONE || state == State.DONE;
  }

  void due(CipherWork what, long sequenceNumber, int index, int octets) {
    work = what;
    number = sequenceNumber;
    at = index;
    count = octets;
    state = State.DUE;
  }

  /** Forgets it, when its outcome was used or another packet begins. */
  public void clear() {
    state = State.NONE;
    work = null;
  }

  /** Takes another's place, at another distance from index 0. */
  void copy(CipherJob other, int distance) {
    state = other.state;
    work = other.work;
    number = other.number;
    at = other.at + distance;
    count = other.count;
  }

  void perform(PacketBuffer packet, int member) {
    if (state == State.DUE) {
      pass(packet, member, false);
    }
  }

  /** Begins, or performs what cannot be begun. */
  void begin(PacketBuffer packet, int member) {
    if (state == State.DUE) {
      pass(packet, member, true);
    }
  }

  void complete(PacketBuffer packet, int member) {
    if (state == State.BEGUN) {
      pass(packet, member, false);
    }
  }

  private void pass(PacketBuffer packet, int member, boolean begins) {
    boolean begun = state == State.BEGUN;
    int offset = packet.offset();
    int length = packet.length();
    state = State.BROKEN;
    try {
      packet.set(at, count);
      if (begins && (ticket = work.begin(packet, number, member)) != CipherWork.NOT_BEGUN) {
        state = State.BEGUN;
        return;
      }
      boolean good =
          begun
              ? work.complete(packet, number, member, ticket)
              : work.perform(packet, number, member);
      state = good ? State.DONE : State.REFUSED;
    } finally {
      packet.set(offset, length);
    }
  }
}
