package org.kagemusha.daemon.service;

import java.io.IOException;
import org.kagemusha.core.message.PcapWriter.Direction;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.offload.Coalescer;
import org.kagemusha.core.offload.Segmenter;
import org.kagemusha.core.offload.UnfinishedChecksum;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.daemon.loop.PacketLoop;
import org.kagemusha.daemon.loop.PacketSink;
import org.kagemusha.daemon.loop.PacketSource;
import org.kagemusha.daemon.observe.Capture;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.port.FramePort;
import org.kagemusha.tap.tap.TapDevice;

/**
 * The guest's side on both ways, a tap or its VMM's socket: frames to the engine, and frames of the
 * engine. Those are joined to super-frames until the end of the wake-up where the port takes them,
 * and are finished or taken apart where it does not.
 */
final class TapLink implements PacketSource, HomeLink, PacketSink {

  private final FramePort port;
  private final Capture capture;
  private final Counters counters;
  private final boolean countsSent;
  private final PacketLoop loop;
  private final Coalescer coalescer;
  private final PacketBuffer frame = NativeMemory.packetBuffer(TapDevice.LARGEST_FRAME);
  private Segmenter segmenter;
  private PacketBuffer segment;
  private NodeEngine engine;

  /**
   * @param countsSent whether the engine leaves counting what is sent to us
   * @param coalescing whether frames may be joined
   */
  TapLink(
      FramePort port, PacketLoop loop, Capture capture, Counters counters, boolean countsSent,
      boolean coalescing) {
    this.port = port;
    this.loop = loop;
    this.capture = capture;
    this.counters = counters;
    this.countsSent = countsSent;
    coalescer =
        coalescing && port.offloads()
            ? new Coalescer(
                this::write, EthernetHeader.BYTES, port.segmentsUdp(),
                () -> NativeMemory.packetBuffer(TapDevice.LARGEST_FRAME))
            : null;
  }

  void engine(NodeEngine newEngine) {
    engine = newEngine;
  }

  /** Whether frames are joined. */
  boolean isCoalescing() {
    return coalescer != null;
  }

  @Override
  public int descriptor() {
    return port.fd();
  }

  @Override
  public int receive(long nowNs) throws IOException {
    int length = port.read(frame);
    if (length > 0) {
      int weight = PacketSource.weight(frame);
      if (capture.isActive()) {
        capture.home(Direction.INBOUND, frame);
      }
      engine.onHomeFrame(frame, nowNs);
      return weight;
    }
    if (length == FramePort.REMOVED) {
      throw new IOException("the tap device " + port.name() + " was removed");
    }
    return 0;
  }

  @Override
  public void send(PacketBuffer outgoing) {
    if (capture.isActive()) {
      capture.home(Direction.OUTBOUND, outgoing);
    }
    if (countsSent) {
      counters.add(Counter.HOME_FRAMES_SENT);
    }
    if (coalescer != null && loop.isWorking()) {
      coalescer.add(outgoing);
    } else {
      write(outgoing);
      if (!loop.isWorking()) {
        port.flush();
      }
    }
  }

  @Override
  public void flush(long nowNs) {
    if (coalescer != null) {
      coalescer.flush();
    }
    port.flush();
  }

  @Override
  public boolean pending() {
    return port.pending();
  }

  private void write(PacketBuffer outgoing) {
    if (port.offloads() || !outgoing.isUnfinished()) {
      port.send(outgoing);
    } else if (outgoing.isSuperPacket()) {
      writeSegments(outgoing);
    } else {
      UnfinishedChecksum.finish(outgoing);
      port.send(outgoing);
    }
  }

  private void writeSegments(PacketBuffer outgoing) {
    if (segmenter == null) {
      segmenter = new Segmenter();
      segment = NativeMemory.packetBuffer(TapDevice.LARGEST_FRAME);
    }
    if (!segmenter.begin(outgoing, EthernetHeader.BYTES)) {
      counters.drop(DropReason.OFFLOAD_INVALID);
      return;
    }
    while (segmenter.hasNext()) {
      segmenter.next(segment);
      port.send(segment);
    }
  }

  @Override
  public String name() {
    return port.name();
  }
}
