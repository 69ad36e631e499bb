package org.kagemusha.core.homeagent;

import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;

/** The way out to the routed network, with its counter. */
final class CountedUnderlay implements Underlay {

  private final Underlay underlay;
  private final Counters counters;

  CountedUnderlay(Underlay underlay, Counters counters) {
    this.underlay = underlay;
    this.counters = counters;
  }

  @Override
  public Sent send(PacketBuffer packet) {
    Sent sent = underlay.send(packet);
    if (sent == Sent.OK) {
      counters.add(Counter.UNDERLAY_PACKETS_SENT);
    }
    return sent;
  }

  @Override
  public PacketBuffer slot(int octets) {
    return underlay.slot(octets);
  }

  @Override
  public boolean completesChecksum() {
    return underlay.completesChecksum();
  }

  @Override
  public boolean takesDeferred() {
    return underlay.takesDeferred();
  }

  @Override
  public void transmit() {
    underlay.transmit();
  }

  /** Sends a packet of our own, at once: nobody else counts it if it is not taken. */
  void sendOwn(PacketBuffer packet) {
    switch (send(packet)) {
      case OK -> transmit();
      case UNREACHABLE -> counters.drop(DropReason.SEND_UNREACHABLE);
      default -> counters.drop(DropReason.SEND_FAILED);
    }
  }

  @Override
  public boolean encapsulate(
      PacketBuffer inner, int segments, Ipv6Address local, Ipv6Address remote) {
    boolean sent = underlay.encapsulate(inner, segments, local, remote);
    if (sent) {
      counters.add(Counter.UNDERLAY_PACKETS_SENT, segments);
    }
    return sent;
  }
}
