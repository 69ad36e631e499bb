package org.kagemusha.core.tunnel;

import java.security.SecureRandom;
import java.util.Objects;
import java.util.random.RandomGenerator;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * What an engine's tunnels share: settings, counters, scratch memory, keys of hashes, and the limit
 * of all their ICMPv6 errors. For the engine's thread.
 */
public final class TunnelContext {

  /** ICMPv6 errors that all tunnels of an engine may originate per second, RFC 4443 §2.4(f). */
  public static final int ERRORS_PER_SECOND = 1000;

  private static final int ERRORS_BURST = 500;

  private final Counters counters;
  private final TokenBucket errorLimit = new TokenBucket(ERRORS_PER_SECOND, ERRORS_BURST);
  private final InnerHeaders headers = new InnerHeaders();
  private final TunnelEntryPoint entryPoint;
  private final TunnelExitPoint exitPoint;
  private final TunnelErrors errors;
  private TunnelSettings settings;
  private Ipv6Address errorSource;

  /**
   * A context whose flow labels and fragment identifications a stranger cannot foretell.
   *
   * @param settings the operator's
   * @param counters the engine's
   * @param errorSource source address of ICMPv6 errors to inner sources; null while it is not
   *     known: then they come from the tunnel's local end
   */
  public TunnelContext(TunnelSettings settings, Counters counters, Ipv6Address errorSource) {
    this(settings, counters, errorSource, new SecureRandom());
  }

  /**
   * A context with a given source of chance, from which it draws when it is made and never after.
   *
   * @param settings the operator's
   * @param counters the engine's
   * @param errorSource as above
   * @param random keys the hash of flow labels (RFC 6437 §3) and of fragment identifications (RFC
   *     7739)
   */
  public TunnelContext(
      TunnelSettings settings,
      Counters counters,
      Ipv6Address errorSource,
      RandomGenerator random) {
    this.settings = Objects.requireNonNull(settings);
    this.counters = Objects.requireNonNull(counters);
    this.errorSource = errorSource;
    KeyedHash labelHash = new KeyedHash(random.nextLong(), random.nextLong());
    KeyedHash fragmentHash = new KeyedHash(random.nextLong(), random.nextLong());
    InnerErrorWriter writer = new InnerErrorWriter(this);
    Quotation quotation = new Quotation();
    OuterFragments fragments =
        new OuterFragments(new FragmentIdentifications(fragmentHash, random.nextInt()));
    this.entryPoint =
        new TunnelEntryPoint(
            this,
            writer,
            new OuterHeaders(new FlowLabels(labelHash)),
            new OuterDelivery(fragments, counters),
            quotation);
    this.exitPoint = new TunnelExitPoint(this, writer, quotation);
    this.errors = new TunnelErrors(this, writer);
  }

  /** Sets the source of ICMPv6 errors, perhaps learned later; null: each tunnel's local end. */
  public void errorSource(Ipv6Address address) {
    errorSource = address;
  }

  /** Applies changed settings to all tunnels at once. */
  public void settings(TunnelSettings changed) {
    settings = Objects.requireNonNull(changed);
  }

  /** The settings in force. */
  public TunnelSettings settings() {
    return settings;
  }

  Ipv6Address errorSource() {
    return errorSource;
  }

  Counters counters() {
    return counters;
  }

  InnerHeaders headers() {
    return headers;
  }

  TunnelEntryPoint entryPoint() {
    return entryPoint;
  }

  TunnelExitPoint exitPoint() {
    return exitPoint;
  }

  TunnelErrors errors() {
    return errors;
  }

  boolean mayAnswer(long nowNs) {
    return errorLimit.tryTake(nowNs);
  }
}
