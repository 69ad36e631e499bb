package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.MS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.SECOND;
import static org.kagemusha.core.homeagent.HomeAgentFixture.TAP_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.ethernet;
import static org.kagemusha.core.homeagent.HomeAgentFixture.tunnelled;
import static org.kagemusha.core.homeagent.HomeAgentFixture.udp;
import static org.kagemusha.core.homeagent.HomeAgentFixture.update;
import static org.kagemusha.core.homeagent.HomeAgentFixture.withLinkLocal;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.PacketBuffer;

/** Ten thousand bindings: memory, deadlines, and a data path that allocates nothing. */
class HomeAgentScaleTest {

  private static final int BINDINGS = 10_000;
  private static final long LARGEST_HEAP = 40L << 20;

  private static final Logger LOG = Logger.getLogger(HomeAgent.class.getName());

  private final HomeAgentFixture home = new HomeAgentFixture();

  @BeforeAll
  static void quiet() {
    LOG.setLevel(Level.SEVERE);
  }

  @AfterAll
  static void loud() {
    LOG.setLevel(null);
  }

  private static Ipv6Address homeAddress(int i) {
    return new Ipv6Address(HOME_ADDRESS.high(), 0x10_0000L + i);
  }

  private static Ipv6Address careOf(int i) {
    return new Ipv6Address(CARE_OF.high(), 0x10_0000L + i);
  }

  private void start() {
    home.agent =
        new HomeAgent(
            home.settings(),
            frame -> { },
            packet -> Underlay.Sent.OK,
            home.keys,
            home.associations,
            new Random(1),
            () -> 0,
            home.counters);
    home.agent.onDeadline(home.nowNs);
  }

  private void bindAll() {
    home.maximumBindings = BINDINGS;
    for (int i = 0; i < BINDINGS; i++) {
      home.mobileNodes.add(
          new MobileNodeAuthorisation(
              "vm" + i, List.of(Ipv6Prefix.of(homeAddress(i), 128)), List.of(), false));
    }
    start();
    for (int i = 0; i < BINDINGS; i++) {
      home.send(careOf(i), homeAddress(i), withLinkLocal(1, 1000 + i % 97, careOf(i)));
      home.nowNs += MS;
    }
    home.elapse(30 * SECOND);
    assertEquals(BINDINGS, home.agent.status(home.nowNs).bindings());
  }

  private static long usedHeap() throws InterruptedException {
    long used = Long.MAX_VALUE;
    for (int i = 0; i < 4; i++) {
      System.gc();
      used =
          Math.min(
              used, Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
    }
    return used;
  }

  @Test
  void tenThousandBindingsTakeLessThan40Megabytes() throws InterruptedException {
    start();
    home.register(1, 15, CARE_OF);
    long before = usedHeap();
    bindAll();
    long taken = usedHeap() - before;
    System.out.println("heap of 10000 bindings: " + taken / 1024 + " KiB");
    assertTrue(taken < LARGEST_HEAP, taken + " octets");
    home.elapse(5000 * SECOND);
    assertEquals(0, home.agent.status(home.nowNs).entries().size());
  }

  @Test
  void theDataPathAllocatesNothingBothWays() {
    bindAll();
    byte[] down = ethernet(TAP_MAC, CORRESPONDENT_MAC, udp(CORRESPONDENT, homeAddress(77), 1000));
    byte[] up = tunnelled(careOf(77), udp(homeAddress(77), CORRESPONDENT, 1000));
    PacketBuffer buffer = PacketBuffer.allocate(2048);
    exchange(buffer, down, up, 1);
    home.correspondentAnswers();
    exchange(buffer, down, up, 20_000);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long thread = Thread.currentThread().getId();
    long sent = home.counters.get(Counter.UNDERLAY_PACKETS_SENT);
    long frames = home.counters.get(Counter.HOME_FRAMES_SENT);
    long before = threads.getThreadAllocatedBytes(thread);
    exchange(buffer, down, up, 10_000);
    long allocated = threads.getThreadAllocatedBytes(thread) - before;
    assertEquals(10_000, home.counters.get(Counter.UNDERLAY_PACKETS_SENT) - sent);
    assertEquals(10_000, home.counters.get(Counter.HOME_FRAMES_SENT) - frames);
    assertTrue(allocated < 10_000, allocated + " octets for 20000 packets");
  }

  private void exchange(PacketBuffer buffer, byte[] down, byte[] up, int times) {
    for (int i = 0; i < times; i++) {
      fill(buffer, down);
      home.agent.onHomeFrame(buffer, home.nowNs);
      fill(buffer, up);
      home.agent.onUnderlayPacket(buffer, home.nowNs);
    }
  }

  private static void fill(PacketBuffer buffer, byte[] octets) {
    buffer.bytes().put(PacketBuffer.HEADROOM, octets);
    buffer.set(PacketBuffer.HEADROOM, octets.length);
  }

  @Test
  void bindingsAtOneCareOfAddressMoveInConstantTime() {
    home.maximumBindings = BINDINGS;
    home.mobileNodes.add(
        new MobileNodeAuthorisation(
            "all", List.of(HomeAgentFixture.HOME_PREFIX), List.of(), false));
    start();
    for (int i = 0; i < BINDINGS; i++) {
      home.send(CARE_OF, homeAddress(i), update(1, 1000, CARE_OF));
    }
    for (int i = 0; i < BINDINGS; i++) {
      home.send(CARE_OF, homeAddress(i), update(2, 1000, HomeAgentFixture.OTHER_CARE_OF));
    }
    assertEquals(BINDINGS, home.agent.status(home.nowNs).bindings());
  }
}
