package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.CORRESPONDENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.ROUTER_MAC;
import static org.kagemusha.core.mobility.MobileNodeFixture.SECOND;
import static org.kagemusha.core.mobility.MobileNodeFixture.udp;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.message.Icmpv6;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** Discovery of the path MTU where no Packet Too Big comes back, RFC 8899. */
class PathMtuProbeTest {

  private final MobileNodeFixture f = new MobileNodeFixture();
  private int seen;

  private void start() {
    f.start();
    f.node.pathMtuProbing(true, f.now);
    f.registered();
  }

  /** The probes sent since the last call. */
  private List<byte[]> probes() {
    List<byte[]> probes = new ArrayList<>();
    for (; seen < f.packets.size(); seen++) {
      byte[] packet = f.packets.get(seen);
      if (packet[6] == Protocol.ICMPV6 && packet[40] == (byte) Icmpv6.ECHO_REQUEST) {
        assertTrue(Icmpv6.isValid(ByteBuffer.wrap(packet), 0, packet.length));
        probes.add(packet);
      }
    }
    return probes;
  }

  private void answer(byte[] probe, Ipv6Address from) {
    byte[] reply = Icmpv6.echoReply(from, ByteBuffer.wrap(probe), 0, probe.length);
    f.onUnderlay(PacketBuffer.copyOf(reply));
  }

  /** Lets time pass on a path that swallows what is larger than a size. */
  private void pass(long seconds, int mtu) {
    for (long i = 0; i < seconds; i++) {
      f.guestSends();
      f.pass(SECOND);
      for (List<byte[]> some = probes(); !some.isEmpty(); some = probes()) {
        for (byte[] probe : some) {
          if (probe.length <= mtu) {
            answer(probe, HOME_AGENT);
          }
        }
      }
    }
  }

  private int tunnelMtu() {
    return f.node.status(f.now).tunnelMtu();
  }

  @Test
  void rfc8899_s5_2_theProbeIsAnEchoRequestAsLargeAsThePathMtu() {
    start();
    List<byte[]> probes = probes();
    assertEquals(1, probes.size());
    ByteBuffer probe = ByteBuffer.wrap(probes.get(0));
    assertEquals(1500, probe.capacity());
    assertEquals(CARE_OF, Ipv6Header.source(probe, 0));
    assertEquals(HOME_AGENT, Ipv6Header.destination(probe, 0));
    answer(probes.get(0), HOME_AGENT);
    assertEquals(0, f.drops(DropReason.PROTOCOL_NOT_TAKEN));
    pass(500, 1500);
    assertEquals(1460, tunnelMtu());
  }

  @Test
  void rfc8899_s4_3_inABlackHoleTheTunnelMtuFallsAndRisesToWhatThePathCarries() {
    start();
    pass(8, 1470);
    assertEquals(1460 - 40, tunnelMtu());
    f.fromGuest(udp(HOME_ADDRESS, CORRESPONDENT, 1400), ROUTER_MAC);
    assertEquals(1, f.drops(DropReason.TOO_BIG), "the guest is told");
    pass(1800, 1470);
    assertEquals(1460 - 40, tunnelMtu());
    pass(1200, 1500);
    assertEquals(1500 - 40, tunnelMtu());
  }

  @Test
  void rfc8899_s4_3_aProbeThatABatchRefusesIsLostAtOnce() {
    start();
    List<byte[]> all = new ArrayList<>();
    for (int i = 0; i < 4 && all.isEmpty(); i++) {
      f.guestSends();
      f.pass(SECOND);
      all.addAll(probes());
    }
    assertEquals(1500, all.get(0).length);
    f.node.onUnderlayRefused(PacketBuffer.copyOf(all.get(0)), Underlay.Sent.TOO_BIG, f.now);
    assertEquals(1492 - 40, tunnelMtu());
    f.guestSends();
    f.pass(2 * SECOND);
    assertTrue(probes().get(0).length < 1492, "the next probe is smaller");
  }

  @Test
  void rfc8899_s5_1_2_aHomeAgentThatAnswersNoEchoTeachesNothing() {
    start();
    List<byte[]> all = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      f.guestSends();
      f.pass(SECOND);
      all.addAll(probes());
    }
    assertEquals(6, all.size(), "three at the path MTU, three at the least");
    assertEquals(1460, tunnelMtu());
  }

  @Test
  void rfc8899_s3_repliesOfOthersConfirmNothing() {
    start();
    byte[] probe = probes().get(0);
    answer(probe, CORRESPONDENT);
    byte[] other = probe.clone();
    other[47]++;
    int sum = (other[42] & 0xff) << 8 | other[43] & 0xff;
    ByteBuffer.wrap(other).putShort(42, (short) (sum - 1));
    answer(other, HOME_AGENT);
    assertEquals(2, f.drops(DropReason.PROTOCOL_NOT_TAKEN));
  }

  @Test
  void whenTheVmHasLeftNothingIsProbed() {
    start();
    probes();
    f.node.left(f.now);
    f.pass(700 * SECOND);
    assertEquals(0, probes().size());
  }

  @Test
  void itIsOffUnlessConfigured() {
    f.start().registered();
    pass(100, 1500);
    assertEquals(0, probes().size());
    f.node.pathMtuProbing(true, f.now);
    f.node.pathMtuProbing(false, f.now);
    pass(700, 1500);
    assertEquals(0, probes().size());
  }
}
