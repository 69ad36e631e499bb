package org.kagemusha.core.ipsec;

import java.util.Arrays;
import org.kagemusha.core.ipsec.engine.CipherEngine;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.ipsec.engine.EspCipher;
import org.kagemusha.core.ipsec.engine.EspTransform;
import org.kagemusha.core.ipsec.engine.InitialisationVectors;

/**
 * The ciphers of one direction of an association: one for each member of the team that shares the
 * work, since a cipher is for one thread. The first is keyed at once, the others when their thread
 * has the first packet for them. Only where there are others are the keys kept for that.
 */
final class MemberCiphers {

  private final CipherEngine engine;
  private final EspTransform transform;
  private final boolean extended;
  private final InitialisationVectors ivs;
  private final EspCipher[] ciphers;
  private final byte[] encryptionKey;
  private final byte[] integrityKey;
  private boolean destroyed;

  /**
   * Keys the first.
   *
   * @param ivs where AES-CBC takes its IVs from; null: these open
   */
  MemberCiphers(
      SecurityAssociationParameters parameters,
      CipherEngines engines,
      InitialisationVectors ivs) {
    transform = parameters.transform();
    extended = parameters.extendedSequenceNumbers();
    engine = engines.engineFor(transform);
    this.ivs = ivs;
    ciphers = new EspCipher[engines.members()];
    encryptionKey = parameters.encryptionKey();
    integrityKey = parameters.integrityKey();
    ciphers[0] = keyed();
    if (ciphers.length == 1) {
      overwriteKeys();
    }
  }

  String engineName() {
    return engine.name();
  }

  /** Whether a packet may wait: for others than the first, or for a pass over several. */
  boolean mayDefer() {
    return ciphers.length > 1 || engine.gathers();
  }

  /** The cipher of the thread that owns the association. */
  EspCipher own() {
    return ciphers[0];
  }

  /** The cipher of a member, for that member's thread; null if the keys were destroyed. */
  EspCipher of(int member) {
    if (destroyed) {
      return null;
    }
    EspCipher cipher = ciphers[member];
    if (cipher == null) {
      cipher = keyed();
      ciphers[member] = cipher;
    }
    return cipher;
  }

  /** Overwrites all keys; while no other member is at work. May be called again. */
  void destroy() {
    if (destroyed) {
      return;
    }
    destroyed = true;
    overwriteKeys();
    for (int i = 0; i < ciphers.length; i++) {
      if (ciphers[i] != null) {
        ciphers[i].destroy();
        ciphers[i] = null;
      }
    }
  }

  private EspCipher keyed() {
    return ivs == null
        ? engine.opening(transform, encryptionKey, integrityKey, extended)
        : engine.sealing(transform, encryptionKey, integrityKey, extended, ivs);
  }

  private void overwriteKeys() {
    Arrays.fill(encryptionKey, (byte) 0);
    Arrays.fill(integrityKey, (byte) 0);
  }
}
