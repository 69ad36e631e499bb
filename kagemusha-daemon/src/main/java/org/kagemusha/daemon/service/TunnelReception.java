package org.kagemusha.daemon.service;

import org.kagemusha.tap.libc.KernelException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether what comes through tunnels is received: only while something may come. A host has many
 * daemons whose VM is elsewhere, and the kernel compares each packet with the sockets of all. On
 * the loop.
 */
final class TunnelReception {

  private static final Logger log = LoggerFactory.getLogger(TunnelReception.class);

  /** So often in a row nothing is expected before the sockets are closed. */
  private static final int IDLE = 2;

  /** The sockets for tunnels. */
  interface Sockets {

    /**
     * Opens them, and has them read.
     *
     * @throws KernelException if that fails; none is open then
     */
    void open() throws KernelException;

    /** Ends reading them, and closes them. */
    void close();
  }

  private final Sockets sockets;
  private boolean open = true;
  private boolean failed;
  private int idle;

  /** Of sockets that are open. */
  TunnelReception(Sockets sockets) {
    this.sockets = sockets;
  }

  /** Something may come from now on. Cheap where the sockets are open. */
  void expect() {
    idle = 0;
    if (open) {
      return;
    }
    try {
      sockets.open();
      open = true;
      failed = false;
    } catch (KernelException e) {
      if (!failed) {
        failed = true;
        log.error("tunnels not received cause={}", e.getMessage());
      }
    }
  }

  /**
   * Nothing is expected, for the moment at least: to be said every now and then while it is so. If
   * it is said again and nothing was expected in between, the sockets are closed.
   */
  void idle() {
    if (open && ++idle >= IDLE) {
      rest();
    }
  }

  /** Closes the sockets until something is expected. */
  void rest() {
    if (open) {
      open = false;
      sockets.close();
    }
  }

  /** Whether what comes is received. */
  boolean isOpen() {
    return open;
  }
}
