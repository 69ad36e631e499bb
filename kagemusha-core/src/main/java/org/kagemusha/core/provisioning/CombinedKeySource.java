package org.kagemusha.core.provisioning;

import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.wire.Ipv6Address;

/** A home agent's keys: granted ones for the home addresses that they manage, else static ones. */
public final class CombinedKeySource implements KeySource {

  private final GrantedKeys granted;
  private final KeySource others;

  /** Asks the first about what it manages, the second about the rest. */
  public CombinedKeySource(GrantedKeys granted, KeySource others) {
    this.granted = granted;
    this.others = others;
  }

  private KeySource of(Ipv6Address homeAddress) {
    return granted.manages(homeAddress) ? granted : others;
  }

  @Override
  public SecurityAssociationPair associations(Ipv6Address homeAddress, Purpose purpose) {
    return of(homeAddress).associations(homeAddress, purpose);
  }

  @Override
  public SecurityAssociationPair accepting(
      Ipv6Address homeAddress, Purpose purpose, InboundSecurityAssociation opened) {
    return of(homeAddress).accepting(homeAddress, purpose, opened);
  }

  @Override
  public boolean allowsClear(Ipv6Address homeAddress, Purpose purpose) {
    return of(homeAddress).allowsClear(homeAddress, purpose);
  }

  @Override
  public void inForce(Ipv6Address homeAddress, SecurityAssociationPair pair, long nowNs) {
    of(homeAddress).inForce(homeAddress, pair, nowNs);
  }

  @Override
  public void inDoubt(Ipv6Address homeAddress, long nowNs) {
    of(homeAddress).inDoubt(homeAddress, nowNs);
  }

  @Override
  public void departed(long nowNs) {
    granted.departed(nowNs);
    others.departed(nowNs);
  }

  @Override
  public void abandoned(long nowNs) {
    granted.abandoned(nowNs);
    others.abandoned(nowNs);
  }

  @Override
  public void onDeadline(long nowNs) {
    granted.onDeadline(nowNs);
    others.onDeadline(nowNs);
  }

  @Override
  public long nextDeadlineNs() {
    return Math.min(granted.nextDeadlineNs(), others.nextDeadlineNs());
  }
}
