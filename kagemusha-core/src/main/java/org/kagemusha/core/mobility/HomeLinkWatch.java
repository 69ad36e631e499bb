package org.kagemusha.core.mobility;

import java.nio.ByteBuffer;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.mobility.LocationDetector.Place;
import org.kagemusha.core.mobility.MobileNode.Trigger;
import org.kagemusha.core.neighbor.PseudoHomeNetwork;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * What frames on the bridge tell, other than the guest's data: that this is the home link, where
 * the home agent is, that it defends the home address, and its answer to a deregistration.
 */
final class HomeLinkWatch {

  private static final int ND_PER_SECOND = 50;
  private static final int ND_TARGET = Ipv6Header.BYTES + 8;
  private static final int FLAG_SOLICITED = 0x40;
  private static final int ARP_BYTES = 28;
  private static final int ARP_SENDER = 14;
  private static final int ARP_TARGET = 24;

  private final GuestMobility mobility;
  private final GuestTraffic traffic;
  private final HomeLinkFrames frames;
  private final SignallingInput signalling;
  private final SignallingReader reader;
  private final KeySource keys;
  private final SecurityAssociationDatabase associations;
  private final Counters counters;
  private final TokenBucket advertisements = new TokenBucket(ND_PER_SECOND, ND_PER_SECOND);
  private MobileNodeSettings settings;

  HomeLinkWatch(
      GuestMobility mobility,
      GuestTraffic traffic,
      HomeLinkFrames frames,
      SignallingInput signalling,
      SignallingReader reader,
      KeySource keys,
      SecurityAssociationDatabase associations,
      Counters counters) {
    this.mobility = mobility;
    this.traffic = traffic;
    this.frames = frames;
    this.signalling = signalling;
    this.reader = reader;
    this.keys = keys;
    this.associations = associations;
    this.counters = counters;
  }

  void settings(MobileNodeSettings changed) {
    settings = changed;
  }

  /** What a frame of the guest is a sign of. */
  static Trigger trigger(PacketBuffer frame) {
    return isAnnouncement(frame) ? Trigger.ANNOUNCEMENT : Trigger.FIRST_FRAME;
  }

  /**
   * RARP (a VMM's), an ARP announcement (RFC 5227 §3), or a Neighbor Advertisement that nobody
   * asked for (RFC 4861 §7.2.6).
   */
  private static boolean isAnnouncement(PacketBuffer frame) {
    int type = EthernetHeader.type(frame.bytes(), frame.offset());
    if (type != EthernetHeader.TYPE_IPV6) {
      return type == EthernetHeader.TYPE_RARP
          || type == EthernetHeader.TYPE_ARP && isArpAnnouncement(frame);
    }
    ByteBuffer bytes = frame.bytes();
    int at = frame.offset() + EthernetHeader.BYTES;
    return isIcmpv6(frame, NeighborAdvertisement.TYPE)
        && (bytes.get(at + Ipv6Header.DESTINATION) & 0xff) == 0xff
        && (bytes.get(at + Ipv6Header.BYTES + 4) & FLAG_SOLICITED) == 0;
  }

  /** RFC 5227 §1.1: sender and target protocol address are the same. */
  private static boolean isArpAnnouncement(PacketBuffer frame) {
    int arp = frame.offset() + EthernetHeader.BYTES;
    return frame.length() >= EthernetHeader.BYTES + ARP_BYTES
        && frame.bytes().getInt(arp + ARP_SENDER) == frame.bytes().getInt(arp + ARP_TARGET);
  }

  /** Whether ICMPv6 of a type, at least as long as an advertisement's fixed part, is in a frame. */
  private static boolean isIcmpv6(PacketBuffer frame, int icmpType) {
    int at = frame.offset() + EthernetHeader.BYTES;
    return frame.length() >= EthernetHeader.BYTES + ND_TARGET
        && EthernetHeader.type(frame.bytes(), frame.offset()) == EthernetHeader.TYPE_IPV6
        && Ipv6Header.nextHeader(frame.bytes(), at) == Protocol.ICMPV6
        && (frame.bytes().get(at + Ipv6Header.BYTES) & 0xff) == icmpType;
  }

  /** Notes an address that the guest uses at home. */
  void noteSource(PacketBuffer frame) {
    int at = frame.offset() + EthernetHeader.BYTES;
    if (EthernetHeader.type(frame.bytes(), frame.offset()) == EthernetHeader.TYPE_IPV6
        && frame.length() >= EthernetHeader.BYTES + Ipv6Header.BYTES) {
      Ipv6Address source = Ipv6Header.source(frame.bytes(), at);
      if (source.isLinkLocal() || settings.isOnHomeLink(source)) {
        mobility.link().seenAtHome(source);
      }
    }
  }

  /** What others on the bridge send: of interest is only what tells of the home link. */
  void onStrangerFrame(PacketBuffer frame, PseudoHomeNetwork pseudoHome, long nowNs) {
    long source = EthernetHeader.sourceBits(frame.bytes(), frame.offset());
    boolean own = source == settings.tapMac().bits();
    // Pseudo home networks send their advertisements to one station (RFC 6085), routers to all.
    boolean multicast =
        (EthernetHeader.destinationBits(frame.bytes(), frame.offset()) >>> 40 & 1) != 0;
    if (!own && multicast && isIcmpv6(frame, RouterAdvertisement.TYPE)
        || !own && isOfInterest(frame)) {
      onAdvertisement(frame, pseudoHome, nowNs);
    } else if (!own && multicast && isForReturningGuest(frame)) {
      onSolicitation(frame, nowNs);
    } else if (!own && isForGuestAtHome(frame)) {
      onAnswer(frame, nowNs);
    } else {
      counters.drop(DropReason.FRAME_FOREIGN_STATION);
    }
  }

  /** A Neighbor Advertisement, at home, for a home address or a home agent's. */
  private boolean isOfInterest(PacketBuffer frame) {
    if (mobility.place() != Place.HOME
        || !isIcmpv6(frame, NeighborAdvertisement.TYPE)
        || frame.length() < EthernetHeader.BYTES + ND_TARGET + Ipv6Address.BYTES) {
      return false;
    }
    int target = frame.offset() + EthernetHeader.BYTES + ND_TARGET;
    Ipv6Address address = Ipv6Address.read(frame.bytes(), target);
    return traffic.path(address) != null || settings.homeAgents().contains(address);
  }

  /**
   * A frame seen by the bridge watch: from the guest's MAC, or to it from the home agent.
   * Everything else is ignored.
   */
  void onBridgeFrame(PacketBuffer frame, long nowNs) {
    if (frame.length() < EthernetHeader.BYTES || !mobility.wantsBridgeWatch()) {
      return;
    }
    long source = EthernetHeader.sourceBits(frame.bytes(), frame.offset());
    if (source == settings.guestMac().bits()) {
      if (mobility.arrival().heard(trigger(frame), nowNs)) {
        noteSource(frame);
      }
    } else if (source != settings.tapMac().bits() && isForGuestAtHome(frame)) {
      onAnswer(frame, nowNs);
    }
  }

  /** Says whether a frame brings the guest an IPv6 packet; then the frame is cut to that packet. */
  boolean unwrapsForGuest(PacketBuffer frame) {
    int at = frame.offset() + EthernetHeader.BYTES;
    int length = frame.length() - EthernetHeader.BYTES;
    if (length < Ipv6Header.BYTES
        || EthernetHeader.destinationBits(frame.bytes(), frame.offset())
            != settings.guestMac().bits()
        || EthernetHeader.type(frame.bytes(), frame.offset()) != EthernetHeader.TYPE_IPV6
        || !Ipv6Header.isComplete(frame.bytes(), at, length)) {
      return false;
    }
    frame.set(at, Ipv6Header.BYTES + Ipv6Header.payloadLength(frame.bytes(), at));
    return true;
  }

  /** A Neighbor Solicitation for a home address that is being deregistered. */
  private boolean isForReturningGuest(PacketBuffer frame) {
    if (!mobility.wantsBridgeWatch()
        || !mobility.isGuestKnown()
        || !isIcmpv6(frame, NeighborSolicitation.TYPE)
        || frame.length() < EthernetHeader.BYTES + ND_TARGET + Ipv6Address.BYTES) {
      return false;
    }
    int target = frame.offset() + EthernetHeader.BYTES + ND_TARGET;
    HomeAddressPath path = traffic.path(Ipv6Address.read(frame.bytes(), target));
    return path != null && path.registration().state() == RegistrationState.DEREGISTERING;
  }

  /**
   * RFC 6275 §11.5.5: "After the mobile node sends the Binding Update, it MUST be prepared to reply
   * to Neighbor Solicitations for its home address. [...] It is necessary to reply, since sending
   * the Binding Acknowledgement from the home agent may require performing Neighbor Discovery". A
   * guest that has just been moved may take long to.
   */
  private void onSolicitation(PacketBuffer frame, long nowNs) {
    if (!advertisements.tryTake(nowNs)) {
      counters.drop(DropReason.ND_RATE_LIMITED);
      return;
    }
    // RFC 4862 §5.4.3: one from no address is another node's test of its own, and no request.
    if (HomeLinkFrames.parse(frame) instanceof NeighborSolicitation solicitation
        && !solicitation.source().equals(Ipv6Address.UNSPECIFIED)) {
      frames.answerForGuest(
          solicitation, MacAddress.read(frame.bytes(), frame.offset() + EthernetHeader.SOURCE));
    } else {
      counters.drop(DropReason.FRAME_FOREIGN_STATION);
    }
  }

  private void onAdvertisement(
      PacketBuffer frame, PseudoHomeNetwork pseudoHome, long nowNs) {
    if (!advertisements.tryTake(nowNs)) {
      counters.drop(DropReason.ND_RATE_LIMITED);
      return;
    }
    NeighborMessage message = HomeLinkFrames.parse(frame);
    MacAddress station =
        MacAddress.read(frame.bytes(), frame.offset() + EthernetHeader.SOURCE);
    if (message instanceof RouterAdvertisement advertisement) {
      if (mobility.onRouterAdvertisement(advertisement, station)) {
        pseudoHome.onHomeRouterAdvertisement(frame, nowNs);
      }
    } else if (message instanceof NeighborAdvertisement advertisement) {
      mobility.onNeighborAdvertisement(advertisement, station);
    } else {
      counters.drop(DropReason.ND_INVALID);
    }
  }

  /** Says whether a frame goes to the guest while an answer of the home agent is awaited. */
  boolean isForGuestAtHome(PacketBuffer frame) {
    return mobility.wantsBridgeWatch()
        && EthernetHeader.destinationBits(frame.bytes(), frame.offset())
            == settings.guestMac().bits();
  }

  /**
   * A frame to the guest at home: the home agent's acknowledgement of the deregistration, RFC 6275
   * §11.5.5, comes so. Anything else is the guest's own business.
   */
  void onAnswer(PacketBuffer frame, long nowNs) {
    ByteBuffer bytes = frame.bytes();
    int at = frame.offset() + EthernetHeader.BYTES;
    int length = frame.length() - EthernetHeader.BYTES;
    if (EthernetHeader.type(bytes, frame.offset()) != EthernetHeader.TYPE_IPV6
        || !Ipv6Header.isComplete(bytes, at, length)
        || !isSignallingAtHome(bytes, at)) {
      return;
    }
    frame.set(at, Ipv6Header.BYTES + Ipv6Header.payloadLength(bytes, at));
    switch (reader.read(frame, nowNs)) {
      case SIGNALLING -> signalling.receive(reader.signalling(), null, nowNs);
      case DROPPED -> counters.drop(reader.dropReason());
      default -> counters.drop(DropReason.PROTOCOL_NOT_TAKEN);
    }
  }

  private boolean isSignallingAtHome(ByteBuffer bytes, int at) {
    HomeAddressPath path =
        traffic.path(Ipv6Address.read(bytes, at + Ipv6Header.DESTINATION));
    if (path == null
        || !path.registration().homeAgent().matches(bytes, at + Ipv6Header.SOURCE)
        || Ipv6Header.payloadLength(bytes, at) < 8) {
      return false;
    }
    int next = Ipv6Header.nextHeader(bytes, at);
    if (next == Protocol.ESP) {
      InboundSecurityAssociation opens =
          associations.inbound(bytes.getInt(at + Ipv6Header.BYTES));
      return opens != null
          && keys.accepting(
                  path.registration().homeAddress(), KeySource.Purpose.SIGNALLING, opens)
              != null;
    }
    return next == Protocol.MOBILITY;
  }
}
