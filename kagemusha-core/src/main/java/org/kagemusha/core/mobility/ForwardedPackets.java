package org.kagemusha.core.mobility;

/**
 * What became of packets that came to the old host for a VM that was on its way, since the start.
 *
 * @param kept in memory while the VM was nowhere
 * @param forwarded to where it went
 * @param dropped for want of room or time
 */
public record ForwardedPackets(long kept, long forwarded, long dropped) {

  /** What was added since an earlier time. */
  ForwardedPackets since(ForwardedPackets before) {
    return new ForwardedPackets(
        kept - before.kept, forwarded - before.forwarded, dropped - before.dropped);
  }
}
