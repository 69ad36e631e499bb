package org.kagemusha.daemon.service;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.provisioning.Controller;
import org.kagemusha.core.provisioning.ControllerDecision;
import org.kagemusha.core.provisioning.ControllerSettings;
import org.kagemusha.core.provisioning.GrantedKeys;
import org.kagemusha.core.provisioning.HeldGrant;
import org.kagemusha.core.provisioning.PeerIdentity;
import org.kagemusha.core.provisioning.ProvisionedNode;
import org.kagemusha.core.provisioning.ProvisioningRequest;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.daemon.config.ControllerConfig;
import org.kagemusha.daemon.config.HomeAgentConfig;
import org.kagemusha.daemon.loop.PacketLoop;
import org.kagemusha.daemon.provision.AuditLog;
import org.kagemusha.daemon.provision.ControllerCounters;
import org.kagemusha.daemon.provision.ControllerServer;
import org.kagemusha.daemon.tls.TlsCredentials;

/**
 * The Home Agent Controller beside a home agent (RFC 6618 §4.2): its TLS connections on a thread of
 * their own, its decisions and keys on the loop's.
 */
final class KeyIssuer implements AutoCloseable, GrantedKeys.Listener {

  private final PacketLoop loop;
  private final GrantedKeys keys;
  private final AuditLog audit;
  private final BiConsumer<Ipv6Address, String> onLost;
  private final Runnable onChanged;
  private ControllerServer server;

  /**
   * @param inbound the home agent's associations
   * @param onLost told on the loop of a home address whose keys ended under it, and why
   * @param onChanged told on the loop when there are other keys than before
   */
  KeyIssuer(
      PacketLoop loop,
      SecurityAssociationDatabase inbound,
      BiConsumer<Ipv6Address, String> onLost,
      Runnable onChanged) {
    this.loop = loop;
    this.onLost = onLost;
    this.onChanged = onChanged;
    audit = new AuditLog(System::currentTimeMillis, System::nanoTime);
    keys = new GrantedKeys(inbound, new SecureRandom(), System::currentTimeMillis, this);
  }

  GrantedKeys keys() {
    return keys;
  }

  /** Applies a configuration; what it no longer allows ends at once. On the loop. */
  void apply(HomeAgentConfig config, TlsCredentials credentials) {
    keys.settings(settings(config), System.nanoTime());
    keys.revoke(credentials::isRevoked, System.nanoTime());
    if (server != null) {
      server.credentials(credentials);
    }
  }

  /** Listens. */
  void open(ControllerConfig config, TlsCredentials credentials) throws IOException {
    server =
        new ControllerServer(
            new ControllerServer.Limits(
                config.handshakesPerSecond(), config.maximumConnections(),
                config.handshakeTimeoutMs()),
            credentials, this::decide, audit, new SecureRandom(), System::currentTimeMillis);
    server.listen(
        new InetSocketAddress(
            ControllerAccess.address(config.listen()), config.port()));
  }

  /** What happened on its connections. */
  ControllerCounters counters() {
    return server.counters();
  }

  private CompletionStage<ControllerDecision> decide(
      PeerIdentity peer, ProvisioningRequest request) {
    CompletableFuture<ControllerDecision> decision = new CompletableFuture<>();
    Controller controller = keys;
    loop.execute(
        () -> {
          try {
            decision.complete(controller.decide(peer, request, System.nanoTime()));
          } catch (RuntimeException e) {
            decision.completeExceptionally(e);
          }
        });
    return decision;
  }

  private static ControllerSettings settings(HomeAgentConfig config) {
    ControllerConfig controller = config.controller();
    List<ProvisionedNode> nodes =
        config.mobileNodes().stream()
            .filter(node -> node.provisioned())
            .map(
                node ->
                    new ProvisionedNode(
                        node.name(), node.homeAddresses(), node.careOf(), node.payload(),
                        node.hosts()))
            .toList();
    return new ControllerSettings(
        config.address(), config.prefix(), config.encapsulationPort(), controller.suites(),
        controller.validitySeconds(), controller.maximumPackets(), controller.maximumOctets(),
        controller.graceSeconds(), nodes);
  }

  @Override
  public void onGranted(HeldGrant grant, PeerIdentity peer, ProvisioningRequest request) {
    audit.onGranted(grant, peer, request);
    // The keys are listed once the caller has finished.
    loop.execute(onChanged);
  }

  @Override
  public void onRefused(PeerIdentity peer, ProvisioningRequest request, String reason) {
    audit.onRefused(peer, request, reason);
  }

  @Override
  public void onEnded(
      HeldGrant grant, PeerIdentity peer, String reason, List<Ipv6Address> bound) {
    audit.onEnded(grant, peer, reason, bound);
    if (!bound.isEmpty()) {
      // Where this comes from the engine's own deadline, it must have finished first.
      loop.execute(() -> bound.forEach(address -> onLost.accept(address, reason)));
    }
  }

  /** Accepts nobody any more, and ends all keys. Not on the loop. */
  @Override
  public void close() {
    if (server != null) {
      server.close();
    }
    loop.call(
        () -> {
          keys.destroy();
          return null;
        });
  }
}
