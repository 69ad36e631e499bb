package org.kagemusha.tap.rawsocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.ipsec.engine.CipherTeam;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.Underlay.Sent;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.netlink.Link;
import org.kagemusha.tap.netlink.Neighbour;
import org.kagemusha.tap.netlink.NetlinkMonitor;
import org.kagemusha.tap.netlink.NextHopFinder;
import org.kagemusha.tap.netns.NetworkNamespace;
import org.kagemusha.tap.netns.Readiness;

/** Packets straight to a router's link-layer address, as the router's own kernel gets them. */
@Tag("netns")
class DirectSocketTest {

  private static final Ipv6Address LOCAL = Ipv6Address.parse("2001:db8:3000::2");
  private static final Ipv6Address REMOTE = Ipv6Address.parse("2001:db8:2000::1");
  private static final long LIMIT_NS = 60_000_000_000L;
  private static final int MARKED = 0x2d;
  private static final int PCAP_HEADER = 24;

  @TempDir Path directory;

  private final Counters counters = new Counters();
  private final Deque<Runnable> questions = new ArrayDeque<>();
  private final NextHops hops = new NextHops(4, this::ask);
  private final List<Sent> refusals = new ArrayList<>();
  private final UnderlaySocket.Refused refused = (outer, why) -> refusals.add(why);
  private NetworkNamespace router;
  private NetworkNamespace host;
  private UnderlaySocket socket;
  private UnderlaySocket far;
  private NetlinkMonitor monitor;
  private NextHopFinder finder;
  private boolean changed;

  @BeforeEach
  void create() throws Exception {
    router = NetworkNamespace.create();
    host = NetworkNamespace.create();
    for (String device : List.of("veth0", "veth1")) {
      NetworkNamespace.connect(router, device, host, device);
    }
    router.ip("link set veth0 address 02:00:00:00:00:01");
    router.address("lo", REMOTE + "/128");
    router.address("veth0", "fe80::1/64");
    router.address("veth1", "fe80::1/64");
    router.ip("-6 route add 2001:db8:3000::/64 dev veth0");
    // With its errors, the router would look for the host, and the host would learn of the router.
    router.exec("nft", "add table ip6 quiet");
    router.exec("nft", "add chain ip6 quiet out { type filter hook output priority 0; }");
    router.exec("nft", "add rule ip6 quiet out ip6 daddr " + LOCAL + " icmpv6 type < 128 drop");
    attach();
    host.address("veth1", "fe80::2/64");
    UnderlaySettings ours = UnderlaySettings.of(LOCAL).withBatch(64, 1500);
    monitor = host.run(() -> NetlinkMonitor.open(true));
    finder = host.run(NextHopFinder::open);
    socket =
        host.run(
            () ->
                UnderlaySocket.open(
                    ours, counters, CipherTeam.alone(), (packet, esp) -> { }, hops));
    UnderlaySettings theirs = UnderlaySettings.of(REMOTE).withBatch(64, 1500);
    far = router.run(() -> UnderlaySocket.open(theirs, new Counters()));
  }

  private void attach() {
    host.address("veth0", "fe80::2/64");
    host.address("veth0", LOCAL + "/64");
    host.ip("-6 route add default via fe80::1 dev veth0");
  }

  @AfterEach
  void remove() {
    far.close();
    socket.close();
    finder.close();
    monitor.close();
    host.close();
    router.close();
  }

  private void ask(Ipv6Address source, Ipv6Address destination, long asked) {
    questions.add(
        () -> {
          try {
            NextHopFinder.Found found = finder.find(source, destination);
            NextHops.Way way =
                found.obstacle() != null
                    ? null
                    : new NextHops.Way(
                        found.index(), found.address(), found.mac().orElse(null));
            hops.answer(destination, asked, way, found.obstacle(), System.nanoTime());
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
  }

  /** What the daemon's loop does between packets. */
  private void listen() {
    changed = false;
    try {
      monitor.drain(
          new NetlinkMonitor.Listener() {
            @Override
            public void onNeighbour(Neighbour neighbour) {
              hops.neighbour(
                  neighbour.index(), neighbour.address(), neighbour.mac().orElse(null),
                  System.nanoTime());
            }

            @Override
            public void onLink(Link link) {
              changed = true;
            }

            @Override
            public void onRoutes() {
              changed = true;
            }

            @Override
            public void onOverrun() {
              changed = true;
            }
          });
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    if (changed) {
      hops.doubtAll(System.nanoTime());
    }
    for (Runnable question = questions.poll(); question != null; question = questions.poll()) {
      question.run();
    }
  }

  private static PacketBuffer packet(int trafficClass, int length, int number) {
    PacketBuffer packet = NativeMemory.packetBuffer(length).set(PacketBuffer.HEADROOM, length);
    Ipv6Header.write(
        packet.bytes(), packet.offset(), trafficClass, 0x12345 + number, length - 40,
        number % 2 == 0 ? Protocol.IPV6 : Protocol.ESP, 63, LOCAL, REMOTE);
    packet.bytes().putInt(packet.offset() + 40, 0x6000_0000 | number);
    packet.bytes().put(packet.end() - 1, (byte) number);
    return packet;
  }

  /** Sends one packet, and listens. */
  private void step() {
    socket.send(packet(0, 100, 0));
    socket.flush(refused);
    listen();
    Readiness.await(monitor.fd(), 5);
  }

  private long direct() {
    return counters.get(Counter.DIRECT_PACKETS_SENT);
  }

  private void until(String what, BooleanSupplier condition) {
    long giveUp = System.nanoTime() + LIMIT_NS;
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() - giveUp < 0, what + "; " + hops.obstacle());
      step();
    }
  }

  private void untilDirect() {
    long before = direct();
    until("packets leave straight", () -> direct() > before + 2);
  }

  /** Until what leaves straight also arrives, after all that is under way has. */
  private void untilArriving() throws IOException {
    long giveUp = System.nanoTime() + LIMIT_NS;
    while (true) {
      drain();
      long before = direct();
      step();
      if (direct() > before && Readiness.await(far.receivers().get(0).fd(), 50)) {
        return;
      }
      assertTrue(System.nanoTime() - giveUp < 0, "they arrive; " + hops.obstacle());
    }
  }

  private void drain() throws IOException {
    while (far.receivers().get(0).receive() != null) {
      continue;
    }
  }

  private long solicitationsHeard() {
    return router.exec("cat", "/proc/net/snmp6").lines()
        .filter(line -> line.startsWith("Icmp6InNeighborSolicits"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D+6?\\D+", "")))
        .sum();
  }

  @Test
  void whatArrivesIsOctetForOctetWhatTheRoutingTableSends() throws Exception {
    Path file = directory.resolve("router.pcap");
    Process capture =
        router.start(
            "tcpdump", "-U", "--immediate-mode", "-s", "2000", "-i", "veth0", "-w", file.toString(),
            "ip6 proto 41 or ip6 proto 50");
    try {
      until("tcpdump has begun", () -> file.toFile().length() >= PCAP_HEADER);
      untilDirect();
      UnderlaySettings plain = UnderlaySettings.of(LOCAL).withBatch(64, 1500);
      try (UnderlaySocket byTable = host.run(() -> UnderlaySocket.open(plain, new Counters()))) {
        sendMarked(byTable, file);
      }
      sendMarked(socket, file);
      assertEquals(List.of(), refusals);
    } finally {
      capture.destroy();
      capture.waitFor();
    }
    List<String> frames = marked(file);
    assertEquals(400, frames.size());
    assertEquals(frames.subList(0, 200), frames.subList(200, 400));
    assertEquals(
        IntStream.range(0, 200).boxed().toList(),
        frames.subList(200, 400).stream()
            .map(frame -> Integer.parseInt(frame.substring(frame.length() - 2), 16))
            .toList());
  }

  /** Not more at one time than a capture on a busy machine has room for. */
  private void sendMarked(UnderlaySocket by, Path file) {
    long before = direct();
    int captured = marked(file).size();
    for (int i = 0; i < 200; i++) {
      assertEquals(Sent.OK, by.send(packet(MARKED, i % 3 == 0 ? 1500 : 60 + i, i)));
      if (i % 20 == 19) {
        by.flush(refused);
        int expected = captured + i + 1;
        waitUntil("captured", () -> marked(file).size() == expected);
      }
    }
    // But for those of each second.
    assertTrue(by != socket || direct() - before > 100, direct() - before + " straight");
  }

  private void waitUntil(String what, BooleanSupplier condition) {
    long giveUp = System.nanoTime() + LIMIT_NS;
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() - giveUp < 0, what);
      Readiness.await(monitor.fd(), 2);
    }
  }

  /** Whole marked frames of a capture that may be growing. */
  private static List<String> marked(Path file) {
    ByteBuffer bytes;
    try {
      bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.nativeOrder());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    List<String> frames = new ArrayList<>();
    int at = PCAP_HEADER;
    while (bytes.capacity() - at >= 16 && bytes.capacity() - at - 16 >= bytes.getInt(at + 8)) {
      byte[] frame = new byte[bytes.getInt(at + 8)];
      bytes.get(at + 16, frame);
      String hex = HexFormat.of().formatHex(frame);
      if (hex.startsWith("86dd62d", 24)) {
        frames.add(hex);
      }
      at += 16 + frame.length;
    }
    return frames;
  }

  @Test
  void rfc4861_s7_2_5_anAnnouncedLinkLayerAddressIsFollowed() throws Exception {
    router.sysctl("net.ipv6.conf.veth0.ndisc_notify", "1");
    untilDirect();
    untilArriving();
    router.ip("link set veth0 address 02:00:00:00:00:09");
    untilArriving();
  }

  @Test
  void rfc4861_s7_3_unreachabilityDetectionGoesOnWhereNothingComesBack() throws Exception {
    // A probe counts as use too: only if all is over before the next, it needs our packets.
    host.sysctl("net.ipv6.neigh.veth0.base_reachable_time_ms", "3000");
    host.sysctl("net.ipv6.neigh.veth0.retrans_time_ms", "200");
    host.sysctl("net.ipv6.neigh.veth0.delay_first_probe_time", "1");
    untilDirect();
    long solicited = solicitationsHeard();
    until("the kernel probes the router", () -> solicitationsHeard() > solicited);
    untilArriving();
    router.ip("link set veth0 address 02:00:00:00:00:09");
    untilArriving();
  }

  @Test
  void anotherRouteIsFollowed() throws Exception {
    untilDirect();
    final long before = received("veth1");
    host.ip("-6 route replace default via fe80::1 dev veth1");
    listen();
    assertEquals(0, hops.usable());
    untilArriving();
    assertTrue(received("veth1") > before);
    host.ip("-6 route add blackhole " + REMOTE + "/128");
    listen();
    assertEquals(0, hops.usable());
    until("the route is asked for", () -> hops.obstacle().equals("no route"));
    host.ip("-6 route del blackhole " + REMOTE + "/128");
    untilArriving();
  }

  private long received(String device) {
    return Long.parseLong(
        router.exec("cat", "/sys/class/net/" + device + "/statistics/rx_packets").strip());
  }

  @Test
  void anInterfaceThatGoesDownAndComesUpIsUsedAgain() throws Exception {
    untilDirect();
    host.ip("link set veth0 down");
    // Nobody has listened yet: the device refuses, and then the routing table does.
    long giveUp = System.nanoTime() + LIMIT_NS;
    while (counters.get(Counter.DIRECT_PACKETS_DIVERTED) == 0) {
      assertTrue(System.nanoTime() - giveUp < 0, "the device refuses");
      socket.send(packet(0, 100, 0));
      socket.flush(refused);
    }
    assertTrue(refusals.contains(Sent.UNREACHABLE), refusals.toString());
    assertEquals(0, hops.usable());
    listen();
    host.ip("link set veth0 up");
    attach();
    untilArriving();
  }

  @Test
  void whatIsTooLongForTheDeviceIsTold() {
    untilDirect();
    host.ip("link set veth0 mtu 1400");
    long before = direct();
    for (int i = 0; i < 5; i++) {
      assertEquals(Sent.OK, socket.send(packet(0, i == 2 ? 1450 : 1400, i)));
    }
    socket.flush(refused);
    assertEquals(List.of(Sent.TOO_BIG), refusals);
    assertTrue(direct() - before >= 3, direct() - before + " straight");
    assertEquals(0, counters.get(Counter.DIRECT_PACKETS_DIVERTED));
  }
}
