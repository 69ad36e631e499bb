package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_AGENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.LINK_LOCAL;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.SECOND;
import static org.kagemusha.core.homeagent.HomeAgentFixture.TAP_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.ethernet;
import static org.kagemusha.core.homeagent.HomeAgentFixture.tunnelled;
import static org.kagemusha.core.homeagent.HomeAgentFixture.udp;
import static org.kagemusha.core.homeagent.HomeAgentFixture.update;
import static org.kagemusha.core.homeagent.HomeAgentFixture.withLinkLocal;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.message.Captures;
import org.kagemusha.core.message.Icmpv6;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingWriter;

/**
 * Arbitrary octets at both doors of a home agent with one binding: nothing throws, nothing is
 * answered by more packets or octets than the protocol needs, and it still works afterwards.
 */
class HomeAgentFuzzTest {

  /** A Binding Update with L has two tests, or two announcements, and an acknowledgement. */
  private static final int MOST_ANSWERS = 3;

  private static final int LARGEST_ANSWER = 1280 + 40;

  private static final Logger LOG = Logger.getLogger("org.kagemusha.core");

  @BeforeAll
  static void quiet() {
    LOG.setLevel(Level.OFF);
  }

  @AfterAll
  static void loud() {
    LOG.setLevel(null);
  }

  static Stream<Arguments> packets() {
    byte[] data = udp(HOME_ADDRESS, CORRESPONDENT, 60);
    byte[] outer = tunnelled(CARE_OF, data);
    System.arraycopy(HOME_AGENT.toBytes(), 0, outer, 8, 16);
    System.arraycopy(CARE_OF.toBytes(), 0, outer, 24, 16);
    byte[] error =
        Icmpv6.destinationUnreachable(CARE_OF, 3, ByteBuffer.wrap(outer), 0, outer.length);
    byte[] update =
        SignallingWriter.build(
                CARE_OF, HOME_AGENT, OTHER_HOME_ADDRESS, null, withLinkLocal(1, 9, CARE_OF), null)
            .toBytes();
    Stream<byte[]> captured = Captures.packets(Captures.PLAIN_FOREIGN).stream();
    return Stream.concat(
            captured,
            Stream.of(
                tunnelled(CARE_OF, data),
                tunnelled(CARE_OF, udp(HOME_ADDRESS, OTHER_HOME_ADDRESS, 0)),
                error,
                update))
        .map(Arguments::of);
  }

  static Stream<Arguments> frames() {
    Stream<byte[]> captured =
        Stream.concat(
            Captures.frames("umip-plain-home-link.pcap").stream(),
            Captures.frames("umip-esp-home-link.pcap").stream());
    return Stream.concat(
            captured,
            Stream.of(
                ethernet(TAP_MAC, CORRESPONDENT_MAC, udp(CORRESPONDENT, HOME_ADDRESS, 90)),
                ethernet(TAP_MAC, CORRESPONDENT_MAC, udp(CORRESPONDENT, HOME_ADDRESS, 1452)),
                ethernet(TAP_MAC, CORRESPONDENT_MAC, udp(CORRESPONDENT, LINK_LOCAL, 90)),
                HomeAgentFixture.neighborFrame(
                    new NeighborSolicitation(
                        CORRESPONDENT,
                        HOME_ADDRESS.solicitedNode(),
                        HOME_ADDRESS,
                        CORRESPONDENT_MAC),
                    CORRESPONDENT_MAC)))
        .map(Arguments::of);
  }

  private static HomeAgentFixture bound() {
    HomeAgentFixture home = new HomeAgentFixture().start();
    home.send(CARE_OF, HOME_ADDRESS, withLinkLocal(1, 1000, CARE_OF));
    home.elapse(5 * SECOND);
    home.correspondentAnswers();
    home.clear();
    return home;
  }

  private static void check(HomeAgentFixture home) {
    assertTrue(home.frames.size() + home.packets.size() <= MOST_ANSWERS);
    home.packets.forEach(packet -> assertTrue(packet.length <= 1500 + 40));
    home.frames.forEach(frame -> assertTrue(frame.length <= 1500 + 14));
    long drops = 0;
    for (DropReason reason : DropReason.values()) {
      drops += home.drops(reason);
    }
    assertTrue(drops <= 1, "dropped " + drops + " times");
    home.elapse(5 * SECOND);
    home.clear();
    home.send(CARE_OF, OTHER_HOME_ADDRESS, update(40_000, 9, CARE_OF));
    assertTrue(!home.packets.isEmpty());
  }

  @MethodSource("packets")
  @FuzzTest(maxDuration = "10s")
  void onUnderlayPacket(byte[] packet) {
    HomeAgentFixture home = bound();
    home.underlay(packet);
    home.packets.forEach(answer -> assertTrue(answer.length <= packet.length + LARGEST_ANSWER));
    check(home);
  }

  @MethodSource("frames")
  @FuzzTest(maxDuration = "10s")
  void onHomeFrame(byte[] frame) {
    HomeAgentFixture home = bound();
    home.frame(frame);
    check(home);
  }
}
