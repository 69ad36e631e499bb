package org.kagemusha.daemon.service;

import java.io.IOException;
import java.util.List;
import org.kagemusha.core.message.PcapWriter.Direction;
import org.kagemusha.core.mobility.MobileNode;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.daemon.loop.PacketSource;
import org.kagemusha.daemon.observe.Capture;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.rawsocket.BridgeWatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What goes to and from the guest's port on the bridge, while the engine wants to see it. */
final class WatchSource implements PacketSource, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(WatchSource.class);
  private static final int LARGEST_FRAME = 65_535;

  private final BridgeWatch watch;
  private final MobileNode engine;
  private final Capture capture;
  private final PacketBuffer frame = NativeMemory.packetBuffer(LARGEST_FRAME);
  private boolean watching;
  private List<Ipv6Address> watched = List.of();

  WatchSource(BridgeWatch watch, MobileNode engine, Capture capture) {
    this.watch = watch;
    this.engine = engine;
    this.capture = capture;
  }

  /** Begins or ends to watch as the engine wants, or watches for other home agents. */
  void follow(MacAddress guest, List<Ipv6Address> homeAgents) {
    boolean wanted = engine.wantsBridgeWatch();
    if (wanted == watching && (!wanted || homeAgents == watched)) {
      return;
    }
    watching = wanted;
    watched = homeAgents;
    try {
      if (wanted) {
        watch.watch(guest, homeAgents, true);
      } else {
        watch.rest();
      }
      log.debug("bridge watch={}", wanted);
    } catch (KernelException e) {
      log.warn("bridge cannot be watched cause={}", e.getMessage());
    }
  }

  @Override
  public int descriptor() {
    return watch.fd();
  }

  @Override
  public int receive(long nowNs) throws IOException {
    if (watch.receive(frame) == BridgeWatch.WOULD_BLOCK) {
      return 0;
    }
    int weight = PacketSource.weight(frame);
    if (capture.isActive()) {
      capture.home(Direction.INBOUND, frame);
    }
    engine.onBridgeFrame(frame, nowNs);
    return weight;
  }

  @Override
  public String name() {
    return "bridge watch";
  }

  @Override
  public void close() {
    watch.close();
  }
}
