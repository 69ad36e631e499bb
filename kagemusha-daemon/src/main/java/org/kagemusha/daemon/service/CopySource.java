package org.kagemusha.daemon.service;

import java.io.IOException;
import org.kagemusha.core.mobility.MobileNode;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.daemon.loop.PacketLoop;
import org.kagemusha.daemon.loop.PacketSource;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.rawsocket.GuestFrameCopies;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies of the frames to a guest that is paused at home, or may soon be, while the engine wants
 * them.
 */
final class CopySource implements PacketSource, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(CopySource.class);

  /** A frame that is older than so has met a clock that was set meanwhile. */
  private static final long LATEST_NS = 5_000_000_000L;

  private final String bridge;
  private final MacAddress guest;
  private final WallClock clock = new WallClock();
  private final PacketLoop loop;
  private final MobileNode engine;
  private GuestFrameCopies copies;
  private Runnable reading;
  private PacketBuffer frame;
  private boolean wanted;

  CopySource(String bridge, MacAddress guest, PacketLoop loop, MobileNode engine) {
    this.bridge = bridge;
    this.guest = guest;
    this.loop = loop;
    this.engine = engine;
  }

  /** Begins or ends as the engine wants; on the loop. */
  void follow() {
    if (wanted == engine.wantsGuestFrameCopies()) {
      return;
    }
    wanted = !wanted;
    if (!wanted) {
      close();
      return;
    }
    try {
      copies = GuestFrameCopies.open(bridge, guest);
      frame = NativeMemory.packetBuffer(GuestFrameCopies.LARGEST_FRAME);
      reading = loop.addOnLoop(this);
    } catch (KernelException e) {
      log.warn("packets of the paused guest cannot be kept cause={}", e.getMessage());
    }
  }

  @Override
  public int descriptor() {
    return copies.fd();
  }

  @Override
  public int receive(long nowNs) throws IOException {
    if (copies == null) {
      return 0;
    }
    int length = copies.receive(frame);
    if (length == 0) {
      return 0;
    }
    int weight = length < 0 ? 1 : PacketSource.weight(frame);
    if (length > 0) {
      engine.onGuestFrameCopy(frame, cameNs(nowNs), nowNs);
    }
    return weight;
  }

  /** By the kernel's clock: what came before the VM was stopped may be read after. */
  private long cameNs(long nowNs) {
    return clock.monotonicNs(copies.receivedUnixNs(), LATEST_NS, nowNs);
  }

  @Override
  public String name() {
    return "copies of the paused guest's frames";
  }

  @Override
  public void close() {
    if (reading != null) {
      reading.run();
      reading = null;
    }
    if (copies != null) {
      copies.close();
      copies = null;
    }
    frame = null;
  }
}
