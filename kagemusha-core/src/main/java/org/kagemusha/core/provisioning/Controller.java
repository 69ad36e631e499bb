package org.kagemusha.core.provisioning;

/** Decides what mobile nodes are given; on the engine's thread, since it installs associations. */
@FunctionalInterface
public interface Controller {

  /**
   * Decides about a whole request of an authenticated peer. What is granted is installed when this
   * returns.
   */
  ControllerDecision decide(PeerIdentity peer, ProvisioningRequest request, long nowNs);
}
