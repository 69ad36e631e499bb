package org.kagemusha.core.offload;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.PacketBuffer;

/** Nothing here allocates for a packet, on the heap or off it. */
class OffloadAllocationTest {

  private static final ThreadMXBean THREADS =
      (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int ROUNDS = 2_000;

  private final PacketBuffer target = PacketBuffer.allocate(70_000);
  private final ByteBuffer header = ByteBuffer.allocateDirect(VirtioNetHeader.OCTETS);
  private int sent;

  private static void assertAllocatesNothing(Runnable work) {
    for (int i = 0; i < ROUNDS; i++) {
      work.run();
    }
    long before = THREADS.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < ROUNDS; i++) {
      work.run();
    }
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    // Less than an octet per round: the virtual machine itself allocates now and then.
    assertTrue(allocated < ROUNDS, allocated + " octets in " + ROUNDS + " rounds");
  }

  @Test
  void segmentationAllocatesNothing() {
    byte[] frame = Frames.tcp(1, Frames.ACK, Frames.payload(1, 20_000));
    PacketBuffer packet =
        PacketBuffer.allocate(70_000)
            .copyFrom(Frames.unfinished(frame, Frames.LINK, Frames.UPPER, Frames.TCP, 1400));
    Segmenter segmenter = new Segmenter();
    assertAllocatesNothing(
        () -> {
          VirtioNetHeader.write(packet, header, 0);
          assertTrue(VirtioNetHeader.read(header, 0, packet));
          assertTrue(segmenter.begin(packet, Frames.LINK));
          while (segmenter.hasNext()) {
            segmenter.next(target);
          }
        });
  }

  @Test
  void finishingAllocatesNothing() {
    byte[] frame = Frames.tcp(1, Frames.ACK, Frames.payload(1, 1400));
    PacketBuffer packet = PacketBuffer.copyOf(frame);
    assertAllocatesNothing(
        () -> {
          packet.unfinished(packet.offset() + Frames.UPPER, 16, 0);
          UnfinishedChecksum.finish(packet);
        });
  }

  @Test
  void coalescingAllocatesNothingButItsBuffers() {
    byte[] frame = Frames.tcp(1, Frames.ACK, Frames.payload(1, 20_000));
    List<PacketBuffer> segments =
        Frames.part(frame, Frames.LINK, Frames.UPPER, Frames.TCP, 1400).stream()
            .map(PacketBuffer::copyOf)
            .toList();
    PacketBuffer[] packets = segments.toArray(new PacketBuffer[0]);
    PacketBuffer echo = PacketBuffer.copyOf(Frames.frame(58, new byte[64]));
    Coalescer coalescer = new Coalescer(packet -> sent += packet.length());
    assertAllocatesNothing(
        () -> {
          for (PacketBuffer packet : packets) {
            coalescer.add(packet);
            coalescer.add(echo);
          }
          coalescer.flush();
        });
    assertTrue(sent != 0);
  }
}
