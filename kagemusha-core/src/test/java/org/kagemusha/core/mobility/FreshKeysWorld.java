package org.kagemusha.core.mobility;

import static org.kagemusha.core.mobility.MobileNodeFixture.CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.CORRESPONDENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.MS;
import static org.kagemusha.core.mobility.MobileNodeFixture.ROUTER_MAC;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.signalling.BindingUpdateSequence;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * A mobile node with {@link FreshKeys}, a home agent that switches keys and form as it should, and
 * a network between them that takes its time and passes what it likes.
 */
final class FreshKeysWorld {

  static final int PORT = 4500;
  private static final String SECRET = "what the guest says is secret";

  /** What passes: true lets it through. */
  boolean nativeUp = true;
  boolean nativeDown = true;
  boolean udpUp = true;
  boolean udpDown = true;
  long latencyNs = 5 * MS;

  final SecurityAssociationDatabase there = new SecurityAssociationDatabase();
  final MobileNodeFixture f = new MobileNodeFixture();
  final FreshKeys keys = new FreshKeys(f.associations, there);
  final List<BindingUpdate> updates = new ArrayList<>();
  final List<Boolean> forms = new ArrayList<>();
  final List<InboundSecurityAssociation> openedBy = new ArrayList<>();
  final List<Long> keepalives = new ArrayList<>();
  int uplink;
  int uplinkInUdp;
  int refused;
  int status;
  private final SignallingReader reader = new SignallingReader(there);
  private final Map<Ipv6Address, Integer> sequences = new HashMap<>();
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          (a, b) -> a.at != b.at ? Long.compare(a.at, b.at) : Integer.compare(a.order, b.order));
  private int collected;
  private int order;

  /** The binding's form and keys. */
  int udpPort;

  SecurityAssociationPair inForce;

  private record Event(long at, int order, Runnable action) {}

  FreshKeysWorld() {
    f.keys = keys;
    f.settings = MobileNodeFixture.with(f.settings, 600, false, true);
    reader.encapsulationPort(PORT);
  }

  FreshKeysWorld encapsulation(MobileNodeSettings.Encapsulation mode) {
    f.settings = f.settings.withEncapsulation(mode);
    return this;
  }

  FreshKeysWorld start() {
    f.start();
    f.node.encapsulationPorts(
        f.settings.encapsulation() == MobileNodeSettings.Encapsulation.NONE ? 0 : PORT,
        f.settings.encapsulation() == MobileNodeSettings.Encapsulation.NONE ? 0 : PORT,
        f.now);
    return this;
  }

  /** New keys, known to both ends. */
  void grant(boolean payloadProtected, long validNs) {
    keys.grant(payloadProtected, validNs, f.now);
    f.node.keysChanged(f.now);
  }

  static byte[] secret(Ipv6Address from, Ipv6Address to) {
    byte[] packet = MobileNodeFixture.udp(from, to, 64);
    byte[] text = SECRET.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(text, 0, packet, 48, text.length);
    return packet;
  }

  static boolean tellsSecret(byte[] packet) {
    return new String(packet, StandardCharsets.ISO_8859_1).contains(SECRET);
  }

  void guestSends() {
    f.fromGuest(secret(HOME_ADDRESS, CORRESPONDENT), ROUTER_MAC);
  }

  /** The home agent tunnels a packet to the guest as the binding says. */
  void homeAgentSends() {
    PacketBuffer packet = PacketBuffer.copyOf(secret(CORRESPONDENT, HOME_ADDRESS));
    inForce.outbound().seal(packet, Protocol.IPV6);
    if (udpPort != 0) {
      UdpEncapsulation.prepend(packet, PORT, udpPort, HOME_AGENT, CARE_OF);
    }
    int length = packet.length();
    packet.prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        packet.bytes(), packet.offset(), 0, 0, length,
        udpPort != 0 ? Protocol.UDP : Protocol.ESP, 64, HOME_AGENT, CARE_OF);
    down(packet, udpPort != 0);
  }

  /** Lets time pass in steps of a millisecond, and packets travel. */
  void run(long ns) {
    long end = f.now + ns;
    while (true) {
      collect();
      while (!events.isEmpty() && events.peek().at <= f.now) {
        events.poll().action.run();
        collect();
      }
      if (f.now >= end) {
        return;
      }
      f.pass(Math.min(MS, end - f.now));
    }
  }

  private void collect() {
    while (collected < f.packets.size()) {
      byte[] packet = f.packets.get(collected);
      long sent = f.packetTimes.get(collected++);
      boolean udp = packet[6] == Protocol.UDP;
      if (udp && packet.length == Ipv6Header.BYTES + 9) {
        keepalives.add(sent);
      }
      if (udp ? udpUp : nativeUp) {
        events.add(new Event(sent + latencyNs, order++, () -> homeAgent(packet)));
      }
    }
  }

  private void down(PacketBuffer packet, boolean udp) {
    if (udp ? udpDown : nativeDown) {
      events.add(
          new Event(
              f.now + latencyNs, order++, () -> f.node.onUnderlayPacket(packet, f.now)));
    }
  }

  private void homeAgent(byte[] octets) {
    switch (reader.read(PacketBuffer.copyOf(octets), f.now)) {
      case SIGNALLING -> update(reader.signalling());
      case TUNNEL -> {
        uplink++;
        uplinkInUdp += reader.udpPort() != 0 ? 1 : 0;
      }
      default -> refused++;
    }
  }

  private void update(SignallingPacket packet) {
    BindingUpdate update = (BindingUpdate) packet.message();
    Ipv6Address homeAddress = packet.homeAddressOption();
    updates.add(update);
    forms.add(packet.udpPort() != 0);
    openedBy.add(packet.association());
    Integer accepted = sequences.get(homeAddress);
    int answer = status;
    int sequence = update.sequence();
    if (accepted != null && !BindingUpdateSequence.isAhead(sequence, accepted)) {
      answer = 135;
      sequence = accepted;
    } else if (status < 128) {
      sequences.put(homeAddress, sequence);
      udpPort = packet.udpPort();
      inForce = packet.association().pair();
    }
    down(
        SignallingWriter.build(
            HOME_AGENT, CARE_OF, null, homeAddress,
            MobileNodeFixture.ack(answer, sequence, update.lifetimeUnits()),
            packet.association().pair().outbound(),
            packet.udpPort() != 0 ? PORT : 0,
            packet.udpPort()),
        packet.udpPort() != 0);
  }

  /** How many packets of the correspondent reached the guest. */
  int downlink() {
    int count = 0;
    for (byte[] frame : f.frames) {
      count += tellsSecret(frame) ? 1 : 0;
    }
    return count;
  }

  /**
   * What is wrong with the octets that the node has given to the routed network so far, or null:
   * only ESP, natively or in UDP, behind a Home Address option or not, and NAT-keepalives may pass.
   */
  String leak() {
    for (byte[] packet : f.packets) {
      ByteBuffer bytes = ByteBuffer.wrap(packet);
      int next = packet[6];
      int at = Ipv6Header.BYTES;
      if (next == Protocol.DESTINATION_OPTIONS) {
        next = packet[at];
        at += 8 * ((packet[at + 1] & 0xff) + 1);
      }
      boolean udp =
          next == Protocol.UDP && UdpEncapsulation.destinationPort(bytes, at) == PORT;
      if (tellsSecret(packet) || next != Protocol.ESP && !udp) {
        return java.util.HexFormat.of().formatHex(packet);
      }
    }
    return null;
  }
}
