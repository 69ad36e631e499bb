package org.kagemusha.core.mobility;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;
import org.kagemusha.core.neighbor.PseudoHomeNetwork;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * The guest's link as the node has it: the pseudo home network, which is played abroad and not at
 * home, and the addresses that the guest was seen to use in either place.
 */
final class GuestLink {

  private static final int MOST_ADDRESSES = 16;

  private final Set<Ipv6Address> seenAtHome = new LinkedHashSet<>();
  private PseudoHomeNetwork network;
  private boolean playing;

  /** Replaces the network, as it must be where its settings changed. */
  void network(PseudoHomeNetwork replacement, long nowNs) {
    if (playing) {
      network.stop();
      replacement.start(nowNs);
    }
    network = replacement;
  }

  PseudoHomeNetwork network() {
    return network;
  }

  /** Plays the home link; nothing new if it is played already. */
  void play(long nowNs) {
    if (!playing) {
      playing = true;
      network.start(nowNs);
    }
  }

  /** Falls silent. */
  void rest() {
    if (playing) {
      playing = false;
      network.stop();
    }
  }

  /** Notes an address that the guest used at home, where the network does not look on. */
  void seenAtHome(Ipv6Address address) {
    if (seenAtHome.size() < MOST_ADDRESSES) {
      seenAtHome.add(address);
    }
  }

  /** What the guest was seen to use. */
  Collection<Ipv6Address> addresses() {
    Set<Ipv6Address> all = new LinkedHashSet<>(seenAtHome);
    all.addAll(network.guestAddresses());
    return all;
  }

  void onDeadline(long nowNs) {
    if (playing) {
      network.onDeadline(nowNs);
    }
  }

  long nextDeadlineNs() {
    return playing ? network.nextDeadlineNs() : NodeEngine.NEVER;
  }
}
