package org.kagemusha.daemon.service;

import java.io.IOException;
import java.util.Optional;
import org.kagemusha.core.node.Counters;
import org.kagemusha.daemon.config.VmSocketConfig;
import org.kagemusha.tap.port.FramePort;
import org.kagemusha.tap.vmsocket.VmSocketListener;
import org.kagemusha.tap.vmsocket.VmSocketSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The VM's socket, and what the log tells of who connects to it. None of it is a trigger: a QEMU
 * that waits for a migration connects long before the VM is there.
 */
final class GuestSocket implements VmSocketListener {

  private static final Logger log = LoggerFactory.getLogger(GuestSocket.class);

  private final String vm;

  private GuestSocket(String vm) {
    this.vm = vm;
  }

  static FramePort open(String vm, VmSocketConfig config, Counters counters)
      throws IOException {
    return new VmSocketSettings(
            config.datagrams(), config.path(), Optional.ofNullable(config.group()))
        .open(counters, new GuestSocket(vm));
  }

  @Override
  public void connected(String peer, int peers) {
    log.info("vmm connected vm={} peer={} connections={}", vm, peer, peers);
  }

  @Override
  public void disconnected(String peer, String cause, boolean wrong, int peers) {
    if (wrong) {
      log.warn(
          "vmm disconnected vm={} peer={} connections={} cause=\"{}\"", vm, peer, peers, cause);
    } else {
      log.info(
          "vmm disconnected vm={} peer={} connections={} cause=\"{}\"", vm, peer, peers, cause);
    }
  }

  @Override
  public void refused(String peer, String cause) {
    log.warn("vmm refused vm={} peer={} cause=\"{}\"", vm, peer, cause);
  }

  @Override
  public void speaks(String peer) {
    log.info("vmm has the guest vm={} peer={}", vm, peer);
  }
}
