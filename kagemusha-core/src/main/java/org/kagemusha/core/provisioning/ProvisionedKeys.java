package org.kagemusha.core.provisioning;

import java.util.List;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * The keys of a mobile node: what its Home Agent Controller granted, for all home addresses of its
 * VM. The newest is sent with; older ones are believed until the home agent has acknowledged under
 * the new one, and a grace longer.
 */
public final class ProvisionedKeys implements KeySource {

  /** Hears of what happens by itself. */
  public interface Listener {
    /** New keys are wanted at once: none are left, a limit is near, or the peer has lost them. */
    void onWanted(String reason, long nowNs);
  }

  /**
   * Without keys at first.
   *
   * @param database where inbound associations are found
   * @param graceNs how long replaced keys are believed, ns
   */
  public ProvisionedKeys(
      SecurityAssociationDatabase database, long graceNs, Listener listener) {
    throw new IllegalStateException("skeleton");
  }

  /**
   * Takes a grant over, keys included, and sends with it from now on.
   *
   * @return false if its SPI is in use here already: nothing has changed then
   */
  public boolean install(Grant grant, long nowNs) {
    throw new IllegalStateException("skeleton");
  }

  /** The grant that is sent with, or null. */
  public Grant current() {
    throw new IllegalStateException("skeleton");
  }

  /** When the next grant is wanted on the timer; NEVER without keys. */
  public long renewalNs() {
    throw new IllegalStateException("skeleton");
  }

  /** Ends all keys. */
  public void destroy() {
    throw new IllegalStateException("skeleton");
  }

  /** The pairs in force and those that are still believed, the newest first. */
  public List<HeldGrant> held(long nowNs) {
    throw new IllegalStateException("skeleton");
  }

  @Override
  public SecurityAssociationPair associations(Ipv6Address homeAddress, Purpose purpose) {
    throw new IllegalStateException("skeleton");
  }
}
