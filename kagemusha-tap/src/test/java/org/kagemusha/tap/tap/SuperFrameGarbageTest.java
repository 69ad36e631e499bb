package org.kagemusha.tap.tap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.netns.NetworkNamespace;
import org.kagemusha.tap.netns.Readiness;

/** Super-frames cross two taps of one bridge without garbage, as plain ones do. */
@Tag("netns")
class SuperFrameGarbageTest {

  private static final Ipv6Address A = Ipv6Address.parse("2001:db8::a");
  private static final Ipv6Address B = Ipv6Address.parse("2001:db8::b");
  private static final int HEADERS = EthernetHeader.BYTES + Ipv6Header.BYTES + 20;
  private static final int SEGMENT = 1440;
  private static final int SEGMENTS = 44;
  private static final int ROUNDS = 20_000;

  private final PacketBuffer sent = NativeMemory.packetBuffer(TapDevice.LARGEST_FRAME);
  private final PacketBuffer got = NativeMemory.packetBuffer(TapDevice.LARGEST_FRAME);

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void framesCrossTwoTapsWithoutGarbage(boolean offloads) throws Exception {
    try (NetworkNamespace namespace = NetworkNamespace.create()) {
      namespace.ip("link add br0 type bridge mcast_snooping 0");
      namespace.ip("link set br0 addrgenmode none up");
      try (TapDevice from = open(namespace, "tap0", offloads);
          TapDevice to = open(namespace, "tap1", offloads)) {
        make(offloads ? SEGMENTS * SEGMENT : SEGMENT);
        if (offloads) {
          sent.unfinished(PacketBuffer.HEADROOM + HEADERS - 20, 16, SEGMENT);
        }
        while (to.read(got) > 0) {
          assertTrue(got.length() > 0);
        }
        run(from, to, ROUNDS);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        run(from, to, ROUNDS);
        assertEquals(0, (threads.getCurrentThreadAllocatedBytes() - before) / ROUNDS);
      }
    }
  }

  private static TapDevice open(NetworkNamespace namespace, String name, boolean offloads) {
    TapSettings settings =
        new TapSettings(name, Optional.empty(), 1500, Optional.of("br0"), offloads);
    return namespace.run(() -> TapDevice.open(settings, new Counters()));
  }

  private void make(int payload) {
    int at = PacketBuffer.HEADROOM;
    int ip = at + EthernetHeader.BYTES;
    sent.set(at, HEADERS + payload);
    sent.bytes().putLong(at, 0x0200_0000_000b_0200L).putInt(at + 8, 0x0000_000a);
    sent.bytes().putShort(at + 12, (short) EthernetHeader.TYPE_IPV6);
    Ipv6Header.write(sent.bytes(), ip, 0, 0, 20 + payload, Protocol.TCP, 64, A, B);
    sent.bytes().put(ip + Ipv6Header.BYTES + 12, (byte) 0x50);
  }

  private void run(TapDevice from, TapDevice to, int rounds) throws Exception {
    for (int i = 0; i < rounds; i++) {
      assertTrue(from.write(sent));
      do {
        // The kernel has frames of its own, and may deliver ours a moment later.
        assertTrue(Readiness.await(to.fd(), 5000));
      } while (to.read(got) != sent.length());
    }
  }
}
