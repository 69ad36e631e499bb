package org.kagemusha.daemon.config;

import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * A pair of ESP associations with static keys. {@code out} is what this node sends; the other end's
 * file has the two directions exchanged.
 *
 * @param purpose which traffic
 * @param homeAddress whose traffic
 * @param spiOut RFC 4303 §2.1: 256 to 2^32-1, as the 32 bits of an int
 * @param spiIn likewise
 * @param extendedSequenceNumbers 64-bit sequence numbers, RFC 4303 §2.2.1
 * @param replayWindow packets, 64 to 4096
 * @param keys the four keys
 */
public record AssociationConfig(
    KeySource.Purpose purpose,
    Ipv6Address homeAddress,
    int spiOut,
    int spiIn,
    EncryptionAlgorithm encryption,
    IntegrityAlgorithm integrity,
    boolean extendedSequenceNumbers,
    int replayWindow,
    AssociationKeys keys) {

  // Written out: what a record brings is spun at run time, and this is asked for in every start.
  @Override
  public int hashCode() {
    return 31 * spiOut + spiIn;
  }
}
