package org.kagemusha.core.ipsec;

import org.kagemusha.core.wire.Ipv6Address;

/**
 * Where associations come from: {@link StaticKeySource} from the configuration; others (RFC 6618,
 * IKEv2) may bring fresh keys while the daemon runs. So the answer is asked for again whenever
 * associations are set up, and may differ from the one before.
 */
public interface KeySource {
  /** What an association pair is for. */
  enum Purpose {
    /** BU and BA, transport mode between home address and home agent, RFC 3776 §3.1. */
    SIGNALLING,
    /** Tunnelled payload, RFC 3776 §3.4. */
    PAYLOAD
  }

  /** The pair in force for a home address and purpose, or null if that traffic is not protected. */
  SecurityAssociationPair associations(Ipv6Address homeAddress, Purpose purpose);
}
