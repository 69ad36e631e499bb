package org.kagemusha.tap.bench;

import org.kagemusha.core.node.Counters;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.netns.NetworkNamespace;
import org.kagemusha.tap.rawsocket.UnderlayReceiver;
import org.kagemusha.tap.rawsocket.UnderlaySettings;
import org.kagemusha.tap.rawsocket.UnderlaySocket;

/**
 * Packets of 1,400 octets between two namespaces, sent and received in turn on one thread: prints
 * nanoseconds per packet for each way across the kernel. A main class, since namespaces need root.
 */
public final class UnderlayBench {

  private static final Ipv6Address A = Ipv6Address.parse("2001:db8:3000::1");
  private static final Ipv6Address B = Ipv6Address.parse("2001:db8:3000::2");
  private static final int LENGTH = 1400;

  private UnderlayBench() {}

  /** Runs all ways twice; the second round is the one that counts. */
  public static void main(String[] arguments) throws Exception {
    try (NetworkNamespace one = NetworkNamespace.create();
        NetworkNamespace other = NetworkNamespace.create()) {
      NetworkNamespace.connect(one, "veth0", other, "veth0");
      one.address("veth0", A + "/64");
      other.address("veth0", B + "/64");
      for (int round = 0; round < 3; round++) {
        for (boolean udp : new boolean[] {false, true}) {
          for (int batch : new int[] {1, 16, 64}) {
            UnderlaySocket from = open(one, A, batch);
            UnderlaySocket to = open(other, B, batch);
            try (from; to) {
              measure(from, to, udp, batch);
            }
          }
        }
      }
    }
  }

  private static UnderlaySocket open(NetworkNamespace where, Ipv6Address local, int batch) {
    UnderlaySettings settings =
        UnderlaySettings.of(local).withEncapsulation(4500, false).withBatch(batch, 1500);
    return where.run(() -> UnderlaySocket.open(settings, new Counters()));
  }

  private static void measure(UnderlaySocket from, UnderlaySocket to, boolean udp, int batch)
      throws Exception {
    UnderlaySocket.Refused refused = (outer, why) -> { };
    UnderlayReceiver receiver = to.receivers().get(udp ? 6 : 0);
    long sending = 0;
    long receiving = 0;
    int sent = 0;
    int received = 0;
    for (int i = 0; i < 3000; i++) {
      long start = System.nanoTime();
      for (int j = 0; j < 64; j++) {
        PacketBuffer slot = from.slot(LENGTH).set(PacketBuffer.HEADROOM, LENGTH);
        Ipv6Header.write(
            slot.bytes(), slot.offset(), 0, 7, LENGTH - 40, udp ? 17 : 41, 64, A, B);
        slot.bytes().putLong(
            slot.offset() + 40, 4500L << 48 | 4500L << 32 | (long) (LENGTH - 40) << 16);
        from.send(slot);
        sent++;
      }
      from.flush(refused);
      long middle = System.nanoTime();
      for (int nulls = 0; nulls < 2; ) {
        PacketBuffer packet = receiver.receive();
        if (packet == null) {
          nulls++;
        } else {
          received++;
        }
      }
      sending += middle - start;
      receiving += System.nanoTime() - middle;
    }
    System.out.printf(
        "%-4s batch %2d: send %5d ns, receive %5d ns, %d of %d arrived%n",
        udp ? "udp" : "raw", batch, sending / sent, receiving / Math.max(1, received), received,
        sent);
  }
}
