package org.kagemusha.core.homeagent;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.kagemusha.core.homeagent.HomeAgentSettings.Advertisement;
import org.kagemusha.core.homeagent.HomeAgentSettings.Dad;
import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.KeySource.Purpose;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.StaticKeySource;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.message.MobilityMessage;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.simulation.SuperPackets;
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
 * A home agent between a home link and a routed network that only keep what was sent. The addresses
 * are those of the captures.
 */
final class HomeAgentFixture {

  static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");
  static final Ipv6Address HOME_ADDRESS = Ipv6Address.parse("2001:db8:2000::10");
  static final Ipv6Address OTHER_HOME_ADDRESS = Ipv6Address.parse("2001:db8:2000::77");
  static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:3000::3");
  static final Ipv6Address OTHER_CARE_OF = Ipv6Address.parse("2001:db8:3000::4");
  static final Ipv6Address CORRESPONDENT = Ipv6Address.parse("2001:db8:2000::2");
  static final Ipv6Address FAR_CORRESPONDENT = Ipv6Address.parse("2001:db8:4000::5");
  static final Ipv6Address KERNEL_LINK_LOCAL = Ipv6Address.parse("fe80::5054:ff:fe20:1");
  static final Ipv6Prefix HOME_PREFIX = Ipv6Prefix.parse("2001:db8:2000::/64");
  static final MacAddress TAP_MAC = MacAddress.parse("52:54:00:20:00:99");
  static final MacAddress GATEWAY_MAC = MacAddress.parse("52:54:00:20:00:01");
  static final MacAddress CORRESPONDENT_MAC = MacAddress.parse("d6:d1:64:7c:52:1f");
  static final MacAddress GUEST_MAC = MacAddress.parse("52:54:00:12:34:10");
  static final Ipv6Address LINK_LOCAL = new Ipv6Address(0xfe80L << 48, 0x10);

  static final long SECOND = 1_000_000_000L;
  static final long MS = 1_000_000L;

  private static final int TO_HOME_AGENT = 0x3e8;
  private static final int FROM_HOME_AGENT = 0x3e9;

  final Counters counters = new Counters();
  final StaticKeySource keys = new StaticKeySource();
  final SecurityAssociationDatabase associations = new SecurityAssociationDatabase();
  final List<byte[]> frames = new ArrayList<>();
  /** The frames sent, each super-frame as its segments. */
  final List<byte[]> onWire = new ArrayList<>();

  final List<byte[]> packets = new ArrayList<>();
  final List<MobileNodeAuthorisation> mobileNodes = new ArrayList<>();

  Dad dad = Dad.OFF;
  long validSeconds = 86_400;
  long preferredSeconds = 86_400;
  int maximumLifetimeSeconds = HomeAgentSettings.LONGEST_LIFETIME_SECONDS;
  int maximumBindings = 100;
  boolean requireProtection;
  boolean requirePayloadProtection;
  Advertisement advertisement;
  List<Ipv6Prefix> careOfAddresses = List.of();
  int graceSeconds = HomeAgentSettings.DEFAULT_GRACE_SECONDS;
  int encapsulationPort;
  long nowNs = SECOND;
  HomeAgent agent;

  /** What the home agent asks for keys: {@link #keys} unless another is put here. */
  KeySource keySource = keys;

  /** The mobile node's associations, by SPI, and those with which it sends. */
  final SecurityAssociationDatabase mobileNodeAssociations = new SecurityAssociationDatabase();

  OutboundSecurityAssociation mobileNodeSignalling;
  OutboundSecurityAssociation mobileNodePayload;

  HomeAgentSettings settings() {
    List<MobileNodeAuthorisation> nodes = new ArrayList<>(mobileNodes);
    if (nodes.isEmpty()) {
      nodes.add(node("vm1", HOME_ADDRESS));
      nodes.add(node("vm2", OTHER_HOME_ADDRESS));
    }
    return new HomeAgentSettings(
        HOME_AGENT,
        TAP_MAC,
        GATEWAY_MAC,
        KERNEL_LINK_LOCAL,
        HOME_PREFIX,
        validSeconds,
        preferredSeconds,
        dad,
        maximumLifetimeSeconds,
        maximumBindings,
        requireProtection,
        nodes,
        advertisement,
        TunnelSettings.defaults(),
        graceSeconds,
        encapsulationPort);
  }

  MobileNodeAuthorisation node(String name, Ipv6Address homeAddress) {
    return new MobileNodeAuthorisation(
        name, List.of(Ipv6Prefix.of(homeAddress, 128)), careOfAddresses, requirePayloadProtection);
  }

  HomeAgentFixture start() {
    agent =
        new HomeAgent(
            settings(),
            frame -> {
              frames.add(frame.toBytes());
              onWire.addAll(SuperPackets.onWire(frame, EthernetHeader.BYTES));
            },
            packet -> {
              packets.add(packet.toBytes());
              return Underlay.Sent.OK;
            },
            keySource,
            associations,
            new Random(1),
            () -> 0,
            counters);
    agent.onDeadline(nowNs);
    return this;
  }

  /** Associations for the signalling of a home address: the keys of the captures. */
  HomeAgentFixture protectSignalling(Ipv6Address homeAddress) {
    mobileNodeSignalling =
        protect(homeAddress, Purpose.SIGNALLING, TO_HOME_AGENT, FROM_HOME_AGENT);
    return this;
  }

  HomeAgentFixture protectPayload(Ipv6Address homeAddress) {
    mobileNodePayload =
        protect(homeAddress, Purpose.PAYLOAD, TO_HOME_AGENT + 16, FROM_HOME_AGENT + 16);
    return this;
  }

  /** Other associations in place of the first. */
  void protectPayloadAnew(Ipv6Address homeAddress) {
    mobileNodePayload =
        protect(homeAddress, Purpose.PAYLOAD, TO_HOME_AGENT + 32, FROM_HOME_AGENT + 32);
  }

  private OutboundSecurityAssociation protect(
      Ipv6Address homeAddress, Purpose purpose, int spiIn, int spiOut) {
    InboundSecurityAssociation in = InboundSecurityAssociation.of(parameters(spiIn, 0x10, 0x00));
    associations.add(in);
    OutboundSecurityAssociation out =
        OutboundSecurityAssociation.of(parameters(spiOut, 0x30, 0x20), counting());
    keys.put(homeAddress, purpose, new SecurityAssociationPair(out, in));
    mobileNodeAssociations.add(
        InboundSecurityAssociation.of(parameters(spiOut, 0x30, 0x20)));
    return OutboundSecurityAssociation.of(parameters(spiIn, 0x10, 0x00), counting());
  }

  private static org.kagemusha.core.ipsec.SequenceNumbers counting() {
    long[] last = {0};
    return () -> ++last[0];
  }

  static SecurityAssociationParameters parameters(int spi, int encryptionFrom, int integrityFrom) {
    return new SecurityAssociationParameters(
        spi,
        EncryptionAlgorithm.AES_CBC_128,
        IntegrityAlgorithm.HMAC_SHA1_96,
        octetsFrom(encryptionFrom, 16),
        octetsFrom(integrityFrom, 20),
        false,
        64);
  }

  private static byte[] octetsFrom(int first, int count) {
    byte[] octets = new byte[count];
    for (int i = 0; i < count; i++) {
      octets[i] = (byte) (first + i);
    }
    return octets;
  }

  // What comes in.

  void underlay(byte[] packet) {
    agent.onUnderlayPacket(PacketBuffer.copyOf(packet), nowNs);
  }

  void underlay(PacketBuffer packet) {
    agent.onUnderlayPacket(packet, nowNs);
  }

  void frame(PacketBuffer frame) {
    agent.onHomeFrame(frame, nowNs);
  }

  void frame(byte[] frame) {
    agent.onHomeFrame(PacketBuffer.copyOf(frame), nowNs);
  }

  /** Lets time pass, doing what is due when it is due. */
  void elapse(long ns) {
    long until = nowNs + ns;
    while (agent.nextDeadlineNs() <= until) {
      nowNs = Math.max(nowNs, agent.nextDeadlineNs());
      agent.onDeadline(nowNs);
    }
    nowNs = until;
  }

  static BindingUpdate update(int sequence, int lifetimeUnits, Ipv6Address careOf) {
    return new BindingUpdate(sequence, true, true, false, false, 0, lifetimeUnits, careOf);
  }

  static BindingUpdate withLinkLocal(int sequence, int lifetimeUnits, Ipv6Address careOf) {
    return new BindingUpdate(sequence, true, true, true, false, 0, lifetimeUnits, careOf);
  }

  /** A Binding Update from a care-of address, in ESP if the home address has associations. */
  void register(int sequence, int lifetimeUnits, Ipv6Address careOf) {
    send(careOf, HOME_ADDRESS, update(sequence, lifetimeUnits, careOf));
  }

  void send(Ipv6Address source, Ipv6Address homeAddress, MobilityMessage message) {
    underlay(
        SignallingWriter.build(
            source, HOME_AGENT, homeAddress, null, message, mobileNodeSignalling));
  }

  /** A Binding Update from the home address itself. */
  void sendFromHome(Ipv6Address homeAddress, BindingUpdate update) {
    underlay(
        SignallingWriter.build(
            homeAddress, HOME_AGENT, null, null, update, mobileNodeSignalling));
  }

  // What went out.

  /** The mobility message last sent to the routed network, as the mobile node reads it. */
  SignallingPacket lastSignalling() {
    if (packets.isEmpty()) {
      throw new AssertionError("nothing was sent to the routed network");
    }
    return signalling(packets.get(packets.size() - 1));
  }

  SignallingPacket signalling(byte[] packet) {
    SignallingReader reader = new SignallingReader(mobileNodeAssociations);
    reader.takeHandovers();
    SignallingReader.Found found = reader.read(PacketBuffer.copyOf(packet), nowNs);
    if (found != SignallingReader.Found.SIGNALLING) {
      throw new AssertionError("not signalling but " + found + " " + reader.dropReason());
    }
    return reader.signalling();
  }

  BindingAcknowledgement acknowledgement() {
    return (BindingAcknowledgement) lastSignalling().message();
  }

  /** The status last acknowledged, or -1 if nothing was sent since {@link #clear}. */
  int status() {
    return packets.isEmpty() ? -1 : acknowledgement().status();
  }

  void clear() {
    frames.clear();
    onWire.clear();
    packets.clear();
  }

  /** The Neighbor Discovery messages among the frames sent. */
  List<NeighborMessage> neighborMessages() {
    List<NeighborMessage> messages = new ArrayList<>();
    for (byte[] frame : frames) {
      ByteBuffer bytes = ByteBuffer.wrap(frame);
      if (NeighborDiscovery.isNeighborDiscovery(bytes, 14, frame.length - 14)) {
        messages.add(NeighborDiscovery.parse(bytes, 14, frame.length - 14));
      }
    }
    return messages;
  }

  /** The other frames sent. */
  List<byte[]> dataFrames() {
    return frames.stream()
        .filter(
            frame ->
                !NeighborDiscovery.isNeighborDiscovery(
                    ByteBuffer.wrap(frame), 14, frame.length - 14))
        .toList();
  }

  long announcements(Ipv6Address target) {
    return neighborMessages().stream()
        .filter(m -> m instanceof NeighborAdvertisement)
        .map(m -> (NeighborAdvertisement) m)
        .filter(a -> a.target().equals(target) && a.destination().equals(Ipv6Address.ALL_NODES))
        .count();
  }

  long tests(Ipv6Address target) {
    return neighborMessages().stream()
        .filter(m -> m instanceof NeighborSolicitation)
        .map(m -> (NeighborSolicitation) m)
        .filter(s -> s.target().equals(target) && s.source().isUnspecified())
        .count();
  }

  /** Whether a solicitation of a neighbour on the link is answered on behalf of an address. */
  boolean proxies(Ipv6Address target) {
    List<byte[]> before = List.copyOf(frames);
    frames.clear();
    frame(
        neighborFrame(
            new NeighborSolicitation(
                CORRESPONDENT, target.solicitedNode(), target, CORRESPONDENT_MAC),
            CORRESPONDENT_MAC));
    boolean answered =
        neighborMessages().stream()
            .anyMatch(
                m -> m instanceof NeighborAdvertisement a
                    && a.target().equals(target)
                    && TAP_MAC.equals(a.targetLinkLayerAddress()));
    frames.clear();
    frames.addAll(before);
    return answered;
  }

  long drops(DropReason reason) {
    return counters.drops(reason);
  }

  // Octets.

  static byte[] neighborFrame(NeighborMessage message, MacAddress source) {
    return ethernet(
        MacAddress.multicastOf(message.destination()), source, NeighborDiscovery.build(message));
  }

  static byte[] ethernet(MacAddress destination, MacAddress source, byte[] ipv6) {
    byte[] frame = new byte[14 + ipv6.length];
    EthernetHeader.write(
        ByteBuffer.wrap(frame), 0, destination, source, EthernetHeader.TYPE_IPV6);
    System.arraycopy(ipv6, 0, frame, 14, ipv6.length);
    return frame;
  }

  /** An unfragmented UDP packet. */
  static byte[] udp(Ipv6Address source, Ipv6Address destination, int payload) {
    byte[] packet = new byte[Ipv6Header.BYTES + 8 + payload];
    ByteBuffer bytes = ByteBuffer.wrap(packet);
    Ipv6Header.write(bytes, 0, 0, 0, 8 + payload, Protocol.UDP, 64, source, destination);
    bytes.putShort(40, (short) 4000);
    bytes.putShort(42, (short) 5000);
    bytes.putShort(44, (short) (8 + payload));
    long sum =
        InternetChecksum.pseudoHeader(bytes, 0, 8 + payload, Protocol.UDP)
            + InternetChecksum.sum(bytes, 40, 8 + payload);
    bytes.putShort(46, (short) InternetChecksum.finish(sum));
    return packet;
  }

  static byte[] tunnelled(Ipv6Address source, byte[] inner) {
    byte[] packet = new byte[Ipv6Header.BYTES + inner.length];
    Ipv6Header.write(
        ByteBuffer.wrap(packet), 0, 0, 0, inner.length, Protocol.IPV6, 64, source, HOME_AGENT);
    System.arraycopy(inner, 0, packet, Ipv6Header.BYTES, inner.length);
    return packet;
  }

  /** The correspondent answers whoever asks for its link-layer address. */
  void correspondentAnswers() {
    neighborAnswers(CORRESPONDENT, CORRESPONDENT_MAC);
  }

  void neighborAnswers(Ipv6Address address, MacAddress mac) {
    byte[] answer =
        NeighborDiscovery.build(
            new NeighborAdvertisement(
                address, Ipv6Address.linkLocalOf(TAP_MAC), address, false, true, true, mac));
    frame(ethernet(TAP_MAC, mac, answer));
  }

  static int type(byte[] packet) {
    return packet[40] & 0xff;
  }

  static int code(byte[] packet) {
    return packet[41] & 0xff;
  }
}
