package org.kagemusha.core.mobility;

import java.util.random.RandomGenerator;
import org.kagemusha.core.mobility.LocationDetector.Place;
import org.kagemusha.core.neighbor.HomeRouter;
import org.kagemusha.core.neighbor.PseudoHomeNetwork;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.tunnel.OffloadState;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * What comes from the guest's link, as {@link UnderlayInput} has what comes from the routed
 * network. Abroad, the pseudo home network answers a frame of the guest, or its packet enters the
 * tunnel; what other stations send is {@link HomeLinkWatch}'s.
 */
final class GuestInput {

  private final HomeLink guestLink;
  private final GuestMobility mobility;
  private final GuestTraffic traffic;
  private final HomeLinkWatch homeLink;
  private final RandomGenerator random;
  private final Counters counters;
  private final OffloadState offload = new OffloadState();
  private MobileNodeSettings settings;
  private PseudoHomeNetwork pseudoHome;

  GuestInput(
      HomeLink guestLink,
      GuestMobility mobility,
      GuestTraffic traffic,
      HomeLinkWatch homeLink,
      RandomGenerator random,
      Counters counters) {
    this.guestLink = guestLink;
    this.mobility = mobility;
    this.traffic = traffic;
    this.homeLink = homeLink;
    this.random = random;
    this.counters = counters;
  }

  /** Applies settings: of what was learned of the link, what did not change stays known. */
  void settings(MobileNodeSettings changed) {
    MobileNodeSettings before = settings;
    settings = changed;
    if (before == null) {
      pseudoHome = newPseudoHome(changed.homeRouter());
      return;
    }
    boolean otherLink =
        !changed.guestMac().equals(before.guestMac())
            || !changed.pseudoMac().equals(before.pseudoMac())
            || !changed.homePrefixes().equals(before.homePrefixes())
            || !changed.homeAgents().get(0).equals(before.homeAgents().get(0));
    boolean otherRouter =
        changed.homeRouter() != null && !changed.homeRouter().equals(before.homeRouter());
    HomeRouter router = otherRouter ? changed.homeRouter() : pseudoHome.router();
    if (otherLink) {
      pseudoHome = newPseudoHome(router);
    } else if (otherRouter) {
      pseudoHome.router(router);
    }
  }

  private PseudoHomeNetwork newPseudoHome(HomeRouter router) {
    PseudoHomeNetwork network =
        new PseudoHomeNetwork(
            new PseudoHomeNetwork.Settings(
                settings.guestMac(),
                settings.homePrefixes(),
                settings.homeAgents().get(0),
                router,
                settings.pseudoMac()),
            guestLink,
            mobility,
            random,
            counters);
    // The bridge must not learn the home router's address here: other guests of the same home link,
    // each with a node of its own, may be on it.
    network.ethernetSource(settings.tapMac());
    mobility.pseudoHome(network);
    return network;
  }

  /** What is known of the home router; or null. */
  HomeRouter router() {
    return pseudoHome.router();
  }

  /** Hands the guest an IPv6 packet, as its home link would. */
  void deliver(PacketBuffer ipv6) {
    pseudoHome.deliver(ipv6);
  }

  void onFrame(PacketBuffer frame, long nowNs) {
    DropReason unfinishable =
        OffloadState.finish(frame, EthernetHeader.BYTES + Ipv6Header.BYTES);
    if (unfinishable != null) {
      counters.drop(unfinishable);
    } else if (frame.length() < EthernetHeader.BYTES) {
      counters.drop(DropReason.FRAME_TRUNCATED);
    } else if (EthernetHeader.sourceBits(frame.bytes(), frame.offset())
        == settings.guestMac().bits()) {
      onGuestFrame(frame, nowNs);
    } else if (frame.isSuperPacket()) {
      counters.drop(DropReason.FRAME_FOREIGN_STATION);
    } else {
      homeLink.onStrangerFrame(frame, pseudoHome, nowNs);
    }
  }

  private void onGuestFrame(PacketBuffer frame, long nowNs) {
    if (!mobility.arrival().heard(HomeLinkWatch.trigger(frame), nowNs)) {
      counters.drop(DropReason.TUNNEL_NOT_UP);
    } else if (mobility.place() == Place.FOREIGN) {
      onGuestFrameAbroad(frame, nowNs);
    } else if (mobility.place() == Place.HOME) {
      homeLink.noteSource(frame);
      counters.drop(DropReason.FRAME_NOT_FOR_US);
    } else {
      counters.drop(DropReason.TUNNEL_NOT_UP);
    }
  }

  private void onGuestFrameAbroad(PacketBuffer frame, long nowNs) {
    int type = EthernetHeader.type(frame.bytes(), frame.offset());
    if (type == EthernetHeader.TYPE_RARP) {
      return;
    }
    if (type != EthernetHeader.TYPE_IPV6) {
      counters.drop(DropReason.FRAME_TYPE_NOT_CARRIED);
      return;
    }
    int at = frame.offset() + EthernetHeader.BYTES;
    if (!Ipv6Header.isComplete(frame.bytes(), at, frame.length() - EthernetHeader.BYTES)) {
      counters.drop(DropReason.IPV6_MALFORMED);
      return;
    }
    if (frame.isSuperPacket() && !offload.isSegmentable(frame, at)) {
      counters.drop(DropReason.OFFLOAD_INVALID);
      return;
    }
    if (pseudoHome.onGuestFrame(frame, nowNs) == PseudoHomeNetwork.Verdict.DATA) {
      frame.set(at, Ipv6Header.BYTES + Ipv6Header.payloadLength(frame.bytes(), at));
      traffic.uplink(frame, nowNs);
    }
  }
}
