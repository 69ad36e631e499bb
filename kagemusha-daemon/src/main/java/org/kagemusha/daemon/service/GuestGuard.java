package org.kagemusha.daemon.service;

import java.util.List;
import java.util.Objects;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.daemon.config.VmConfig;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.nft.KernelQuiet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the acknowledgements of every home agent for every home address from the guest's port while
 * the daemon runs (RFC 6275 §11.5.5: they are answers to us). The edge thread's, or the starting
 * thread's before there is another.
 */
final class GuestGuard implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(GuestGuard.class);

  private record Rules(
      List<Ipv6Address> homeAgents, List<Ipv6Address> homeAddresses, List<Long> spis) {}

  private final KernelQuiet quiet;
  private Rules wanted;
  private String failure;

  GuestGuard(KernelQuiet quiet) {
    this.quiet = quiet;
  }

  /**
   * Installs the rules for a configuration, now or with {@link #again}.
   *
   * @param spis by which signalling to this node is protected, unsigned
   */
  void apply(VmConfig config, List<Long> spis) {
    wanted = new Rules(config.home().agents(), config.homeAddresses(), spis);
    install();
  }

  /** Installs the rules again: another tool may have flushed them, or they could not be had. */
  void again() {
    if (wanted != null) {
      install();
    }
  }

  private void install() {
    try {
      quiet.guard(wanted.homeAgents(), wanted.homeAddresses(), wanted.spis());
      failure = null;
    } catch (KernelException e) {
      if (!Objects.equals(failure, e.getMessage())) {
        failure = e.getMessage();
        log.warn("guest may answer acknowledgements meant for us cause={}", failure);
      }
    }
  }

  @Override
  public void close() throws KernelException {
    if (wanted != null) {
      quiet.unguard();
    }
  }
}
