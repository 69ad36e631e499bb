package org.kagemusha.core.provisioning;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Map;
import org.kagemusha.core.wire.Ipv6Prefix;

/**
 * The keys of a home agent: what its controller granted, to whom, and which are in force for each
 * home address (RFC 6618 §4.3). Every place of a mobile node has a pair of its own; the pair under
 * which a Binding Update is accepted is in force from then on, and those of other places end after
 * a grace.
 */
public final class GrantedKeys implements KeySource, Controller {

  /** Hears of what an auditor wants to know, and of home addresses that lose their keys. */
  public interface Listener {
    /** Keys were made and may be handed out. */
    void onGranted(HeldGrant grant, PeerIdentity peer, ProvisioningRequest request);

    /** A request was refused. */
    void onRefused(PeerIdentity peer, ProvisioningRequest request, String reason);

    /**
     * Keys ended.
     *
     * @param reason {@code replaced}, {@code expired}, {@code revoked} or {@code withdrawn}
     * @param bound the home addresses that were bound under it and have no keys now: their bindings
     *     must end
     */
    void onEnded(HeldGrant grant, PeerIdentity peer, String reason, List<Ipv6Address> bound);
  }

  /** Pairs that one mobile node may have at a time: its place, a former one, and some prepared. */
  static final int MOST_GRANTS = 8;

  private static final long SECOND_NS = 1_000_000_000L;
  private static final int MS = 1000;
  private static final int RETRY_SECONDS = 5;

  private final SecurityAssociationDatabase database;
  private final SecureRandom random;
  private final LongSupplier wallMs;
  private final Listener listener;

  private final Map<String, List<InstalledGrant>> byNode = new HashMap<>();
  private final Ipv6Map<InstalledGrant> inForce = new Ipv6Map<>();
  private final PriorityQueue<Due> dues = new PriorityQueue<>();
  private PrefixIndex<ProvisionedNode> nodes = new PrefixIndex.Builder<ProvisionedNode>().build();
  private ControllerSettings settings;

  /** A time at which a grant may have to end; those that have another time by then are stale. */
  private record Due(long ns, InstalledGrant grant) implements Comparable<Due> {
    @Override
    public int compareTo(Due other) {
      return Long.compare(ns, other.ns);
    }
  }

  /**
   * Without settings, and so refusing everybody, at first.
   *
   * @param database where inbound associations are found
   * @param random makes keys and SPIs
   * @param wallMs milliseconds since 1970, for the end of certificates
   */
  public GrantedKeys(
      SecurityAssociationDatabase database,
      SecureRandom random,
      LongSupplier wallMs,
      Listener listener) {
    this.database = database;
    this.random = random;
    this.wallMs = wallMs;
    this.listener = listener;
  }

  /** Applies settings; what they no longer allow ends at once. */
  public void settings(ControllerSettings changed, long nowNs) {
    settings = changed;
    PrefixIndex.Builder<ProvisionedNode> index = new PrefixIndex.Builder<>();
    for (ProvisionedNode node : changed.nodes()) {
      for (Ipv6Prefix prefix : node.homeAddresses()) {
        index.put(prefix, node);
      }
    }
    nodes = index.build();
    for (InstalledGrant each : all()) {
      if (!isAllowed(each)) {
        end(each, "withdrawn", nowNs);
      }
    }
  }

  private boolean isAllowed(InstalledGrant installed) {
    for (Ipv6Address homeAddress : installed.grant.homeAddresses()) {
      ProvisionedNode node = nodes.of(homeAddress);
      if (node == null
          || !node.name().equals(installed.node)
          || hostOf(node, installed.peer) == null
          || !allowsCareOf(node, installed.request.careOf())) {
        return false;
      }
      if (node.payload() == PayloadProtection.REQUIRED && !installed.grant.payloadProtected()) {
        return false;
      }
    }
    return true;
  }

  /** Ends at once what was granted to peers whose certificate is revoked. */
  public void revoke(Predicate<PeerIdentity> revoked, long nowNs) {
    for (InstalledGrant each : all()) {
      if (revoked.test(each.peer)) {
        end(each, "revoked", nowNs);
      }
    }
  }

  /** Says whether a home address belongs to a node that gets its keys here. Allocates nothing. */
  public boolean manages(Ipv6Address homeAddress) {
    return nodes.of(homeAddress) != null;
  }

  /** All grants that are held. */
  public List<HeldGrant> held(long nowNs) {
    List<HeldGrant> held = new ArrayList<>();
    for (InstalledGrant each : all()) {
      held.add(held(each, nowNs));
    }
    return held;
  }

  private HeldGrant held(InstalledGrant each, long nowNs) {
    return new HeldGrant(
        each.node, each.host.host(), each.grant, each.pair, each.state(),
        each.remainingSeconds(nowNs), List.copyOf(each.bound));
  }

  private List<InstalledGrant> all() {
    List<InstalledGrant> all = new ArrayList<>();
    byNode.values().forEach(all::addAll);
    return all;
  }

  /** Ends all keys, telling nobody. */
  public void destroy() {
    for (InstalledGrant each : all()) {
      forget(each);
    }
    dues.clear();
  }

  @Override
  public ControllerDecision decide(PeerIdentity peer, ProvisioningRequest request, long nowNs) {
    if (settings == null) {
      return refused(peer, request, StatusCode.SERVICE_UNAVAILABLE, "not ready", RETRY_SECONDS);
    }
    ProvisionedNode node = null;
    for (Ipv6Address homeAddress : request.homeAddresses()) {
      ProvisionedNode found = nodes.of(homeAddress);
      if (found == null) {
        return unauthorised(peer, request, "no mobile node with fresh keys has " + homeAddress);
      }
      if (node != null && node != found) {
        return unauthorised(
            peer, request, "home addresses of both " + node.name() + " and " + found.name());
      }
      node = found;
    }
    if (node == null) {
      return refused(peer, request, StatusCode.BAD_REQUEST, "no home address", 0);
    }
    CertificateRule host = hostOf(node, peer);
    if (host == null) {
      return unauthorised(
          peer, request, "the certificate is of no host that may speak for " + node.name());
    }
    if (!allowsCareOf(node, request.careOf())) {
      return unauthorised(
          peer, request, "care-of address " + request.careOf() + " is not one of " + node.name());
    }
    Ciphersuite suite = suiteOf(request);
    if (suite == null) {
      return refused(
          peer, request, StatusCode.NOT_IMPLEMENTED, "no ciphersuite in common", 0);
    }
    long validity =
        Math.min(
            settings.validitySeconds(), (peer.notAfterMs() - wallMs.getAsLong()) / MS);
    if (validity < 1) {
      return unauthorised(peer, request, "the certificate has expired");
    }
    if (!makeRoom(node.name(), host, nowNs)) {
      return refused(
          peer, request, StatusCode.SERVICE_UNAVAILABLE,
          node.name() + " has " + MOST_GRANTS + " pairs in use", RETRY_SECONDS);
    }
    Grant grant = make(node, request, suite, validity);
    InstalledGrant installed =
        new InstalledGrant(grant, true, this, node.name(), host, peer, request, nowNs);
    database.add(installed.pair.inbound());
    byNode.computeIfAbsent(node.name(), name -> new ArrayList<>()).add(installed);
    dues.add(new Due(installed.deadlineNs(), installed));
    listener.onGranted(held(installed, nowNs), peer, request);
    // The answer is written on another thread, and its keys are overwritten there.
    return new ControllerDecision.Granted(copy(grant));
  }

  private ControllerDecision unauthorised(
      PeerIdentity peer, ProvisioningRequest request, String reason) {
    return refused(peer, request, StatusCode.UNAUTHORIZED, reason, 0);
  }

  private ControllerDecision refused(
      PeerIdentity peer,
      ProvisioningRequest request,
      StatusCode status,
      String reason,
      int retryAfterSeconds) {
    listener.onRefused(peer, request, reason);
    return new ControllerDecision.Refused(status, reason, retryAfterSeconds);
  }

  private static CertificateRule hostOf(ProvisionedNode node, PeerIdentity peer) {
    for (CertificateRule rule : node.hosts()) {
      if (rule.matches(peer)) {
        return rule;
      }
    }
    return null;
  }

  private static boolean allowsCareOf(ProvisionedNode node, Ipv6Address careOf) {
    if (careOf == null || node.careOf().isEmpty()) {
      return true;
    }
    for (Ipv6Prefix prefix : node.careOf()) {
      if (prefix.contains(careOf)) {
        return true;
      }
    }
    return false;
  }

  private Ciphersuite suiteOf(ProvisioningRequest request) {
    for (Ciphersuite suite : settings.suites()) {
      if (request.suites().contains(suite)) {
        return suite;
      }
    }
    return null;
  }

  /** A host asks again because it wants other keys: those that it never used are of no use. */
  private boolean makeRoom(String node, CertificateRule host, long nowNs) {
    List<InstalledGrant> held = byNode.getOrDefault(node, List.of());
    for (InstalledGrant each : new ArrayList<>(held)) {
      if (each.host.host().equals(host.host()) && !each.confirmed) {
        end(each, "replaced", nowNs);
      }
    }
    held = byNode.getOrDefault(node, List.of());
    if (held.size() < MOST_GRANTS) {
      return true;
    }
    for (InstalledGrant each : held) {
      if (!each.confirmed || each.isReplaced()) {
        end(each, "replaced", nowNs);
        return true;
      }
    }
    return false;
  }

  private Grant make(
      ProvisionedNode node, ProvisioningRequest request, Ciphersuite suite, long validity) {
    int spi;
    do {
      spi = random.nextInt(Grant.SMALLEST_SPI, Grant.LARGEST_SPI + 1);
    } while (database.inbound(spi) != null);
    byte[] toHomeAgent = new byte[suite.encryption().keyOctets()];
    byte[] toMobileNode = new byte[suite.encryption().keyOctets()];
    random.nextBytes(toHomeAgent);
    random.nextBytes(toMobileNode);
    boolean payloadProtected =
        switch (node.payload()) {
          case DISABLED -> false;
          case OPPORTUNISTIC -> request.payloadProtected();
          case REQUIRED -> true;
        };
    return new Grant(
        spi, suite, toHomeAgent, toMobileNode, payloadProtected, settings.homeAgent(),
        settings.homePrefix(), request.homeAddresses(), validity, settings.maximumPackets(),
        settings.maximumOctets(), settings.encapsulationPort());
  }

  private static Grant copy(Grant grant) {
    return new Grant(
        grant.spi(), grant.suite(), grant.keyToHomeAgent().clone(),
        grant.keyToMobileNode().clone(), grant.payloadProtected(), grant.homeAgent(),
        grant.homePrefix(), grant.homeAddresses(), grant.validitySeconds(),
        grant.maximumPackets(), grant.maximumOctets(), grant.encapsulationPort());
  }

  @Override
  public SecurityAssociationPair associations(Ipv6Address homeAddress, Purpose purpose) {
    InstalledGrant now = inForce.get(homeAddress);
    return now == null || purpose == Purpose.PAYLOAD && !now.grant.payloadProtected()
        ? null
        : now.pair;
  }

  @Override
  public SecurityAssociationPair accepting(
      Ipv6Address homeAddress, Purpose purpose, InboundSecurityAssociation opened) {
    InstalledGrant by = InstalledGrant.of(opened, this);
    if (by == null || purpose == Purpose.PAYLOAD && !by.grant.payloadProtected()) {
      return null;
    }
    ProvisionedNode node = nodes.of(homeAddress);
    return node != null && node.name().equals(by.node) ? by.pair : null;
  }

  @Override
  public boolean allowsClear(Ipv6Address homeAddress, Purpose purpose) {
    InstalledGrant now = inForce.get(homeAddress);
    return purpose == Purpose.PAYLOAD && now != null && !now.grant.payloadProtected();
  }

  @Override
  public void inForce(Ipv6Address homeAddress, SecurityAssociationPair pair, long nowNs) {
    InstalledGrant by = InstalledGrant.of(pair.inbound(), this);
    if (by == null) {
      return;
    }
    by.confirmed = true;
    if (by.isReplaced()) {
      by.restored();
      dues.add(new Due(by.deadlineNs(), by));
    }
    InstalledGrant before = inForce.put(homeAddress, by);
    if (before != null) {
      before.bound.remove(homeAddress);
    }
    by.bound.add(homeAddress);
    for (InstalledGrant other : byNode.get(by.node)) {
      if (other != by && other.confirmed && !other.isReplaced()) {
        other.replaced(nowNs + settings.graceSeconds() * SECOND_NS);
        dues.add(new Due(other.deadlineNs(), other));
      }
    }
  }

  @Override
  public void onDeadline(long nowNs) {
    while (!dues.isEmpty() && dues.peek().ns() <= nowNs) {
      InstalledGrant due = dues.poll().grant();
      if (due.isAlive() && due.deadlineNs() <= nowNs) {
        end(due, due.isReplaced() ? "replaced" : "expired", nowNs);
      }
    }
  }

  @Override
  public long nextDeadlineNs() {
    return dues.isEmpty() ? NodeEngine.NEVER : dues.peek().ns();
  }

  private void end(InstalledGrant which, String reason, long nowNs) {
    HeldGrant held = held(which, nowNs);
    forget(which);
    listener.onEnded(held, which.peer, reason, held.homeAddresses());
  }

  private void forget(InstalledGrant which) {
    database.remove(which.grant.spi());
    List<InstalledGrant> others = byNode.get(which.node);
    others.remove(which);
    if (others.isEmpty()) {
      byNode.remove(which.node);
    }
    which.bound.forEach(inForce::remove);
    which.end();
  }
}
