package org.kagemusha.daemon.provision;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.function.LongSupplier;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.provisioning.Grant;
import org.kagemusha.core.provisioning.GrantedKeys;
import org.kagemusha.core.provisioning.HeldGrant;
import org.kagemusha.core.provisioning.PeerIdentity;
import org.kagemusha.core.provisioning.ProvisioningRequest;
import org.kagemusha.core.wire.Ipv6Address;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who was given keys, who was refused, whose keys ended: one line each on the logger {@link #NAME},
 * never a key. What authenticated peers do is always written; refusals of others, whom nobody can
 * hold to account, are limited by kind, and the next line says how many were left out. For any
 * thread.
 */
public final class AuditLog implements GrantedKeys.Listener {

  /** The logger's name. */
  public static final String NAME = "audit";

  private static final int LINES_PER_SECOND = 1;
  private static final int BURST = 10;
  private static final int LONGEST_VALUE = 300;
  private static final Logger log = LoggerFactory.getLogger(NAME);

  /** Why one who is not authenticated was refused. */
  enum Refusal {
    /** No ClientHello. */
    SILENCE,
    /** Something else than a ClientHello. */
    NOT_TLS,
    /** No place, or no turn. */
    LIMIT,
    /** The handshake failed. */
    HANDSHAKE;

    private static final int COUNT = values().length;
  }

  private final LongSupplier wallMs;
  private final LongSupplier clockNs;
  private final TokenBucket[] limits = new TokenBucket[Refusal.COUNT];
  private final long[] suppressed = new long[Refusal.COUNT];

  /**
   * @param wallMs milliseconds since 1970
   * @param clockNs monotonic, ns
   */
  public AuditLog(LongSupplier wallMs, LongSupplier clockNs) {
    this.wallMs = wallMs;
    this.clockNs = clockNs;
    for (int i = 0; i < Refusal.COUNT; i++) {
      limits[i] = new TokenBucket(LINES_PER_SECOND, BURST);
    }
  }

  @Override
  public void onGranted(HeldGrant held, PeerIdentity peer, ProvisioningRequest request) {
    log.info(
        "grant {} coa={} nai={} {}",
        words(held),
        request.careOf() == null ? "unknown" : request.careOf(),
        value(request.mobileNodeId()),
        words(peer));
  }

  @Override
  public void onRefused(PeerIdentity peer, ProvisioningRequest request, String reason) {
    log.warn(
        "refusal hoa={} coa={} nai={} {} reason={}",
        list(request.homeAddresses()),
        request.careOf() == null ? "unknown" : request.careOf(),
        value(request.mobileNodeId()),
        words(peer),
        quoted(reason));
  }

  @Override
  public void onEnded(
      HeldGrant held, PeerIdentity peer, String reason, List<Ipv6Address> bound) {
    // A line that is taken out of the configuration revokes as a revocation list does.
    boolean revoked = reason.equals("revoked") || reason.equals("withdrawn");
    String text =
        (revoked ? "revocation " : "end ") + words(held) + " bound=" + list(bound) + " "
            + words(peer) + " reason=" + value(reason);
    if (revoked) {
      log.warn("{}", text);
    } else {
      log.info("{}", text);
    }
  }

  /** A session of an authenticated peer came to nothing. */
  void onUnfinished(String from, PeerIdentity peer, String reason) {
    log.warn("refusal peer={} {} reason={}", from, words(peer), quoted(reason));
  }

  /** One who is not authenticated was refused. */
  void onRefused(Refusal kind, String from, String reason) {
    long left;
    synchronized (limits) {
      if (!limits[kind.ordinal()].tryTake(clockNs.getAsLong())) {
        suppressed[kind.ordinal()]++;
        return;
      }
      left = suppressed[kind.ordinal()];
      suppressed[kind.ordinal()] = 0;
    }
    if (left > 0) {
      log.warn("refusal peer={} reason={} suppressed={}", from, quoted(reason), left);
    } else {
      log.warn("refusal peer={} reason={}", from, quoted(reason));
    }
  }

  private String words(HeldGrant held) {
    Grant grant = held.grant();
    return String.format(
        Locale.ROOT,
        "host=%s node=%s hoa=%s spi=0x%08x suite=%s scope=%s until=%s",
        value(held.host()),
        value(held.node()),
        list(grant.homeAddresses()),
        grant.spi(),
        grant.suite().encryption().configurationName(),
        grant.payloadProtected() ? "payload" : "signalling",
        Instant.ofEpochSecond(wallMs.getAsLong() / 1000 + held.remainingSeconds()));
  }

  private static String words(PeerIdentity peer) {
    return "subject=" + quoted(peer.subject()) + " serial=" + value(peer.serial());
  }

  private static String list(List<Ipv6Address> addresses) {
    StringJoiner joined = new StringJoiner(",");
    addresses.forEach(address -> joined.add(address.toString()));
    return addresses.isEmpty() ? "none" : joined.toString();
  }

  private static String value(String text) {
    return text != null && text.matches("[!#-<>-\\[\\]-~]+") ? text : quoted(text);
  }

  /** Peers choose some of these words: nothing in them may end the value, or the line. */
  static String quoted(String text) {
    String all = String.valueOf(text);
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < Math.min(all.length(), LONGEST_VALUE); i++) {
      char c = all.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else {
        quoted.append(c < ' ' || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029 ? '?' : c);
      }
    }
    return quoted.append(all.length() > LONGEST_VALUE ? "...\"" : "\"").toString();
  }
}
