package org.kagemusha.core.mobility;

import java.util.Arrays;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.SequenceNumbers;

/** Static associations whose keys follow from their SPI, so that both ends make the same. */
final class Associations {

  private Associations() {}

  private static SecurityAssociationParameters parameters(int spi) {
    byte[] key = new byte[32];
    Arrays.fill(key, (byte) spi);
    return new SecurityAssociationParameters(
        spi, EncryptionAlgorithm.AES_CBC_128, IntegrityAlgorithm.HMAC_SHA2_256_128,
        Arrays.copyOf(key, 16), key, false, 64);
  }

  /** One end of a pair, which receives by the database. */
  static SecurityAssociationPair pair(
      int out, int in, SequenceNumbers sequence, SecurityAssociationDatabase database) {
    InboundSecurityAssociation inbound = InboundSecurityAssociation.of(parameters(in));
    database.add(inbound);
    return new SecurityAssociationPair(
        OutboundSecurityAssociation.of(parameters(out), sequence), inbound);
  }
}
