package org.kagemusha.core.simulation;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.kagemusha.core.wire.EthernetHeader;

/** A bridge that learns where stations are (IEEE 802.1D §7.8), as a host has one. */
final class LearningBridge {

  /** One port; what is received on the far side is what the bridge sends to it. */
  final class Port {
    private final Consumer<byte[]> receiver;

    private Port(Consumer<byte[]> receiver) {
      this.receiver = receiver;
    }

    void send(byte[] frame) {
      byte[] copy = frame.clone();
      schedule.after(delayNs, () -> forward(this, copy));
    }

    void unplug() {
      ports.remove(this);
      stations.values().removeIf(port -> port == this);
    }
  }

  private final Schedule schedule;
  private final long delayNs;
  private final List<Port> ports = new ArrayList<>();
  private final Map<Long, Port> stations = new HashMap<>();

  /** Sees every frame that crosses the bridge, as a packet socket does. */
  private Consumer<byte[]> watch = frame -> { };

  LearningBridge(Schedule schedule, long delayNs) {
    this.schedule = schedule;
    this.delayNs = delayNs;
  }

  Port plug(Consumer<byte[]> receiver) {
    Port port = new Port(receiver);
    ports.add(port);
    return port;
  }

  void watch(Consumer<byte[]> watcher) {
    watch = watcher;
  }

  private void forward(Port from, byte[] frame) {
    if (!ports.contains(from)) {
      return;
    }
    ByteBuffer bytes = ByteBuffer.wrap(frame);
    stations.put(EthernetHeader.sourceBits(bytes, 0), from);
    watch.accept(frame.clone());
    long destination = EthernetHeader.destinationBits(bytes, 0);
    Port known = (destination >>> 40 & 1) == 0 ? stations.get(destination) : null;
    for (Port port : List.copyOf(ports)) {
      if (port != from && (known == null || known == port)) {
        port.receiver.accept(frame.clone());
      }
    }
  }
}
