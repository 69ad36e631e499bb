package org.kagemusha.daemon.service;

import java.security.SecureRandom;
import java.util.List;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.provisioning.CertificateRule;
import org.kagemusha.core.provisioning.Ciphersuite;
import org.kagemusha.core.provisioning.ControllerDecision;
import org.kagemusha.core.provisioning.ControllerSettings;
import org.kagemusha.core.provisioning.Grant;
import org.kagemusha.core.provisioning.GrantedKeys;
import org.kagemusha.core.provisioning.HeldGrant;
import org.kagemusha.core.provisioning.PeerIdentity;
import org.kagemusha.core.provisioning.ProvisionedKeys;
import org.kagemusha.core.provisioning.ProvisionedNode;
import org.kagemusha.core.provisioning.ProvisioningRequest;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/** Made-up keys of a made-up controller, for {@link Rehearsal}: nobody else ever has them. */
final class RehearsalGrant {

  private static final long GRACE_NS = 5_000_000_000L;
  private static final PeerIdentity HOST =
      new PeerIdentity("CN=rehearsal", List.of(), "CN=rehearsal", "01", Long.MAX_VALUE);

  private final SecurityAssociationDatabase nodeInbound = new SecurityAssociationDatabase();
  private final SecurityAssociationDatabase agentInbound = new SecurityAssociationDatabase();
  private final ProvisionedKeys node;
  private final GrantedKeys agent;

  private RehearsalGrant() {
    node = new ProvisionedKeys(nodeInbound, GRACE_NS, (reason, nowNs) -> {});
    agent =
        new GrantedKeys(
            agentInbound, new SecureRandom(), System::currentTimeMillis, new Unheard());
  }

  static RehearsalGrant of(
      Ciphersuite suite,
      boolean payloadProtected,
      Ipv6Address homeAgent,
      Ipv6Prefix prefix,
      Ipv6Address homeAddress,
      long nowNs) {
    RehearsalGrant made = new RehearsalGrant();
    made.agent.settings(
        new ControllerSettings(
            homeAgent, prefix, 0, List.of(suite), 3600, 1L << 32, 1L << 40, 5,
            List.of(
                new ProvisionedNode(
                    "rehearsal", List.of(new Ipv6Prefix(homeAddress, 128)), List.of(),
                    payloadProtected ? PayloadProtection.REQUIRED : PayloadProtection.DISABLED,
                    List.of(new CertificateRule("rehearsal", HOST.subject(), null, null))))),
        nowNs);
    ControllerDecision decision =
        made.agent.decide(
            HOST,
            new ProvisioningRequest(
                "rehearsal@kagemusha", List.of(homeAddress), null, payloadProtected,
                List.of(suite)),
            nowNs);
    if (decision instanceof ControllerDecision.Granted granted) {
      made.node.install(copy(granted.grant()), nowNs);
    }
    return made;
  }

  private static Grant copy(Grant grant) {
    return new Grant(
        grant.spi(), grant.suite(), grant.keyToHomeAgent().clone(),
        grant.keyToMobileNode().clone(), grant.payloadProtected(), grant.homeAgent(),
        grant.homePrefix(), grant.homeAddresses(), grant.validitySeconds(),
        grant.maximumPackets(), grant.maximumOctets(), grant.encapsulationPort());
  }

  RehearsalKeys.Ends ends() {
    return new RehearsalKeys.Ends(node, nodeInbound, agent, agentInbound);
  }

  void destroy() {
    node.destroy();
    agent.destroy();
  }

  /** What is rehearsed is no audit's business. */
  private static final class Unheard implements GrantedKeys.Listener {
    @Override
    public void onGranted(HeldGrant grant, PeerIdentity peer, ProvisioningRequest request) {
      // Made up.
    }

    @Override
    public void onRefused(PeerIdentity peer, ProvisioningRequest request, String reason) {
      // Made up.
    }

    @Override
    public void onEnded(
        HeldGrant grant, PeerIdentity peer, String reason, List<Ipv6Address> bound) {
      // Made up.
    }
  }
}
