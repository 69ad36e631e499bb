package org.kagemusha.daemon.service;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.util.List;
import java.util.function.Consumer;
import org.kagemusha.core.provisioning.Grant;
import org.kagemusha.core.provisioning.ProvisioningRequest;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.daemon.config.ConfigException;
import org.kagemusha.daemon.config.Problem;
import org.kagemusha.daemon.config.ProvisioningConfig;
import org.kagemusha.daemon.config.VmConfig;
import org.kagemusha.daemon.provision.ControllerClient;
import org.kagemusha.daemon.tls.CredentialException;
import org.kagemusha.daemon.tls.TlsCredentials;

/** How the controller is reached, and with which credentials; read before the loop uses them. */
final class ControllerAccess {

  /** Within which an attempt has ended. */
  private static final int TIMEOUT_MS = 5000;

  private final SecureRandom random = new SecureRandom();
  private volatile TlsCredentials credentials;

  /**
   * Reads the credentials that a configuration names, if it names any. Not on the loop.
   *
   * @throws ConfigException if they cannot be used; then the earlier ones stay
   */
  void load(VmConfig config) throws ConfigException {
    if (config.provisioning() != null) {
      try {
        credentials = TlsCredentials.load(config.provisioning().tls());
      } catch (CredentialException e) {
        throw new ConfigException(
            List.of(new Problem(config.file(), 1, "[provisioning]", e.getMessage())));
      }
    }
  }

  /** One attempt after another, with what was loaded last. */
  Provisioner.Attempt attempt(VmConfig config) {
    ProvisioningConfig provisioning = config.provisioning();
    return (request, granted, failed) -> ask(provisioning, request, granted, failed);
  }

  private void ask(
      ProvisioningConfig config,
      ProvisioningRequest request,
      Consumer<Grant> granted,
      Provisioner.Failure failed) {
    ControllerClient.start(
        new ControllerClient.Target(
            new InetSocketAddress(address(config.controller()), config.port()),
            config.serverName(), null, credentials, TIMEOUT_MS),
        request,
        random,
        new ControllerClient.Listener() {
          @Override
          public void onGranted(Grant grant) {
            granted.accept(grant);
          }

          @Override
          public void onFailed(String reason, int retryAfterSeconds) {
            failed.failed(reason, retryAfterSeconds);
          }
        });
  }

  static InetAddress address(Ipv6Address address) {
    try {
      return InetAddress.getByAddress(address.toBytes());
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an IPv6 address has sixteen octets", e);
    }
  }
}
