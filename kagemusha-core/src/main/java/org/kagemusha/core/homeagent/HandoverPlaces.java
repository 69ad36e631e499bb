package org.kagemusha.core.homeagent;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.function.LongConsumer;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.message.HandoverKeys;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * Where a binding was before and what that place knows, so that the new place can have packets
 * forwarded from there: each accepted update that wants it gets a fresh key for its own place, and
 * for a while after a move the former place with its key. Keys go out encrypted, or not at all.
 */
final class HandoverPlaces {

  /** How long after a move the former place is told, for acknowledgements that were lost. */
  static final long TOLD_NS = 10_000_000_000L;

  private final SecureRandom random = new SecureRandom();

  /** What is remembered of one binding. */
  static final class Memory {
    private Ipv6Address careOf;
    private byte[] key;
    private Ipv6Address previousCareOf;
    private byte[] previousKey;
    private long previousUntilNs;
  }

  /**
   * Has the packets that went to the place before fetched for a VM that has returned.
   *
   * @return false if there is no such place, or it was asked already: then nothing is told
   */
  static boolean returned(
      BindingCacheEntry entry,
      boolean clear,
      ReturnedGuests guests,
      LongConsumer whenThere,
      long nowNs) {
    Memory memory = entry.handover;
    return memory != null
        && memory.previousKey != null
        && nowNs < memory.previousUntilNs
        && guests.fetch(
            entry.homeAddress, memory.previousCareOf, memory.previousKey, clear, whenThere, nowNs);
  }

  /**
   * The keys for the acknowledgement of an accepted update, or null.
   *
   * @param careOf where the binding is now; null: at home
   */
  HandoverKeys keys(
      BindingCacheEntry entry,
      BindingUpdate update,
      ReturnPath way,
      Ipv6Address careOf,
      long nowNs) {
    SecurityAssociationPair pair = way.pair();
    // Hosts speak natively to each other, which one that needs UDP cannot.
    boolean may =
        update.wantsHandoverKeys()
            && pair != null
            && way.udpPort() == 0
            && pair.outbound().encryption() != EncryptionAlgorithm.NULL;
    Memory memory = entry.handover;
    if (memory == null) {
      if (!may) {
        return null;
      }
      memory = new Memory();
      entry.handover = memory;
    }
    if (memory.key != null && !memory.careOf.equals(careOf)) {
      forget(memory.previousKey);
      memory.previousCareOf = memory.careOf;
      memory.previousKey = memory.key;
      memory.previousUntilNs = nowNs + TOLD_NS;
      memory.key = null;
    }
    forget(memory.key);
    memory.key = null;
    if (!may) {
      // This place has none, so there is nothing to tell of it when the binding moves on.
      return null;
    }
    byte[] fresh = new byte[HandoverKeys.KEY_OCTETS];
    random.nextBytes(fresh);
    memory.careOf = careOf;
    memory.key = careOf == null ? null : fresh;
    boolean told =
        memory.previousCareOf != null
            && nowNs < memory.previousUntilNs
            && !memory.previousCareOf.equals(careOf);
    return told
        ? new HandoverKeys(fresh, memory.previousCareOf, memory.previousKey)
        : new HandoverKeys(fresh, null, null);
  }

  private static void forget(byte[] key) {
    if (key != null) {
      Arrays.fill(key, (byte) 0);
    }
  }
}
