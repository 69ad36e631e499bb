package org.kagemusha.daemon.service;

import java.io.IOException;
import org.kagemusha.core.message.PcapWriter.Direction;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.daemon.loop.PacketSource;
import org.kagemusha.daemon.observe.Capture;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.tap.TapDevice;

/** The tap on both ways: frames to the engine, and frames of the engine. */
final class HomeSource implements PacketSource, HomeLink {

  private static final int LARGEST_FRAME = 65_535;

  private final TapDevice tap;
  private final Capture capture;
  private final Counters counters;
  private final boolean countsSent;
  private final PacketBuffer frame = NativeMemory.packetBuffer(LARGEST_FRAME);
  private NodeEngine engine;

  /**
   * @param countsSent whether the engine leaves counting what is sent to us
   */
  HomeSource(TapDevice tap, Capture capture, Counters counters, boolean countsSent) {
    this.tap = tap;
    this.capture = capture;
    this.counters = counters;
    this.countsSent = countsSent;
  }

  void engine(NodeEngine newEngine) {
    engine = newEngine;
  }

  @Override
  public int descriptor() {
    return tap.fd();
  }

  @Override
  public boolean receive(long nowNs) throws IOException {
    int length = tap.read(frame);
    if (length > 0) {
      if (capture.isActive()) {
        capture.home(Direction.INBOUND, frame);
      }
      engine.onHomeFrame(frame, nowNs);
      return true;
    }
    if (length == TapDevice.REMOVED) {
      throw new IOException("the tap device " + tap.name() + " was removed");
    }
    return false;
  }

  @Override
  public void send(PacketBuffer outgoing) {
    if (capture.isActive()) {
      capture.home(Direction.OUTBOUND, outgoing);
    }
    if (countsSent) {
      counters.add(Counter.HOME_FRAMES_SENT);
    }
    tap.send(outgoing);
  }

  @Override
  public String name() {
    return tap.name();
  }
}
