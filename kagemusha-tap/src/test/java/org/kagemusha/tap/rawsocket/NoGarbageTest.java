package org.kagemusha.tap.rawsocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.engine.CipherTeam;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.Underlay.Sent;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.netns.NetworkNamespace;
import org.kagemusha.tap.tap.TapDevice;
import org.kagemusha.tap.tap.TapSettings;

/** Sending, receiving, and finding nothing to receive leave no garbage. */
@Tag("netns")
class NoGarbageTest {

  private static final Ipv6Address LOCAL = Ipv6Address.parse("2001:db8:3000::2");
  private static final String MAC = "02:00:00:00:00:01";
  private static final int WARM_UP = 20_000;
  private static final int MEASURED = 20_000;

  private final UnderlaySocket.Refused refused = (outer, why) -> { };
  private final Counters counters = new Counters();
  private final PacketBuffer buffer = NativeMemory.packetBuffer(NativeMemory.LARGEST_PACKET);

  @Test
  void packetsCrossTheKernelWithoutGarbage() throws Exception {
    try (NetworkNamespace namespace = NetworkNamespace.create()) {
      namespace.address("lo", LOCAL + "/128");
      TapSettings settings = new TapSettings("tap0", Optional.empty(), 0, Optional.empty());
      try (UnderlaySocket socket =
              namespace.run(
                  () -> UnderlaySocket.open(
                      UnderlaySettings.of(LOCAL).withBatch(64, 1500), counters));
          TapDevice tap = namespace.run(() -> TapDevice.open(settings, counters))) {
        PacketBuffer packet = NativeMemory.packetBuffer(1400);
        packet.set(PacketBuffer.HEADROOM, 1400);
        Ipv6Header.write(
            packet.bytes(), packet.offset(), 0, 0, 1360, 41, 64, LOCAL, LOCAL);
        run(socket, tap, packet, WARM_UP);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        run(socket, tap, packet, MEASURED);
        long perPacket = (threads.getCurrentThreadAllocatedBytes() - before) / MEASURED;
        assertEquals(0, perPacket);
      }
    }
  }

  @Test
  void packetsLeaveStraightWithoutGarbage() throws Exception {
    Ipv6Address remote = Ipv6Address.parse("2001:db8:2000::1");
    try (NetworkNamespace peer = NetworkNamespace.create();
        NetworkNamespace namespace = NetworkNamespace.create()) {
      NetworkNamespace.connect(peer, "veth0", namespace, "veth0");
      peer.ip("link set veth0 address " + MAC);
      namespace.address("veth0", LOCAL + "/64");
      namespace.ip("-6 neigh add 2001:db8:3000::1 lladdr " + MAC + " dev veth0");
      namespace.ip("-6 route add default via 2001:db8:3000::1");
      int index = namespace.run(() -> Libc.if_nametoindex("veth0"));
      long[] question = {-1};
      NextHops hops = new NextHops(1024, (from, to, asked) -> question[0] = asked);
      try (UnderlaySocket socket =
          namespace.run(
              () -> UnderlaySocket.open(
                  UnderlaySettings.of(LOCAL).withBatch(64, 1500), counters, CipherTeam.alone(),
                  (one, esp) -> { }, hops))) {
        PacketBuffer packet = NativeMemory.packetBuffer(1400);
        packet.set(PacketBuffer.HEADROOM, 1400);
        Ipv6Header.write(
            packet.bytes(), packet.offset(), 0, 0, 1360, 50, 64, LOCAL, remote);
        packet.bytes().putInt(packet.offset() + Ipv6Header.BYTES, 0x1234);
        assertTrue(socket.send(packet) == Sent.OK);
        hops.answer(
            remote, question[0],
            new NextHops.Way(
                index, Ipv6Address.parse("2001:db8:3000::1"), MacAddress.parse(MAC)),
            null, System.nanoTime());
        send(socket, packet, WARM_UP);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        send(socket, packet, MEASURED);
        long perPacket = (threads.getCurrentThreadAllocatedBytes() - before) / MEASURED;
        assertEquals(0, perPacket);
        // What the other end's queue has no room for is dropped; most leaves.
        assertTrue(counters.get(Counter.DIRECT_PACKETS_SENT) > MEASURED);
      }
    }
  }

  private void send(UnderlaySocket socket, PacketBuffer packet, int count) {
    for (int i = 0; i < count; i++) {
      socket.send(packet);
    }
    socket.flush(refused);
  }

  private void run(UnderlaySocket socket, TapDevice tap, PacketBuffer packet, int count)
      throws Exception {
    UnderlayReceiver receiver = socket.receivers().get(0);
    for (int i = 0; i < count; i++) {
      assertTrue(socket.send(packet) == Sent.OK);
      socket.flush(refused);
      PacketBuffer received;
      while ((received = receiver.receive()) == null) {
        continue;
      }
      assertTrue(received.length() == 1400);
      assertTrue(receiver.receive() == null);
      assertTrue(tap.write(packet));
      assertTrue(tap.read(buffer) == TapDevice.WOULD_BLOCK);
    }
  }
}
