package org.kagemusha.core.mobility;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.mobility.MobileNodeSettings.Location;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.signalling.BindingUpdateSequence;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * A VM that wanders between hosts, one of them at home, each with its mobile node and a clock that
 * is wrong by a bounded amount; a home agent that obeys RFC 6275 §9.5.1; and wires that lose,
 * delay, reorder and duplicate. Everything follows from the seed.
 *
 * <pre>
 *   host 0 (home) --- bridge ---+
 *   host 1 --- lossy wire ------+--- home agent
 *   host 2 --- lossy wire ------+
 * </pre>
 *
 * <p>Bounds: a move takes 600 ms at least and a stay 10 s, a packet is on its way 250 ms at most,
 * and clocks differ by 100 ms at most.
 */
final class Simulation {

  static final long MS = 1_000_000L;
  static final long SECOND = 1_000 * MS;
  private static final int NOWHERE = -1;

  /** One host. */
  private final class Host {
    private final int number;
    private final MobileNode node;
    private Ipv6Address careOf;
    private final List<Long> updates = new ArrayList<>();
    private boolean fenced;
    private long deafUntil;

    Host(int number, long skewMs) {
      this.number = number;
      this.careOf = new Ipv6Address(0x2001_0db8_3000_0000L, 3 + number);
      this.node =
          new MobileNode(
              MobileNodeFixture.settings(number == 0 ? Location.HOME : Location.FOREIGN),
              this::frameOut,
              this::packetOut,
              (address, purpose) -> null,
              new SecurityAssociationDatabase(),
              new Random(random.nextLong()),
              () -> 1_700_000_000_000L + skewMs + now / MS,
              new Counters());
      if (number > 0) {
        node.careOfAddress(careOf, 1500, now);
      }
      node.onDeadline(now);
    }

    private Underlay.Sent packetOut(PacketBuffer packet) {
      check(!fenced, "a packet of a fenced host");
      SignallingPacket signalling = read(packet.toBytes());
      if (signalling != null) {
        updateOut(signalling);
      }
      return Underlay.Sent.OK;
    }

    private void frameOut(PacketBuffer frame) {
      check(!fenced, "a frame of a fenced host");
      byte[] octets = frame.toBytes();
      NeighborMessage message = MobileNodeFixture.neighborMessage(octets);
      if (message instanceof NeighborSolicitation asked
          && MobileNodeFixture.isTo(octets, MobileNodeFixture.GUEST_MAC)
          && !asked.source().isUnspecified()) {
        after(random.nextInt(2) * MS / 2, () -> answerProbe(asked));
      } else if (message == null && number == 0) {
        SignallingPacket signalling = read(MobileNodeFixture.ipv6Of(octets));
        if (signalling != null) {
          updateOut(signalling);
        }
      }
    }

    private void answerProbe(NeighborSolicitation asked) {
      if (vmAt == number && random.nextInt(10) > 0) {
        hear(
            MobileNodeFixture.frame(
                NeighborDiscovery.build(
                    new NeighborAdvertisement(
                        asked.target(), asked.source(), asked.target(), false, true, true,
                        MobileNodeFixture.GUEST_MAC)),
                MobileNodeFixture.TAP_MAC,
                MobileNodeFixture.GUEST_MAC),
            true);
      }
    }

    private void updateOut(SignallingPacket signalling) {
      check(vmAt == number, "an update of host " + number + " without the VM");
      updates.add(now);
      int count = updates.size();
      check(
          count < 4 || now - updates.get(count - 4) >= SECOND, "four updates within a second");
      carry(() -> homeAgent(signalling, this));
    }

    /** A frame of the guest: at the tap, or at home mostly only by the bridge watch. */
    private void hear(byte[] frame, boolean flooded) {
      if (now < deafUntil) {
        return;
      }
      fenced = false;
      if (number != 0 || flooded) {
        node.onHomeFrame(PacketBuffer.copyOf(frame), now);
      } else {
        node.onBridgeFrame(PacketBuffer.copyOf(frame), now);
      }
    }

    private void renumber() {
      careOf = new Ipv6Address(careOf.high(), careOf.low() + 0x100);
      node.careOfAddress(careOf, 1500, now);
    }

    private void left() {
      node.left(now);
      fenced = true;
      deafUntil = now + 100 * MS;
    }
  }

  private record Event(long at, long order, Runnable action) {}

  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          (a, b) ->
              a.at != b.at ? Long.compare(a.at, b.at) : Long.compare(a.order, b.order));
  private final Random random;
  private final long seed;
  private final SignallingReader reader =
      new SignallingReader(new SecurityAssociationDatabase());
  private final List<Host> hosts = new ArrayList<>();
  private final List<String> story = new ArrayList<>();
  private long now = SECOND;
  private long order;
  private double loss;
  private int vmAt = NOWHERE;
  private long frameIntervalMs = 1000;

  private int accepted = -1;
  private Ipv6Address bound;

  Simulation(long seed) {
    this.seed = seed;
    this.random = new Random(seed);
    this.loss = random.nextDouble() * 0.5;
    for (int i = 0; i < 3; i++) {
      hosts.add(new Host(i, random.nextInt(200) - 100));
    }
    after(0, this::guestSends);
    homeFrame(MobileNodeFixture.routerAdvertisement());
  }

  /** The VM moves some times; then the wires are good, and in the end it must be reachable. */
  void run(int moves) {
    for (int i = 0; i < moves; i++) {
      depart();
      runFor((600 + random.nextInt(2000)) * MS);
      arrive(random.nextInt(hosts.size()));
      runFor((10_000 + random.nextInt(90_000)) * MS);
      int renumbered = random.nextInt(6);
      if (renumbered == 1 || renumbered == 2) {
        tell("host " + renumbered + " has another care-of address");
        hosts.get(renumbered).renumber();
      }
    }
    loss = 0;
    runFor(120 * SECOND);
    Ipv6Address wanted = vmAt == 0 ? null : hosts.get(vmAt).careOf;
    check(
        wanted == null ? bound == null : wanted.equals(bound),
        "bound to " + bound + " and not to " + wanted);
  }

  private void depart() {
    if (vmAt == NOWHERE) {
      return;
    }
    Host host = hosts.get(vmAt);
    vmAt = NOWHERE;
    tell("leaves host " + host.number);
    if (random.nextBoolean()) {
      after(
          random.nextInt(500) * MS,
          () -> {
            if (vmAt != host.number) {
              tell("hook: left host " + host.number);
              host.left();
            }
          });
    }
  }

  private void arrive(int place) {
    vmAt = place;
    frameIntervalMs = random.nextBoolean() ? 300 : 20_000;
    tell("arrives at host " + place);
    Host host = hosts.get(place);
    byte[] rarp = new byte[60];
    EthernetHeader.write(
        java.nio.ByteBuffer.wrap(rarp), 0, MacAddress.BROADCAST, MobileNodeFixture.GUEST_MAC,
        EthernetHeader.TYPE_RARP);
    if (random.nextInt(5) > 0) {
      for (int ms : new int[] {0, 50, 200, 450, 800}) {
        after(
            ms * MS,
            () -> {
              if (vmAt == place) {
                host.hear(rarp, true);
              }
            });
      }
    } else {
      host.hear(guestFrame(), false);
    }
  }

  private void guestSends() {
    if (vmAt != NOWHERE) {
      hosts.get(vmAt).hear(guestFrame(), random.nextInt(10) == 0);
    }
    after((1 + random.nextInt((int) frameIntervalMs)) * MS, this::guestSends);
  }

  private static byte[] guestFrame() {
    return MobileNodeFixture.frame(
        MobileNodeFixture.udp(
            MobileNodeFixture.HOME_ADDRESS, MobileNodeFixture.CORRESPONDENT, 16),
        MobileNodeFixture.ROUTER_MAC,
        MobileNodeFixture.GUEST_MAC);
  }

  /** RFC 6275 §9.5.1, §10.3.1, §10.3.2. */
  private void homeAgent(SignallingPacket packet, Host from) {
    BindingUpdate update = (BindingUpdate) packet.message();
    int sequence = update.sequence();
    int status;
    int answered = sequence;
    if (accepted >= 0 && !BindingUpdateSequence.isAhead(sequence, accepted)) {
      status = 135;
      answered = accepted;
    } else if (update.lifetimeUnits() == 0) {
      status = bound == null ? 133 : 0;
      accepted = sequence;
      bound = null;
    } else {
      status = 0;
      accepted = sequence;
      bound = update.alternateCareOf();
      homeFrame(
          MobileNodeFixture.frame(
              NeighborDiscovery.build(
                  new NeighborAdvertisement(
                      MobileNodeFixture.HOME_AGENT, Ipv6Address.ALL_NODES,
                      MobileNodeFixture.HOME_ADDRESS, false, false, true,
                      MobileNodeFixture.ROUTER_MAC)),
              MacAddress.multicastOf(Ipv6Address.ALL_NODES),
              MobileNodeFixture.ROUTER_MAC));
    }
    tell("home agent: " + update + " of host " + from.number + " -> " + status);
    BindingAcknowledgement answer =
        MobileNodeFixture.ack(status, answered, Math.min(update.lifetimeUnits(), 15));
    carry(() -> acknowledge(answer, from));
  }

  private void acknowledge(BindingAcknowledgement answer, Host to) {
    if (to.number > 0) {
      to.node.onUnderlayPacket(
          SignallingWriter.build(
              MobileNodeFixture.HOME_AGENT, to.careOf, null, MobileNodeFixture.HOME_ADDRESS,
              answer, null),
          now);
    } else {
      to.node.onBridgeFrame(
          PacketBuffer.copyOf(
              MobileNodeFixture.frame(
                  SignallingWriter.build(
                          MobileNodeFixture.HOME_AGENT, MobileNodeFixture.HOME_ADDRESS, null, null,
                          answer, null)
                      .toBytes(),
                  MobileNodeFixture.GUEST_MAC,
                  MobileNodeFixture.ROUTER_MAC)),
          now);
    }
  }

  private void homeFrame(byte[] frame) {
    hosts.get(0).node.onHomeFrame(PacketBuffer.copyOf(frame), now);
  }

  private SignallingPacket read(byte[] ipv6) {
    return reader.read(PacketBuffer.copyOf(ipv6), now) == SignallingReader.Found.SIGNALLING
        ? reader.signalling()
        : null;
  }

  private void carry(Runnable arrival) {
    if (random.nextDouble() >= loss) {
      after(random.nextInt(250) * MS, arrival);
    }
    if (random.nextInt(20) == 0) {
      after(random.nextInt(250) * MS, arrival);
    }
  }

  private void after(long ns, Runnable action) {
    events.add(new Event(now + ns, order++, action));
  }

  private void runFor(long ns) {
    long end = now + ns;
    while (true) {
      Event event = events.peek();
      long next = event == null ? end : Math.min(end, event.at);
      Host due = null;
      for (Host host : hosts) {
        if (host.node.nextDeadlineNs() < next) {
          next = host.node.nextDeadlineNs();
          due = host;
        }
      }
      now = Math.max(now, next);
      if (due != null) {
        due.node.onDeadline(now);
      } else if (event != null && event.at <= end) {
        events.poll();
        event.action.run();
      } else {
        return;
      }
    }
  }

  private void tell(String line) {
    story.add(now / MS + " ms: " + line);
  }

  private void check(boolean holds, String otherwise) {
    if (!holds) {
      int from = Math.max(0, story.size() - 40);
      throw new AssertionError(
          "seed " + seed + " at " + now / MS + " ms: " + otherwise + "\n"
              + String.join("\n", story.subList(from, story.size())));
    }
  }
}
