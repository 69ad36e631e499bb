package org.kagemusha.core.mobility;

import org.kagemusha.core.handover.HandoverSecret;
import org.kagemusha.core.handover.PacketRing;
import org.kagemusha.core.message.HandoverMessage;
import org.kagemusha.core.tunnel.Tunnel;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;

/**
 * What {@link OldPlace} knows of one home address: who may ask for its packets, and where they go.
 */
final class OldAddress {

  final Ipv6Address homeAddress;

  /** The key of this place, or null. */
  HandoverSecret secret;

  /** The last Handover Initiate accepted, and its answer, for one that is repeated. */
  int lastSequence = -1;

  byte[] lastInitiate;
  HandoverMessage lastAnswer;
  Ipv6Address lastPeer;

  /** What is kept, or null. */
  PacketRing ring;

  /** The oldest ones in it, which the guest gets by itself if it goes on here. */
  int copies;

  /** To the host that asked, or null. */
  Tunnel forward;

  /** The home agent on the home link, or null. */
  MacAddress proxy;

  /** Whether all that was kept had gone out a moment ago. */
  boolean drained;

  /** Whether that was said. */
  boolean marked;

  OldAddress(Ipv6Address homeAddress) {
    this.homeAddress = homeAddress;
  }

  boolean hasKept() {
    return ring != null && !ring.isEmpty();
  }

  /** How many packets are kept. */
  int kept() {
    return ring == null ? 0 : ring.size();
  }

  /** How many octets they take. */
  int keptOctets() {
    return ring == null ? 0 : ring.octets();
  }

  void forgetSecret() {
    if (secret != null) {
      secret.destroy();
      secret = null;
    }
    lastSequence = -1;
    lastInitiate = null;
    lastAnswer = null;
  }
}
