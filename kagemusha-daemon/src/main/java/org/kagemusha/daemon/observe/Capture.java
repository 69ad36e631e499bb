package org.kagemusha.daemon.observe;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.kagemusha.core.message.PcapReader;
import org.kagemusha.core.message.PcapWriter;
import org.kagemusha.core.message.PcapWriter.Direction;
import org.kagemusha.core.wire.PacketBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the packets of both sides to the client that asked for them, as pcapng: the daemon opens
 * no file. One capture at a time; a client too slow to read loses packets, never the loop its pace.
 * Checksums and segmentation that were left to hardware are done first: what is written is what a
 * wire would carry.
 * All calls are the loop's thread's.
 */
public final class Capture {

  /** The longest capture. */
  public static final int LONGEST_SECONDS = 86_400;

  private static final Logger log = LoggerFactory.getLogger(Capture.class);
  private static final int HOME = 0;
  private static final int UNDERLAY = 1;
  private static final int MOST_UNSENT = 8 << 20;
  private static final int BATCH = 1 << 16;
  private static final int FAREWELL_SECONDS = 10;

  private final String homeName;
  private final String underlayName;
  private Channel client;
  private PcapWriter writer;
  private ByteBuf batch;
  private WireForm wireForm;
  private long wallMicrosAtZero;
  private long packets;
  private long lost;

  /**
   * @param homeName what a viewer shows for the home side, such as the tap's name
   * @param underlayName what a viewer shows for the routed network
   */
  public Capture(String homeName, String underlayName) {
    this.homeName = homeName;
    this.underlayName = underlayName;
  }

  /** Says whether packets are wanted: ask before each call of the other methods. */
  public boolean isActive() {
    return client != null;
  }

  /** Begins to write to a client; ends after some seconds, or when the client goes. */
  public void start(Channel newClient, int seconds) {
    if (client != null) {
      // Two asked in one wake-up, when there was none yet.
      newClient.close();
      return;
    }
    newClient
        .config()
        .setWriteBufferWaterMark(new WriteBufferWaterMark(MOST_UNSENT / 2, MOST_UNSENT));
    client = newClient;
    packets = 0;
    lost = 0;
    wallMicrosAtZero = System.currentTimeMillis() * 1000 - System.nanoTime() / 1000;
    batch = client.alloc().buffer(BATCH);
    try {
      writer =
          new PcapWriter(
              new BatchStream(),
              List.of(
                  new PcapWriter.Interface(homeName, PcapReader.ETHERNET),
                  new PcapWriter.Interface(underlayName, PcapReader.IPV6)));
    } catch (IOException e) {
      throw new AssertionError("memory takes octets", e);
    }
    log.info("capture started seconds={}", seconds);
    newClient.closeFuture().addListener(done -> stop(newClient));
    newClient.eventLoop().schedule(() -> stop(newClient), seconds, TimeUnit.SECONDS);
    flush();
  }

  /** A frame of the home side. */
  public void home(Direction direction, PacketBuffer frame) {
    writeOnWire(HOME, direction, frame);
  }

  /** A packet of the routed network. */
  public void underlay(Direction direction, PacketBuffer packet) {
    writeOnWire(UNDERLAY, direction, packet);
  }

  private void writeOnWire(int side, Direction direction, PacketBuffer packet) {
    if (!packet.isUnfinished()) {
      write(side, direction, packet);
      return;
    }
    if (wireForm == null) {
      wireForm = new WireForm();
    }
    wireForm.begin(packet, side == HOME);
    for (PacketBuffer one = wireForm.next(); one != null; one = wireForm.next()) {
      write(side, direction, one);
    }
  }

  private void write(int side, Direction direction, PacketBuffer packet) {
    if (!client.isWritable()) {
      lost++;
      return;
    }
    try {
      writer.write(
          side, direction, wallMicrosAtZero + System.nanoTime() / 1000, packet.bytes(),
          packet.offset(), packet.length());
      packets++;
    } catch (IOException e) {
      throw new AssertionError("memory takes octets", e);
    }
    if (batch.readableBytes() >= BATCH) {
      flush();
    }
  }

  /** Sends what was written since the last call. */
  public void flush() {
    if (client != null && batch.isReadable()) {
      client.writeAndFlush(batch);
      batch = client.alloc().buffer(BATCH);
    }
  }

  private void stop(Channel which) {
    if (client == which) {
      client = null;
      writer = null;
      wireForm = null;
      // Closed when the last octets are out; a client that is gone fails the write at once.
      which.writeAndFlush(batch).addListener(done -> which.close());
      // A client that has stopped reading keeps neither its place nor the packets that wait for it.
      if (which.isOpen()) {
        Future<?> limit =
            which.eventLoop().schedule(() -> which.close(), FAREWELL_SECONDS, TimeUnit.SECONDS);
        which.closeFuture().addListener(done -> limit.cancel(false));
      }
      log.info("capture ended packets={} lost={}", packets, lost);
    }
  }

  /** Writes to whatever batch is being filled. */
  private final class BatchStream extends OutputStream {
    @Override
    public void write(int octet) {
      batch.writeByte(octet);
    }

    @Override
    public void write(byte[] octets, int from, int count) {
      batch.writeBytes(octets, from, count);
    }
  }
}
