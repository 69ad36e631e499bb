package org.kagemusha.core.provisioning;

import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.wire.Ipv6Address;

/** A home agent's keys: granted ones for the home addresses that they manage, else static ones. */
public final class CombinedKeySource implements KeySource {

  /** Asks the first about what it manages, the second about the rest. */
  public CombinedKeySource(GrantedKeys granted, KeySource others) {
    throw new IllegalStateException("skeleton");
  }

  @Override
  public SecurityAssociationPair associations(Ipv6Address homeAddress, Purpose purpose) {
    throw new IllegalStateException("skeleton");
  }
}
