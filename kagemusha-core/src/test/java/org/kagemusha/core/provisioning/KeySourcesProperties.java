package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.provisioning.KeysFixture.GRACE_NS;
import static org.kagemusha.core.provisioning.KeysFixture.HOME;
import static org.kagemusha.core.provisioning.KeysFixture.HOST_A;
import static org.kagemusha.core.provisioning.KeysFixture.HOST_B;
import static org.kagemusha.core.provisioning.KeysFixture.SECOND_NS;
import static org.kagemusha.core.provisioning.KeysFixture.VM1;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.KeySource.Purpose;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** Both ends' keys through moves, losses, rekeying, expiry, revocation and crashes in any order. */
class KeySourcesProperties {

  private static final int STEPS = 300;

  /** So few that the limit is met. */
  private static final int PACKETS = 8;

  /** The same keys again with the same seed. */
  private static final class Seeded extends SecureRandom {
    private static final long serialVersionUID = 1L;
    private final transient Random random;

    Seeded(Random random) {
      this.random = random;
    }

    @Override
    public void nextBytes(byte[] octets) {
      random.nextBytes(octets);
    }
  }

  /** A hypervisor's daemon. */
  private final class Host {
    final PeerIdentity peer;
    SecurityAssociationDatabase database;
    ProvisionedKeys keys;

    Host(PeerIdentity peer) {
      this.peer = peer;
      start();
    }

    void start() {
      database = new SecurityAssociationDatabase();
      keys = new ProvisionedKeys(database, GRACE_NS, (reason, at) -> { });
    }
  }

  /** A packet that was opened once, and where. */
  private record Seen(SecurityAssociationDatabase at, byte[] esp) {}

  private Random random;
  private KeysFixture home;
  private long nowNs;
  private List<Host> hosts;

  /** Each pair's key outwards and inwards, known to the test alone. */
  private Map<SecurityAssociationPair, String[]> secrets;

  private Set<String> nonces;
  private List<Seen> seen;
  private int opened;

  private void begin(long seed) {
    random = new Random(seed);
    nowNs = SECOND_NS;
    secrets = new IdentityHashMap<>();
    nonces = new HashSet<>();
    seen = new ArrayList<>();
    opened = 0;
    startHomeAgent();
    hosts = List.of(new Host(HOST_A), new Host(HOST_B));
  }

  private void startHomeAgent() {
    home = new KeysFixture(new Seeded(random));
    home.maximumPackets = PACKETS;
    home.nowNs = nowNs;
    home.settings(VM1);
  }

  @Property(tries = 150)
  void noKeyAndNumberIsUsedTwiceAndWhatIsSentUnderAPairOfBothIsOpened(@ForAll long seed) {
    begin(seed);
    for (int step = 0; step < STEPS; step++) {
      Host host = hosts.get(random.nextInt(2));
      switch (random.nextInt(20)) {
        case 0, 1, 2 -> provision(host);
        case 3, 4, 5, 6 -> register(host);
        case 7, 8, 9, 10 -> up(host);
        case 11, 12, 13 -> down();
        case 14 -> pass(random.nextInt(2 * (int) GRACE_NS));
        case 15 -> pass((long) (random.nextDouble() * 1500 * SECOND_NS));
        case 16 -> replay();
        case 17 -> host.keys.abandoned(nowNs);
        case 18 -> crash(host);
        default -> revoke(host);
      }
      neverClear(home.keys);
      hosts.forEach(each -> neverClear(each.keys));
    }
    hosts.forEach(this::carryOn);
  }

  /** Whatever has happened: new keys, and traffic passes. */
  private void carryOn(Host host) {
    host.keys.destroy();
    Grant grant = home.grant(host.peer, HOME);
    install(host, grant);
    int before = opened;
    exchange(host, false, false);
    up(host);
    down();
    assertTrue(opened >= before + 4, "traffic passes again");
  }

  private boolean lost() {
    return random.nextInt(4) == 0;
  }

  private static void neverClear(KeySource keys) {
    assertFalse(keys.allowsClear(HOME, Purpose.PAYLOAD));
    assertFalse(keys.allowsClear(HOME, Purpose.SIGNALLING));
  }

  private void provision(Host host) {
    Grant grant = home.grant(host.peer, HOME);
    if (lost()) {
      remember(home.pair(grant), grant, false);
    } else {
      install(host, grant);
    }
  }

  private void install(Host host, Grant grant) {
    remember(home.pair(grant), grant, false);
    if (host.keys.install(grant, nowNs) == ProvisionedKeys.Installed.OK) {
      remember(host.keys.associations(HOME, Purpose.SIGNALLING), grant, true);
    }
  }

  private void remember(SecurityAssociationPair pair, Grant grant, boolean atMobileNode) {
    String up = HexFormat.of().formatHex(grant.keyToHomeAgent());
    String down = HexFormat.of().formatHex(grant.keyToMobileNode());
    secrets.put(pair, atMobileNode ? new String[] {up, down} : new String[] {down, up});
  }

  private void register(Host host) {
    exchange(host, lost(), lost());
  }

  private void exchange(Host host, boolean updateLost, boolean answerLost) {
    SecurityAssociationPair pair = host.keys.associations(HOME, Purpose.SIGNALLING);
    PacketBuffer update = seal(pair);
    if (update == null || updateLost) {
      return;
    }
    SecurityAssociationPair believed =
        deliver(pair, update, home.database, home.keys, Purpose.SIGNALLING);
    if (believed == null) {
      host.keys.inDoubt(HOME, nowNs);
      return;
    }
    home.keys.inForce(HOME, believed, nowNs);
    PacketBuffer answer = seal(believed);
    if (answer == null || answerLost) {
      return;
    }
    SecurityAssociationPair by =
        deliver(believed, answer, host.database, host.keys, Purpose.SIGNALLING);
    assertNotNull(by, "who sent an update a moment ago believes its answer");
    host.keys.inForce(HOME, by, nowNs);
  }

  private void up(Host host) {
    SecurityAssociationPair pair = host.keys.associations(HOME, Purpose.PAYLOAD);
    PacketBuffer packet = seal(pair);
    if (packet != null) {
      deliver(pair, packet, home.database, home.keys, Purpose.PAYLOAD);
    }
  }

  private void down() {
    SecurityAssociationPair pair = home.keys.associations(HOME, Purpose.PAYLOAD);
    PacketBuffer packet = seal(pair);
    if (packet != null) {
      for (Host host : hosts) {
        PacketBuffer copy = PacketBuffer.copyOf(packet.toBytes());
        deliver(pair, copy, host.database, host.keys, Purpose.PAYLOAD);
      }
    }
  }

  /** Seals, and says whether this key has met this nonce before. */
  private PacketBuffer seal(SecurityAssociationPair pair) {
    if (pair == null) {
      return null;
    }
    PacketBuffer packet = PacketBuffer.copyOf(new byte[random.nextInt(200)]);
    DropReason reason = pair.outbound().seal(packet, Protocol.IPV6);
    if (reason != null) {
      assertTrue(reason == DropReason.ASSOCIATION_EXPIRED && pair.outbound().packets() == PACKETS);
      return null;
    }
    long iv = packet.bytes().getLong(packet.offset() + Long.BYTES);
    assertTrue(nonces.add(secrets.get(pair)[0] + " " + iv), "a nonce is used again");
    return packet;
  }

  /** Whoever holds the same keys must open it; nobody else can. */
  private SecurityAssociationPair deliver(
      SecurityAssociationPair from,
      PacketBuffer packet,
      SecurityAssociationDatabase at,
      KeySource keys,
      Purpose purpose) {
    byte[] esp = packet.toBytes();
    InboundSecurityAssociation inbound = at.inbound(from.outbound().spi());
    if (inbound == null) {
      return null;
    }
    DropReason reason = inbound.open(packet);
    boolean same = secrets.get(inbound.pair())[1].equals(secrets.get(from)[0]);
    assertTrue(same == (reason == null), () -> "same keys, and " + reason);
    if (!same) {
      return null;
    }
    opened++;
    seen.add(new Seen(at, esp));
    SecurityAssociationPair believed = keys.accepting(HOME, purpose, inbound);
    assertNotNull(believed, "what is held is believed");
    return believed;
  }

  private void replay() {
    if (!seen.isEmpty()) {
      Seen one = seen.get(random.nextInt(seen.size()));
      PacketBuffer again = PacketBuffer.copyOf(one.esp());
      InboundSecurityAssociation inbound =
          one.at().inbound(again.bytes().getInt(again.offset()));
      assertTrue(inbound == null || inbound.open(again) != null, "a replay is believed");
    }
  }

  private void pass(long ns) {
    nowNs += ns;
    home.advance(nowNs - home.nowNs);
    for (Host host : hosts) {
      if (host.keys.nextDeadlineNs() <= nowNs) {
        host.keys.onDeadline(nowNs);
      }
      assertTrue(host.keys.nextDeadlineNs() > nowNs);
    }
    assertTrue(home.keys.nextDeadlineNs() > nowNs);
  }

  private void crash(Host host) {
    if (random.nextInt(3) == 0) {
      startHomeAgent();
      assertNull(home.keys.associations(HOME, Purpose.SIGNALLING));
    } else {
      host.start();
    }
  }

  private void revoke(Host host) {
    if (lost()) {
      home.keys.revoke(host.peer::equals, nowNs);
    }
  }
}
