package org.kagemusha.core.mobility;

import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.message.HandoverKeys;
import org.kagemusha.core.message.HandoverMessage;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.tunnel.InnerErrors;
import org.kagemusha.core.tunnel.TunnelContext;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.slf4j.Logger;

/**
 * The way of a packet out of the tunnel to the guest, which no move shall lose: it may be held
 * until what went to the place before is there ({@link NewPlace}), or kept for the place after
 * ({@link OldPlace}). One host may be both at a time.
 */
final class Handover {

  private final OldPlace oldPlace;
  private final NewPlace newPlace;
  private final InnerErrors guest;
  private final Counters counters;
  private int octets;
  private long nowNs;

  /**
   * @param guest takes packets that the guest shall have now
   */
  Handover(
      Underlay underlay,
      TunnelContext tunnels,
      HomeLinkFrames frames,
      SecurityAssociationDatabase associations,
      GuestTraffic traffic,
      HandoverRecorder recorder,
      InnerErrors guest,
      Counters counters,
      Logger log) {
    this.guest = guest;
    this.counters = counters;
    this.oldPlace = new OldPlace(underlay, tunnels, frames, traffic, counters, log);
    this.newPlace =
        new NewPlace(underlay, associations, traffic, recorder, this::pass, counters, log);
  }

  void settings(String vm, MacAddress guestMac, int room) {
    octets = room;
    oldPlace.settings(vm, guestMac, room);
    newPlace.settings(vm, guestMac);
  }

  void clock(long now) {
    nowNs = now;
  }

  void linkMtu(int mtu) {
    oldPlace.linkMtu(mtu);
  }

  /** Whether the home agent is to be asked for keys. */
  boolean isWanted() {
    return octets > 0;
  }

  /** A packet for the guest that the home agent sent. */
  void deliver(PacketBuffer packet) {
    if (!newPlace.holds(packet)) {
      pass(packet);
    }
  }

  private void pass(PacketBuffer packet) {
    if (!oldPlace.takes(packet, nowNs)) {
      guest.send(packet);
    }
  }

  /** Takes a tunnelled packet if an old place sent it. */
  boolean takes(PacketBuffer outer, SignallingReader reader) {
    return newPlace.takes(outer, reader, nowNs);
  }

  /**
   * A message of RFC 5568.
   *
   * @param careOf this place's care-of address, or null
   * @param moved told if the VM is elsewhere now by the word of the home agent
   */
  void onMessage(SignallingPacket packet, Ipv6Address careOf, Runnable moved) {
    HandoverMessage message = (HandoverMessage) packet.message();
    if (packet.association() != null
        || packet.homeAddressOption() != null
        || packet.type2HomeAddress() != null) {
      counters.drop(DropReason.HANDOVER_UNAUTHENTIC);
    } else if (message.type() == HandoverMessage.ACKNOWLEDGE) {
      newPlace.onAcknowledge(message, packet.source(), packet.destination(), nowNs);
    } else {
      oldPlace.onInitiate(
          message, packet.source(), packet.destination(), careOf, moved, nowNs);
    }
  }

  /**
   * Keys of the home agent, for the binding that is here.
   *
   * @param careOf this host's care-of address
   */
  void keys(
      Ipv6Address homeAddress,
      HandoverKeys keys,
      Ipv6Address careOf,
      long wallMs) {
    if (isWanted()) {
      oldPlace.key(homeAddress, keys.key());
      newPlace.fetch(homeAddress, keys, careOf, wallMs, nowNs);
    }
    keys.destroy();
  }

  /** The VM is here: it gets what was kept for it. */
  void here() {
    oldPlace.returned(guest, nowNs);
  }

  /** The guest is heard on the home link, and does not run here. */
  void onGuest() {
    oldPlace.onGuest(nowNs);
  }

  /**
   * The VM may be stopped at any moment, or may not any more.
   *
   * @param atHome whether at home
   */
  void migrating(boolean underWay, boolean atHome) {
    oldPlace.migrating(underWay, atHome);
  }

  /**
   * The VM is paused.
   *
   * @param atHome whether at home
   * @param sinceNs when it was stopped
   */
  void paused(boolean atHome, long sinceNs) {
    oldPlace.paused(atHome, sinceNs, nowNs);
    newPlace.release();
  }

  /** Whether the VM may be stopped at any moment, and that it was stopped has not been told yet. */
  boolean isMigrating() {
    return oldPlace.isMigrating();
  }

  boolean wantsCopies() {
    return oldPlace.wantsCopies();
  }

  void onCopy(PacketBuffer packet, long atNs) {
    oldPlace.onCopy(packet, atNs, nowNs);
  }

  /** The home agent proxies a home address on the home link. */
  void onProxied(Ipv6Address homeAddress, MacAddress homeAgent) {
    oldPlace.onProxied(homeAddress, homeAgent, nowNs);
  }

  /**
   * The VM has left.
   *
   * @return whether this host goes on for it for a while: see {@link #isOver}
   */
  boolean left() {
    boolean goesOn = oldPlace.left(nowNs);
    newPlace.release();
    return goesOn;
  }

  /**
   * Whether what {@link #left} began has ended, or another host has spoken for the VM long since.
   */
  boolean isOver() {
    return oldPlace.isOver(nowNs);
  }

  /** Whether the VM is not here, and this host still does something for it. */
  boolean isBusy() {
    return oldPlace.isBusy();
  }

  /** Ends all. */
  void stop() {
    newPlace.stop();
    oldPlace.stop();
  }

  void tooBig(PacketBuffer outer) {
    oldPlace.tooBig(outer, nowNs);
  }

  void onDeadline() {
    newPlace.onDeadline(nowNs);
    oldPlace.onDeadline(nowNs);
  }

  long nextDeadlineNs() {
    return Math.min(newPlace.nextDeadlineNs(), oldPlace.nextDeadlineNs());
  }

  ForwardingStatus status() {
    boolean forwarding = oldPlace.isForwarding();
    boolean keeping = oldPlace.isBusy();
    boolean fetching = newPlace.isFetching();
    String state =
        forwarding ? "forwarding"
            : keeping ? "keeping"
                : fetching ? "fetching" : isWanted() && oldPlace.isReady() ? "ready" : "off";
    Ipv6Address peer =
        forwarding || newPlace.peer() == null ? oldPlace.peer() : newPlace.peer();
    return new ForwardingStatus(
        state, peer, oldPlace.waiting() + newPlace.waiting(),
        oldPlace.waitingOctets() + newPlace.waitingOctets());
  }
}
