package org.kagemusha.tap.vmsocket;

/** Hears who is at the other end of a VM's socket. None of it says where the VM runs. */
public interface VmSocketListener {

  /**
   * A VMM has come.
   *
   * @param peer who, for a log line
   * @param peers how many there are now
   */
  void connected(String peer, int peers);

  /**
   * A VMM is gone.
   *
   * @param cause for a log line
   * @param wrong whether it was sent away or broke down, rather than going by itself
   * @param peers how many are left
   */
  void disconnected(String peer, String cause, boolean wrong, int peers);

  /** A VMM was not taken; {@code cause} is for a log line. */
  void refused(String peer, String cause);

  /** Frames for the guest go to this VMM from now on, as its guest has sent one. */
  void speaks(String peer);
}
