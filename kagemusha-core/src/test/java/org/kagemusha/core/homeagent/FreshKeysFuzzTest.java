package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_AGENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.SECOND;
import static org.kagemusha.core.homeagent.HomeAgentFixture.update;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.homeagent.FreshKeys.Grant;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.message.MobilityHeader;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * A host with keys of its own that seals arbitrary octets, natively and in UDP: nothing throws, and
 * the mobile node of another host is served as before.
 */
class FreshKeysFuzzTest {

  private static final Logger LOG = Logger.getLogger("org.kagemusha.core");

  @BeforeAll
  static void quiet() {
    LOG.setLevel(Level.OFF);
  }

  @AfterAll
  static void loud() {
    LOG.setLevel(null);
  }

  /** The first octet is the Next Header, the rest the payload of ESP. */
  static Stream<Arguments> plaintexts() {
    byte[] message = MobilityHeader.encode(update(7, 9, CARE_OF), HOME_ADDRESS, HOME_AGENT);
    ByteBuffer options = ByteBuffer.allocate(24 + message.length);
    options.put(new byte[] {(byte) 135, 2, 1, 2, 0, 0, (byte) 201, 16});
    options.put(HOME_ADDRESS.toBytes()).put(message);
    return Stream.of(
            plaintext(Protocol.DESTINATION_OPTIONS, options.array()),
            plaintext(Protocol.MOBILITY, message),
            plaintext(Protocol.IPV6, FreshKeysFixture.fromMobileNode(50)),
            plaintext(Protocol.UDP, new byte[20]),
            plaintext(Protocol.ROUTING, new byte[24]),
            plaintext(Protocol.ESP, new byte[24]),
            plaintext(Protocol.NO_NEXT_HEADER, new byte[0]))
        .map(Arguments::of);
  }

  private static byte[] plaintext(int nextHeader, byte[] payload) {
    return ByteBuffer.allocate(1 + payload.length).put((byte) nextHeader).put(payload).array();
  }

  @MethodSource("plaintexts")
  @FuzzTest(maxDuration = "10s")
  void sealedOctets(byte[] plaintext) {
    if (plaintext.length == 0 || plaintext.length > 1400) {
      return;
    }
    FreshKeysFixture fresh = new FreshKeysFixture();
    HomeAgentFixture home = fresh.home;
    Grant mine = fresh.keys.grant("vm2", 0x2c0c, true);
    Grant others = fresh.keys.grant("vm1", 0x1a0a, true);
    home.start();
    fresh.register(others, 1, OTHER_CARE_OF);
    for (int port : new int[] {0, 4500}) {
      home.clear();
      long drops = drops(home);
      home.underlay(sealed(mine, plaintext, port));
      assertTrue(home.packets.size() <= 1);
      assertTrue(drops(home) - drops <= 1);
    }
    assertEquals(
        OTHER_CARE_OF,
        home.agent.status(home.nowNs).entries().stream()
            .filter(entry -> entry.homeAddress().equals(HOME_ADDRESS))
            .findFirst()
            .orElseThrow()
            .careOfAddress());
    home.elapse(5 * SECOND);
    home.clear();
    fresh.down(FreshKeysFixture.toMobileNode(10));
    assertEquals(others.spi(), FreshKeysFixture.spi(fresh.last()));
  }

  private static long drops(HomeAgentFixture home) {
    long drops = 0;
    for (DropReason reason : DropReason.values()) {
      drops += home.drops(reason);
    }
    return drops;
  }

  private static byte[] sealed(Grant grant, byte[] plaintext, int port) {
    PacketBuffer packet = PacketBuffer.copyOf(plaintext);
    packet.trimFront(1);
    grant.sealing.seal(packet, plaintext[0] & 0xff);
    int next = Protocol.ESP;
    if (port != 0) {
      UdpEncapsulation.prepend(packet, port, 4500, CARE_OF, HOME_AGENT);
      next = Protocol.UDP;
    }
    int length = packet.length();
    packet.prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        packet.bytes(), packet.offset(), 0, 0, length, next, 64, CARE_OF, HOME_AGENT);
    return packet.toBytes();
  }
}
