package org.kagemusha.core.provisioning;

import java.util.ArrayList;
import java.util.List;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * The keys of a mobile node: what its Home Agent Controller granted, for all home addresses of its
 * VM. The newest is sent with; older ones are believed until the home agent has acknowledged under
 * the new one, and a grace longer. Hard limits of time and amount end a pair at both ends (RFC 4301
 * §4.4.2.1); at three quarters of an amount, and two thirds of the time, the next one is wanted.
 */
public final class ProvisionedKeys implements KeySource {

  /** What became of a grant. */
  public enum Installed {
    /** It is sent with from now on. */
    OK("installed"),
    /** It leaves payload in clear, and this node's policy requires ESP. */
    SCOPE_REFUSED("the home agent does not protect payload, but payload = \"required\" here"),
    /** Its SPI is in use here already. */
    SPI_IN_USE("the SPI that was granted is in use here");

    private final String reason;

    Installed(String reason) {
      this.reason = reason;
    }

    /** Why not, for the log. */
    public String reason() {
      return reason;
    }
  }

  /** Hears of what happens by itself. */
  @FunctionalInterface
  public interface Listener {
    /**
     * New keys are wanted: none are left, a limit is near, or the peer has lost them.
     *
     * @param waitNs how long to wait before they are asked for, ns; 0 if they are needed now
     */
    void onWanted(String reason, long waitNs);
  }

  /**
   * How long a place that the VM has left waits before it asks for the keys of another stay: a TLS
   * handshake would take processor time from the move that is under way.
   */
  static final long CALM_NS = 1_000_000_000L;

  /** How often a doubt, which anybody can raise, may lead to a request. */
  static final long DOUBT_INTERVAL_NS = 10_000_000_000L;

  private static final long LIMIT_INTERVAL_NS = 1_000_000_000L;
  private static final int LOOK_EVERY = 0x3f;

  private final SecurityAssociationDatabase database;
  private final long graceNs;
  private final Listener listener;

  /** The newest first. */
  private final List<InstalledGrant> installed = new ArrayList<>();

  private PayloadProtection policy = PayloadProtection.OPPORTUNISTIC;
  private InstalledGrant current;
  private long renewalNs = NodeEngine.NEVER;
  private long nextLimitNs = NodeEngine.NEVER;
  private long lookedNs;
  private long nextDoubtNs = Long.MIN_VALUE;
  private boolean limitTold;
  private boolean postponed;
  private int asked;

  /**
   * Without keys at first.
   *
   * @param database where inbound associations are found
   * @param graceNs how long replaced keys are believed, ns
   */
  public ProvisionedKeys(
      SecurityAssociationDatabase database, long graceNs, Listener listener) {
    this.database = database;
    this.graceNs = graceNs;
    this.listener = listener;
  }

  /** What this node's operator wants for payload; for grants from now on. */
  public void policy(PayloadProtection wanted) {
    policy = wanted;
  }

  /**
   * Takes a grant over, keys included, and sends with it from now on.
   *
   * <p>No more are held than a home agent holds for one node, so that one that never acknowledges
   * does not fill the memory: the oldest ends then.
   *
   * @return if not {@link Installed#OK}, nothing has changed, and the grant stays the caller's
   */
  public Installed install(Grant grant, long nowNs) {
    if (policy == PayloadProtection.REQUIRED && !grant.payloadProtected()) {
      return Installed.SCOPE_REFUSED;
    }
    if (database.inbound(grant.spi()) != null) {
      return Installed.SPI_IN_USE;
    }
    InstalledGrant fresh =
        new InstalledGrant(grant, false, this, null, null, null, null, nowNs);
    database.add(fresh.pair.inbound());
    for (InstalledGrant older : new ArrayList<>(installed)) {
      if (!older.confirmed && !older.pair.used()) {
        end(older);
      }
    }
    installed.add(0, fresh);
    if (installed.size() > GrantedKeys.MOST_GRANTS) {
      end(installed.get(installed.size() - 1));
    }
    current = fresh;
    long validityNs = fresh.deadlineNs() - nowNs;
    // Not all daemons of a host at once: the SPI is as random as need be.
    renewalNs = nowNs + validityNs * 2 / 3 - (grant.spi() & 0xff) * (validityNs / 15 / 0xff);
    look(nowNs);
    limitTold = false;
    postponed = false;
    return Installed.OK;
  }

  /** The grant that is sent with, or null. */
  public Grant current() {
    return current == null ? null : current.grant;
  }

  /** When the next grant is wanted on the timer; NEVER without keys. */
  public long renewalNs() {
    return current == null ? NodeEngine.NEVER : renewalNs;
  }

  /** Ends all keys. */
  public void destroy() {
    for (InstalledGrant each : new ArrayList<>(installed)) {
      end(each);
    }
  }

  /** The pairs in force and those that are still believed, the newest first. */
  public List<HeldGrant> held(long nowNs) {
    List<HeldGrant> held = new ArrayList<>(installed.size());
    for (InstalledGrant each : installed) {
      held.add(
          new HeldGrant(
              null, null, each.grant, each.pair, each == current ? each.state() : "ending",
              each.remainingSeconds(nowNs), each.grant.homeAddresses()));
    }
    return held;
  }

  @Override
  public SecurityAssociationPair associations(Ipv6Address homeAddress, Purpose purpose) {
    InstalledGrant newest = current;
    if (newest == null) {
      if (postponed && purpose == Purpose.SIGNALLING) {
        postponed = false;
        listener.onWanted("the VM is back already", 0);
      }
      return null;
    }
    if (purpose == Purpose.PAYLOAD && !newest.grant.payloadProtected()) {
      return null;
    }
    // A second is long at a gigabit per second: the deadline comes earlier then.
    if ((++asked & LOOK_EVERY) == 0 && !limitTold && newest.isNearLimit()) {
      nextLimitNs = lookedNs;
    }
    return newest.pair;
  }

  @Override
  public SecurityAssociationPair accepting(
      Ipv6Address homeAddress, Purpose purpose, InboundSecurityAssociation opened) {
    InstalledGrant by = InstalledGrant.of(opened, this);
    return by == null || purpose == Purpose.PAYLOAD && !by.grant.payloadProtected()
        ? null
        : by.pair;
  }

  @Override
  public boolean allowsClear(Ipv6Address homeAddress, Purpose purpose) {
    // RFC 6618 §5.6.4: the controller's word decides, and it ends with its keys.
    return purpose == Purpose.PAYLOAD
        && policy != PayloadProtection.REQUIRED
        && current != null
        && !current.grant.payloadProtected();
  }

  @Override
  public void inForce(Ipv6Address homeAddress, SecurityAssociationPair pair, long nowNs) {
    InstalledGrant by = InstalledGrant.of(pair.inbound(), this);
    if (by == null) {
      return;
    }
    by.confirmed = true;
    for (int older = installed.indexOf(by) + 1; older < installed.size(); older++) {
      installed.get(older).replaced(nowNs + graceNs);
    }
  }

  @Override
  public void inDoubt(Ipv6Address homeAddress, long nowNs) {
    if (nowNs >= nextDoubtNs) {
      nextDoubtNs = nowNs + DOUBT_INTERVAL_NS;
      listener.onWanted("home agent seems to have lost the keys", 0);
    }
  }

  @Override
  public void departed(long nowNs) {
    if (current != null && (current.confirmed || current.pair.used())) {
      current = null;
      nextLimitNs = NodeEngine.NEVER;
      wantForNextStay();
    }
  }

  private void wantForNextStay() {
    postponed = true;
    listener.onWanted("keys were used here, the next stay gets others", CALM_NS);
  }

  @Override
  public void abandoned(long nowNs) {
    boolean any = false;
    for (InstalledGrant each : new ArrayList<>(installed)) {
      if (each.confirmed || each.pair.used()) {
        end(each);
        any = true;
      }
    }
    if (any && current == null) {
      wantForNextStay();
    }
  }

  private void end(InstalledGrant which) {
    database.remove(which.grant.spi());
    which.end();
    installed.remove(which);
    if (which == current) {
      current = null;
      nextLimitNs = NodeEngine.NEVER;
    }
  }

  @Override
  public void onDeadline(long nowNs) {
    boolean had = current != null;
    for (int i = installed.size() - 1; i >= 0; i--) {
      if (installed.get(i).deadlineNs() <= nowNs) {
        end(installed.get(i));
      }
    }
    if (had && current == null) {
      listener.onWanted("expired", 0);
      return;
    }
    if (current != null && nextLimitNs <= nowNs) {
      look(nowNs);
      if (!limitTold && current.isNearLimit()) {
        limitTold = true;
        listener.onWanted("limit of packets or octets is near", 0);
      }
    }
  }

  private void look(long nowNs) {
    lookedNs = nowNs;
    nextLimitNs = nowNs + LIMIT_INTERVAL_NS;
  }

  @Override
  public long nextDeadlineNs() {
    long next = current == null || limitTold ? NodeEngine.NEVER : nextLimitNs;
    for (int i = 0; i < installed.size(); i++) {
      next = Math.min(next, installed.get(i).deadlineNs());
    }
    return next;
  }
}
