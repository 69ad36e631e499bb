package org.kagemusha.daemon.demo;

import java.io.Closeable;
import java.io.IOException;

/** A guest of the demonstration: something that has a network card and can be moved. */
interface MovableGuest extends Closeable {

  /** As its daemons know it. */
  DemoGuest described();

  /** Lets the daemons know what they may know of it. */
  void configure(DemoConfiguration configuration);

  /** Starts it at hypervisor A; returns when it has its address and routes. */
  void start(Topology topology) throws IOException, InterruptedException;

  /** Begins its sessions with the correspondent. */
  Traffic sessions() throws IOException, InterruptedException;

  /**
   * Moves it to the other hypervisor.
   *
   * @param source the daemon beside it until now
   */
  Moved move(DaemonProcess source) throws IOException, InterruptedException;

  /** What happens at its start, for people. */
  String startMeans();

  /** What it means that the guest has moved, for the report. */
  String movedMeans();

  /**
   * When a move was; ns of this process's monotonic clock.
   *
   * @param startNs the guest was not to be heard at the old place any more
   * @param movedNs it was to be heard at the new place
   * @param vm what the VMM told of it; null without one
   */
  record Moved(long startNs, long movedNs, MoveReport.Vm vm) {}
}
