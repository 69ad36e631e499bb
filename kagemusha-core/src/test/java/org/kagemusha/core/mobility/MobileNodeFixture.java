package org.kagemusha.core.mobility;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.message.MobilityMessage;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.message.PrefixInformation;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.tunnel.TunnelSettings;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * A mobile node with fake time, a guest that answers if told so, and hands to play the home agent.
 */
final class MobileNodeFixture {

  static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");
  static final Ipv6Address OTHER_HOME_AGENT = Ipv6Address.parse("2001:db8:2000::5");
  static final Ipv6Address HOME_ADDRESS = Ipv6Address.parse("2001:db8:2000::10");
  static final Ipv6Address OTHER_HOME_ADDRESS = Ipv6Address.parse("2001:db8:2000::11");
  static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:3000::3");
  static final Ipv6Address OTHER_CARE_OF = Ipv6Address.parse("2001:db8:4000::3");
  static final Ipv6Address CORRESPONDENT = Ipv6Address.parse("2001:db8:2000::2");
  static final Ipv6Prefix HOME_PREFIX = Ipv6Prefix.parse("2001:db8:2000::/64");
  static final MacAddress GUEST_MAC = MacAddress.parse("52:54:00:12:34:10");
  static final MacAddress TAP_MAC = MacAddress.parse("02:00:00:00:00:01");
  static final MacAddress ROUTER_MAC = MacAddress.parse("52:54:00:20:00:01");
  static final Ipv6Address ROUTER = Ipv6Address.linkLocalOf(ROUTER_MAC);
  static final long SECOND = 1_000_000_000L;
  static final long MS = 1_000_000L;

  final List<byte[]> frames = new ArrayList<>();
  final List<byte[]> packets = new ArrayList<>();
  final List<Long> packetTimes = new ArrayList<>();
  final Counters counters = new Counters();
  final Map<Ipv6Address, SecurityAssociationPair> signallingKeys = new HashMap<>();
  final Map<Ipv6Address, SecurityAssociationPair> payloadKeys = new HashMap<>();
  final SecurityAssociationDatabase associations = new SecurityAssociationDatabase();
  final SignallingReader homeAgentReader;
  KeySource keys = this::associations;
  MobileNodeSettings settings;
  MobileNode node;
  long now = 5 * SECOND;
  long wallOffsetMs = 1_700_000_000_000L;
  boolean guestAnswers = true;
  Underlay.Sent underlayState = Underlay.Sent.OK;
  private final List<SignallingPacket> signalling = new ArrayList<>();
  private int handled;
  private int read;

  MobileNodeFixture() {
    this(new SecurityAssociationDatabase());
  }

  MobileNodeFixture(SecurityAssociationDatabase homeAgentAssociations) {
    homeAgentReader = new SignallingReader(homeAgentAssociations);
    settings = settings(MobileNodeSettings.Location.FOREIGN);
  }

  static MobileNodeSettings settings(MobileNodeSettings.Location location) {
    return new MobileNodeSettings(
        "vm1",
        GUEST_MAC,
        TAP_MAC,
        List.of(HOME_ADDRESS),
        List.of(HOME_PREFIX),
        List.of(HOME_AGENT),
        null,
        location,
        600,
        false,
        false,
        5,
        TunnelSettings.mobileNode());
  }

  static MobileNodeSettings with(
      MobileNodeSettings s, List<Ipv6Address> homeAddresses, List<Ipv6Address> homeAgents) {
    return new MobileNodeSettings(
        s.name(), s.guestMac(), s.tapMac(), homeAddresses, s.homePrefixes(), homeAgents,
        s.homeRouter(), s.location(), s.lifetimeSeconds(), s.waitForAcknowledgement(),
        s.requireSignallingProtection(), s.presenceTimeoutSeconds(), s.tunnel());
  }

  static MobileNodeSettings with(
      MobileNodeSettings s, int lifetimeSeconds, boolean wait, boolean protection) {
    return new MobileNodeSettings(
        s.name(), s.guestMac(), s.tapMac(), s.homeAddresses(), s.homePrefixes(), s.homeAgents(),
        s.homeRouter(), s.location(), lifetimeSeconds, wait, protection,
        s.presenceTimeoutSeconds(), s.tunnel());
  }

  static MobileNodeSettings withPayloadProtection(MobileNodeSettings s) {
    return new MobileNodeSettings(
        s.name(), s.guestMac(), s.tapMac(), s.homeAddresses(), s.homePrefixes(), s.homeAgents(),
        s.homeRouter(), s.location(), s.lifetimeSeconds(), s.waitForAcknowledgement(), false,
        s.requireSignallingProtection(), true, s.presenceTimeoutSeconds(), s.tunnel(),
        s.pseudoMac());
  }

  static MobileNodeSettings byHookOnly(MobileNodeSettings s) {
    return new MobileNodeSettings(
        s.name(), s.guestMac(), s.tapMac(), s.homeAddresses(), s.homePrefixes(), s.homeAgents(),
        s.homeRouter(), s.location(), s.lifetimeSeconds(), s.waitForAcknowledgement(), true,
        s.requireSignallingProtection(), false, s.presenceTimeoutSeconds(), s.tunnel(),
        s.pseudoMac());
  }

  /** Creates the node, gives it the care-of address and lets it start. */
  MobileNodeFixture start() {
    node =
        new MobileNode(
            settings,
            frame -> frames.add(frame.toBytes()),
            packet -> {
              packets.add(packet.toBytes());
              packetTimes.add(now);
              return underlayState;
            },
            keys,
            associations,
            new Random(42),
            () -> wallOffsetMs + now / MS,
            counters);
    node.careOfAddress(CARE_OF, 1500, now);
    node.onDeadline(now);
    return this;
  }

  private SecurityAssociationPair associations(Ipv6Address address, KeySource.Purpose purpose) {
    return (purpose == KeySource.Purpose.SIGNALLING ? signallingKeys : payloadKeys).get(address);
  }

  /** Lets time pass; a guest that answers does so half a millisecond later. */
  void pass(long ns) {
    long end = now + ns;
    int steps = 0;
    while (true) {
      answerAsGuest();
      long next = node.nextDeadlineNs();
      if (next > end) {
        now = end;
        return;
      }
      if (++steps > 100_000) {
        throw new AssertionError("deadline does not advance: " + next + " at " + now);
      }
      now = Math.max(now, next);
      node.onDeadline(now);
    }
  }

  private void answerAsGuest() {
    while (handled < frames.size()) {
      byte[] frame = frames.get(handled++);
      NeighborMessage message = neighborMessage(frame);
      if (guestAnswers
          && message instanceof NeighborSolicitation asked
          && !asked.source().isUnspecified()
          && isTo(frame, GUEST_MAC)) {
        fromGuest(
            NeighborDiscovery.build(
                new NeighborAdvertisement(
                    asked.target(), asked.source(), asked.target(), false, true, true, GUEST_MAC)),
            TAP_MAC);
      }
    }
  }

  /** Forgets what the node has sent on the home link so far. */
  void forgetFrames() {
    frames.clear();
    handled = 0;
  }

  void onHomeFrame(byte[] frame) {
    node.onHomeFrame(PacketBuffer.copyOf(frame), now);
  }

  void onUnderlay(PacketBuffer packet) {
    node.onUnderlayPacket(packet, now);
  }

  void fromGuest(byte[] ipv6, MacAddress to) {
    onHomeFrame(frame(ipv6, to, GUEST_MAC));
  }

  /** The guest sends a UDP packet to the correspondent. */
  void guestSends() {
    fromGuest(udp(HOME_ADDRESS, CORRESPONDENT, 64), ROUTER_MAC);
  }

  void rarp() {
    byte[] frame = new byte[60];
    EthernetHeader.write(
        ByteBuffer.wrap(frame), 0, MacAddress.BROADCAST, GUEST_MAC, EthernetHeader.TYPE_RARP);
    onHomeFrame(frame);
  }

  static byte[] frame(byte[] ipv6, MacAddress to, MacAddress from) {
    byte[] frame = new byte[EthernetHeader.BYTES + ipv6.length];
    EthernetHeader.write(ByteBuffer.wrap(frame), 0, to, from, EthernetHeader.TYPE_IPV6);
    System.arraycopy(ipv6, 0, frame, EthernetHeader.BYTES, ipv6.length);
    return frame;
  }

  static byte[] udp(Ipv6Address source, Ipv6Address destination, int payload) {
    byte[] octets = new byte[Ipv6Header.BYTES + 8 + payload];
    ByteBuffer packet = ByteBuffer.wrap(octets);
    Ipv6Header.write(packet, 0, 0, 0, 8 + payload, Protocol.UDP, 64, source, destination);
    packet.putShort(40, (short) 4000).putShort(42, (short) 4001);
    packet.putShort(44, (short) (8 + payload));
    long sum =
        InternetChecksum.pseudoHeader(packet, 0, 8 + payload, Protocol.UDP)
            + InternetChecksum.sum(packet, 40, 8 + payload);
    packet.putShort(46, (short) InternetChecksum.finish(sum));
    return octets;
  }

  static PacketBuffer tunnelled(Ipv6Address source, Ipv6Address destination, byte[] inner) {
    PacketBuffer packet = PacketBuffer.copyOf(inner).prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        packet.bytes(), packet.offset(), 0, 0, inner.length, Protocol.IPV6, 64, source,
        destination);
    return packet;
  }

  /** The mobility messages sent to the routed network so far. */
  List<SignallingPacket> signalling() {
    while (read < packets.size()) {
      PacketBuffer packet = PacketBuffer.copyOf(packets.get(read++));
      if (homeAgentReader.read(packet, now) == SignallingReader.Found.SIGNALLING) {
        signalling.add(homeAgentReader.signalling());
      }
    }
    return List.copyOf(signalling);
  }

  /** The Binding Updates sent to the routed network so far. */
  List<BindingUpdate> updates() {
    return signalling().stream().map(p -> (BindingUpdate) p.message()).toList();
  }

  BindingUpdate lastUpdate() {
    List<BindingUpdate> all = updates();
    return all.get(all.size() - 1);
  }

  static BindingAcknowledgement ack(int status, int sequence, int lifetimeUnits) {
    return new BindingAcknowledgement(status, false, 0, sequence, lifetimeUnits, -1);
  }

  void answer(MobilityMessage message) {
    answer(message, HOME_ADDRESS);
  }

  void answer(MobilityMessage message, Ipv6Address homeAddress) {
    onUnderlay(SignallingWriter.build(HOME_AGENT, CARE_OF, null, homeAddress, message, null));
  }

  /** The guest arrives by a data frame and the home agent accepts. */
  MobileNodeFixture registered() {
    guestSends();
    BindingUpdate update = lastUpdate();
    answer(ack(0, update.sequence(), update.lifetimeUnits()));
    return this;
  }

  String state() {
    return node.status(now).state();
  }

  MobileNodeStatus.BindingStatusLine binding() {
    return node.status(now).bindings().get(0);
  }

  long drops(DropReason reason) {
    return counters.drops(reason);
  }

  static NeighborMessage neighborMessage(byte[] frame) {
    return HomeLinkFrames.parse(PacketBuffer.copyOf(frame));
  }

  static boolean isTo(byte[] frame, MacAddress mac) {
    return MacAddress.read(ByteBuffer.wrap(frame), 0).equals(mac);
  }

  static MacAddress sourceOf(byte[] frame) {
    return MacAddress.read(ByteBuffer.wrap(frame), EthernetHeader.SOURCE);
  }

  static byte[] ipv6Of(byte[] frame) {
    byte[] ipv6 = new byte[frame.length - EthernetHeader.BYTES];
    System.arraycopy(frame, EthernetHeader.BYTES, ipv6, 0, ipv6.length);
    return ipv6;
  }

  /** A Router Advertisement of the home router; its R-bit prefix is the home agent's address. */
  static byte[] routerAdvertisement(MacAddress to) {
    return frame(
        NeighborDiscovery.build(
            new RouterAdvertisement(
                ROUTER,
                Ipv6Address.ALL_NODES,
                64,
                RouterAdvertisement.HOME_AGENT,
                1800,
                0,
                0,
                ROUTER_MAC,
                0,
                List.of(
                    new PrefixInformation(
                        HOME_AGENT,
                        64,
                        PrefixInformation.ON_LINK
                            | PrefixInformation.AUTONOMOUS
                            | PrefixInformation.ROUTER_ADDRESS,
                        86400,
                        14400)),
                null,
                0,
                List.of())),
        to,
        ROUTER_MAC);
  }

  static byte[] routerAdvertisement() {
    return routerAdvertisement(MacAddress.multicastOf(Ipv6Address.ALL_NODES));
  }
}
