package org.kagemusha.core.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.PacketBuffer;

/** Nothing on a packet's way allocates, answers and fragments included; a tunnel is small. */
class TunnelAllocationTest {

  private static final ThreadMXBean THREADS =
      (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int PACKETS = 2_000;

  private final Counters counters = new Counters();
  private final TunnelContext context =
      new TunnelContext(
          TunnelSettings.defaults(), counters, Bench.ERROR_SOURCE, new SplittableRandom(1));
  private final Tunnel tunnel = new Tunnel(context);
  private final PacketBuffer original = PacketBuffer.allocate(9000);
  private final PacketBuffer buffer = PacketBuffer.allocate(9000);
  private final Underlay underlay = packet -> Underlay.Sent.OK;
  private final InnerErrors errors = packet -> { };
  private long now;

  TunnelAllocationTest() {
    tunnel.endpoints(Bench.LOCAL, Bench.REMOTE);
    tunnel.linkMtu(1300, 0);
  }

  @Test
  void entryPointAllocatesNothing() {
    byte[][] packets = {
      InnerPackets.udp(1000),
      InnerPackets.udp(1280),
      InnerPackets.udp(1400),
      InnerPackets.tcp(InnerPackets.SYN, InnerPackets.mss(1440), new byte[0])
    };
    for (byte[] packet : packets) {
      assertAllocatesNothing(packet, () -> tunnel.send(buffer, underlay, errors, now));
    }
    assertTrue(counters.get(Counter.TUNNEL_FRAGMENTS_SENT) > PACKETS);
    assertTrue(counters.get(Counter.PACKET_TOO_BIG_SENT) > PACKETS);
    assertTrue(counters.get(Counter.MSS_CLAMPED) > PACKETS);
  }

  @Test
  void exitPointAllocatesNothing() {
    byte[] syn = InnerPackets.tcp(InnerPackets.SYN, InnerPackets.mss(1440), new byte[0]);
    byte[] outer = InnerPackets.ipv6(Bench.REMOTE, Bench.LOCAL, 0, 0, 41, 60, syn);
    assertAllocatesNothing(
        outer, () -> tunnel.receive(buffer, buffer.offset() + 40, errors, now));
  }

  @Test
  void errorsFromInsideAllocateNothing() {
    byte[] inner = InnerPackets.udp(200);
    byte[] outer = InnerPackets.ipv6(Bench.LOCAL, Bench.REMOTE, 0, 0, 41, 60, inner);
    byte[] error = InnerPackets.icmpv6(Bench.ROUTER, Bench.LOCAL, 3, 0, 0, outer);
    assertAllocatesNothing(error, () -> tunnel.onIcmpError(buffer, errors, now));
    assertEquals(0, counters.drops(DropReason.ICMP_RATE_LIMITED));
  }

  @Test
  void tunnelTakesLessThan200Octets() {
    Tunnel[] tunnels = new Tunnel[10_000];
    long before = THREADS.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < tunnels.length; i++) {
      tunnels[i] = new Tunnel(context);
    }
    long each = (THREADS.getCurrentThreadAllocatedBytes() - before) / tunnels.length;
    assertTrue(each < 200, each + " octets");
  }

  private void assertAllocatesNothing(byte[] packet, Runnable work) {
    original.set(PacketBuffer.HEADROOM, packet.length);
    original.bytes().put(PacketBuffer.HEADROOM, packet);
    repeat(work);
    long before = THREADS.getCurrentThreadAllocatedBytes();
    repeat(work);
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    // Less than an octet per packet: the virtual machine itself allocates now and then.
    assertTrue(allocated < PACKETS, allocated + " octets for " + PACKETS + " packets");
  }

  private void repeat(Runnable work) {
    for (int i = 0; i < PACKETS; i++) {
      buffer.copyFrom(original);
      now += Bench.SECOND / 50;
      work.run();
    }
  }
}
