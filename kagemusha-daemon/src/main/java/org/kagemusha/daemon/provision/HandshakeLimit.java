package org.kagemusha.daemon.provision;

/**
 * How many TLS handshakes may begin, on monotonic time: a handshake is what costs public-key
 * operations, and whoever reaches the port can ask for one. A token for each, so many in a second
 * and a small burst; where there is none, one waits. Tokens go in turn to the networks that wait;
 * every second one to those from which somebody was authenticated before, as long as such wait. So
 * neither one network nor many can have all of them. For one thread.
 *
 * @param <W> one that waits
 */
final class HandshakeLimit<W> {

  private final long intervalNs;
  private final long toleranceNs;
  private final int mostWaiting;
  private final FairQueue<W> known = new FairQueue<>();
  private final FairQueue<W> unknown = new FairQueue<>();
  private long conformingNs;
  private boolean started;
  private boolean unknownIsNext;

  /**
   * @param perSecond tokens gained each second, 1 to 10^6
   * @param burst the most that are kept, at least 1: in any time of t seconds at most {@code
   *     burst + t * perSecond} handshakes begin
   * @param mostWaiting of one network, at least 0
   */
  HandshakeLimit(int perSecond, int burst, int mostWaiting) {
    if (perSecond < 1 || perSecond > 1_000_000 || burst < 1 || mostWaiting < 0) {
      throw new IllegalArgumentException(
          "rate " + perSecond + "/s, burst " + burst + ", waiting " + mostWaiting);
    }
    // Rounded up: the rate is a bound.
    this.intervalNs = (1_000_000_000L + perSecond - 1) / perSecond;
    this.toleranceNs = (burst - 1) * intervalNs;
    this.mostWaiting = mostWaiting;
  }

  /** Takes a token if there is one that nobody waits for. */
  boolean tryTake(long nowNs) {
    return waiting() == 0 && take(nowNs);
  }

  private boolean take(long nowNs) {
    if (!started) {
      started = true;
      conformingNs = nowNs;
    }
    if (nowNs - (conformingNs - toleranceNs) < 0) {
      return false;
    }
    conformingNs = (nowNs - conformingNs > 0 ? nowNs : conformingNs) + intervalNs;
    return true;
  }

  /**
   * Waits for a token.
   *
   * @param isKnown whether somebody from that network was authenticated before
   * @return false if too many of that network wait already
   */
  boolean await(SourceNetwork network, boolean isKnown, W waiter) {
    if (known.size(network) + unknown.size(network) >= mostWaiting) {
      return false;
    }
    (isKnown ? known : unknown).add(network, waiter);
    return true;
  }

  /** Takes a token for the one whose turn it is; null if nobody waits or there is no token. */
  W next(long nowNs) {
    if (waiting() == 0 || !take(nowNs)) {
      return null;
    }
    boolean fromUnknown = known.size() == 0 || unknownIsNext && unknown.size() > 0;
    unknownIsNext = !fromUnknown;
    return (fromUnknown ? unknown : known).poll();
  }

  /** One who waits no longer; without effect for one that does not wait. */
  void cancel(SourceNetwork network, W waiter) {
    if (!known.remove(network, waiter)) {
      unknown.remove(network, waiter);
    }
  }

  /** How many wait. */
  int waiting() {
    return known.size() + unknown.size();
  }

  /** How long until there is a token, ns, at least 0. */
  long delayNs(long nowNs) {
    return started ? Math.max(0, conformingNs - toleranceNs - nowNs) : 0;
  }
}
