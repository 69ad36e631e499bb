package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.homeagent.FreshKeysFixture.sealed;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.FAR_CORRESPONDENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.MS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.SECOND;
import static org.kagemusha.core.homeagent.HomeAgentFixture.tunnelled;
import static org.kagemusha.core.homeagent.HomeAgentFixture.udp;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.homeagent.FreshKeys.Grant;
import org.kagemusha.core.message.Icmpv6;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * Where payload must be protected, nothing of it leaves in clear, whatever state binding and keys
 * are in: all that the home agent sends to the routed network is searched.
 */
class RequiredProtectionTest {

  private static final byte[] DOWN = "down-below".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CLEAR_UP = "clear-from-afar".getBytes(StandardCharsets.US_ASCII);
  private static final Logger LOG = Logger.getLogger(HomeAgent.class.getName());

  private FreshKeysFixture fresh;
  private HomeAgentFixture home;
  private FreshKeys keys;

  @BeforeEach
  void another() {
    LOG.setLevel(Level.SEVERE);
    fresh = new FreshKeysFixture();
    home = fresh.home;
    keys = fresh.keys;
    home.requirePayloadProtection = true;
  }

  @AfterEach
  void loud() {
    LOG.setLevel(null);
  }

  private static byte[] marked(byte[] packet, byte[] mark) {
    System.arraycopy(mark, 0, packet, 48, mark.length);
    return packet;
  }

  private void down() {
    fresh.down(marked(udp(CORRESPONDENT, HOME_ADDRESS, 100), DOWN));
  }

  private void clearUp(Ipv6Address careOf) {
    home.underlay(tunnelled(careOf, marked(udp(HOME_ADDRESS, CORRESPONDENT, 100), CLEAR_UP)));
  }

  private static boolean contains(byte[] packet, byte[] mark) {
    for (int at = 0; at + mark.length <= packet.length; at++) {
      if (Arrays.equals(packet, at, at + mark.length, mark, 0, mark.length)) {
        return true;
      }
    }
    return false;
  }

  /** Nothing has left in clear; neither payload nor the inner header's other address. */
  private void assertNoLeak() {
    for (byte[] packet : home.packets) {
      assertTrue(!contains(packet, DOWN), "payload in clear");
      assertTrue(!contains(packet, CORRESPONDENT.toBytes()), "inner header in clear");
      assertTrue(!contains(packet, CLEAR_UP), "clear payload sent on");
    }
    for (byte[] frame : home.frames) {
      assertTrue(!contains(frame, CLEAR_UP), "clear payload taken");
    }
  }

  private void assertNothingPasses(DropReason downwards) {
    long before = home.drops(downwards);
    int sent = home.packets.size();
    int frames = home.dataFrames().size();
    down();
    assertEquals(sent, home.packets.size());
    assertEquals(before + 1, home.drops(downwards));
    clearUp(CARE_OF);
    clearUp(OTHER_CARE_OF);
    assertEquals(sent, home.packets.size());
    assertEquals(frames, home.dataFrames().size());
    assertNoLeak();
  }

  private void assertProtected() {
    int sent = home.packets.size();
    down();
    assertEquals(sent + 1, home.packets.size());
    clearUp(CARE_OF);
    clearUp(OTHER_CARE_OF);
    assertNoLeak();
  }

  @Test
  void fromTheFirstPacketToTheLast() {
    home.dad = HomeAgentSettings.Dad.STRICT;
    home.start();
    assertNothingPasses(DropReason.NO_BINDING);
    Grant a = keys.grant("vm1", 0x1a0a, true);
    assertNothingPasses(DropReason.NO_BINDING);
    fresh.register(a, 1, CARE_OF);
    assertNothingPasses(DropReason.NO_BINDING);
    home.elapse(3 * SECOND);
    assertProtected();
    // Keys anew at the same place.
    Grant b = keys.grant("vm1", 0x1b0b, true);
    assertProtected();
    fresh.register(b, 2, CARE_OF);
    assertProtected();
    home.elapse(6 * SECOND);
    assertProtected();
    // A move, natively and in UDP.
    Grant c = keys.grant("vm1", 0x1c0c, true);
    fresh.registerByUdp(c, 3, OTHER_CARE_OF, 4500);
    assertProtected();
    home.elapse(6 * SECOND);
    assertProtected();
    // The keys run out while the binding lasts.
    keys.end(c);
    assertNothingPasses(DropReason.PROTECTION_REQUIRED);
    // They come back, and are taken away.
    Grant d = keys.grant("vm1", 0x1d0d, true);
    assertNothingPasses(DropReason.PROTECTION_REQUIRED);
    fresh.register(d, 4, CARE_OF);
    assertProtected();
    keys.end(d);
    home.agent.withdraw(HOME_ADDRESS, "revoked", home.nowNs);
    int sent = home.packets.size();
    down();
    clearUp(CARE_OF);
    home.underlay(sealed(d, CARE_OF, udp(HOME_ADDRESS, CORRESPONDENT, 9), 0));
    home.elapse(60 * SECOND);
    assertEquals(0, home.packets.stream().skip(sent).filter(p -> p.length > 64).count());
    assertEquals(0, home.counters.get(Counter.TUNNEL_PACKETS_RECEIVED));
    assertNoLeak();
    assertNothingPasses(DropReason.NO_BINDING);
  }

  @Test
  void whateverHappensInWhateverOrder() {
    long sent = 0;
    for (int seed = 0; seed < 150; seed++) {
      another();
      home.requirePayloadProtection = seed % 3 != 0;
      home.dad = HomeAgentSettings.Dad.values()[seed % 3];
      sent += live(new Random(seed));
    }
    assertTrue(sent > 5000, sent + " packets went into the tunnel");
  }

  /** A mobile node's life in random order; returns how many packets went into its tunnel. */
  private long live(Random random) {
    home.start();
    List<Grant> grants = new ArrayList<>();
    for (int step = 1; step <= 200; step++) {
      if (grants.isEmpty() || random.nextInt(6) == 0) {
        grants.add(keys.grant("vm1", 0x1000 + step, true));
      }
      Grant grant = grants.get(random.nextInt(grants.size()));
      Ipv6Address careOf = random.nextBoolean() ? CARE_OF : OTHER_CARE_OF;
      int port = random.nextBoolean() ? 0 : 4500;
      switch (random.nextInt(9)) {
        case 0, 1, 2 -> fresh.registerByUdp(grant, step, careOf, port);
        case 3 -> fresh.deregister(grant, step, careOf);
        case 4 -> {
          keys.end(grant);
          grants.remove(grant);
        }
        case 5 -> home.agent.withdraw(HOME_ADDRESS, "revoked", home.nowNs);
        case 6 -> home.elapse(random.nextInt(7000) * MS);
        case 7 -> {
          home.encapsulationPort = 4500 - home.encapsulationPort;
          home.agent.settings(home.settings(), home.nowNs);
        }
        default -> error(careOf);
      }
      down();
      clearUp(random.nextBoolean() ? CARE_OF : OTHER_CARE_OF);
      assertNoLeak();
      home.clear();
    }
    return home.counters.get(Counter.TUNNEL_PACKETS_SENT);
  }

  /** An ICMPv6 error that quotes a packet in clear as if it had been sent. */
  private void error(Ipv6Address careOf) {
    byte[] quoted = tunnelled(careOf, marked(udp(CORRESPONDENT, HOME_ADDRESS, 1300), DOWN));
    HomeAgentFixture.HOME_AGENT.write(ByteBuffer.wrap(quoted), 8);
    careOf.write(ByteBuffer.wrap(quoted), 24);
    home.underlay(
        Icmpv6.packetTooBig(FAR_CORRESPONDENT, 1280, ByteBuffer.wrap(quoted), 0, quoted.length));
  }
}
