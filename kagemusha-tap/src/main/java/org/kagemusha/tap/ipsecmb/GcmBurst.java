package org.kagemusha.tap.ipsecmb;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import org.kagemusha.core.ipsec.engine.CipherTeam;
import org.kagemusha.core.wire.CipherWork;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * Passes of AES-GCM that are gathered, under any keys, and done in one call of the library: calling
 * it takes as long as its pass over a whole packet. For one thread and one direction; takes 0.25
 * MB.
 */
final class GcmBurst {

  private static final int MOST = CipherTeam.MOST_IN_ONE_PASS;
  private static final int NONCE_OCTETS = 12;
  private static final int ICV_OCTETS = 16;
  private static final int ASSOCIATED = 16;
  private static final int TAG = 32;
  private static final int SLOT_OCTETS = 64;

  private final boolean encrypts;
  private final boolean sessions;
  private final NativeMemory manager;
  private final NativeMemory list = new NativeMemory(MOST * Long.BYTES);
  private final LongBuffer jobs = list.bytes().asLongBuffer();
  private final NativeMemory slots = new NativeMemory(MOST * SLOT_OCTETS, SLOT_OCTETS);
  private final ByteBuffer octets = slots.bytes().duplicate().order(ByteOrder.BIG_ENDIAN);

  /** The job that has a session, by place, and the octets of the keys that it is for. */
  private final long[] prepared = new long[MOST];

  private final int[] preparedFor = new int[MOST];
  private int gathered;
  private boolean broken;

  /**
   * Readies a manager.
   *
   * @param encrypts the direction
   * @param sessions whether jobs need {@link JobManager.Session}
   * @throws IllegalStateException if the library is not what it should be
   */
  GcmBurst(boolean encrypts, boolean sessions) {
    this.encrypts = encrypts;
    this.sessions = sessions;
    long size = JobManager.imb_get_mb_mgr_size();
    if (size < JobManager.JOB_OCTETS * MOST || size > 16 << 20) {
      throw new IllegalStateException("a manager of " + size + " octets");
    }
    manager = new NativeMemory((int) size, SLOT_OCTETS);
    if (JobManager.imb_set_pointers_mb_mgr(manager.address(), 0, 1) != manager.address()) {
      throw new IllegalStateException("the manager's memory was not taken");
    }
    JobManager.init_mb_mgr(manager.address());
  }

  /** Where a packet's nonce is to be written, in network order: see {@link #octets}. */
  static int nonce(int ticket) {
    return ticket * SLOT_OCTETS;
  }

  /** Where a packet's associated data may be written. */
  static int associated(int ticket) {
    return ticket * SLOT_OCTETS + ASSOCIATED;
  }

  /** Where the tag is that a packet to be opened should have. */
  static int tag(int ticket) {
    return ticket * SLOT_OCTETS + TAG;
  }

  /** What the other methods give indices of, in network order. */
  ByteBuffer octets() {
    return octets;
  }

  /** The address of an index. */
  long address(int index) {
    return slots.address(index);
  }

  /**
   * Takes the next place.
   *
   * @return its number, by which the packet is completed, or {@link CipherWork#NOT_BEGUN}: there is
   *     none
   */
  int take() {
    if (broken || gathered == MOST || gathered == 0 && !claim()) {
      return CipherWork.NOT_BEGUN;
    }
    return gathered++;
  }

  private boolean claim() {
    broken = JobManager.get_next_burst(manager.address(), MOST, list.address()) != MOST;
    for (int i = 0; i < MOST && !broken; i++) {
      long at = jobs.get(i) - manager.address();
      broken = at < 0 || at > manager.bytes().capacity() - JobManager.JOB_OCTETS;
    }
    return !broken;
  }

  /**
   * Fills a place in.
   *
   * @param key the address of the expanded key
   * @param body the address of what is encrypted or decrypted in place
   * @param count octets of that
   * @param associated the address of the associated data
   * @param tag the address of the ICV, or of where to write what it should be
   */
  void fill(
      int ticket, long key, int keyOctets, long body, int count, long associated,
      int associatedCount, long tag) {
    long job = jobs.get(ticket);
    ByteBuffer bytes = manager.bytes();
    int at = (int) (job - manager.address());
    bytes.putLong(at + JobManager.ENCRYPTION_KEY, key);
    bytes.putLong(at + JobManager.DECRYPTION_KEY, key);
    bytes.putLong(at + JobManager.SOURCE, body);
    bytes.putLong(at + JobManager.TARGET, body);
    bytes.putLong(at + JobManager.CIPHER_OCTETS, count);
    bytes.putLong(at + JobManager.HASH_OCTETS, count);
    bytes.putLong(at + JobManager.IV, slots.address(nonce(ticket)));
    bytes.putLong(at + JobManager.TAG, tag);
    bytes.putLong(at + JobManager.ASSOCIATED, associated);
    bytes.putLong(at + JobManager.ASSOCIATED_OCTETS, associatedCount);
    if (prepared[ticket] != job || preparedFor[ticket] != keyOctets) {
      prepare(at, keyOctets);
      prepared[ticket] = job;
      preparedFor[ticket] = keyOctets;
    }
  }

  /** What a job keeps from burst to burst. */
  private void prepare(int at, int keyOctets) {
    ByteBuffer bytes = manager.bytes();
    bytes.putLong(at + JobManager.KEY_OCTETS, keyOctets);
    bytes.putLong(at + JobManager.CIPHER_START, 0);
    bytes.putLong(at + JobManager.HASH_START, 0);
    bytes.putLong(at + JobManager.IV_OCTETS, NONCE_OCTETS);
    bytes.putLong(at + JobManager.TAG_OCTETS, ICV_OCTETS);
    bytes.putInt(at + JobManager.CIPHER_MODE, JobManager.CIPHER_GCM);
    bytes.putInt(at + JobManager.HASH_ALGORITHM, JobManager.HASH_GMAC);
    bytes.putInt(at + JobManager.DIRECTION, encrypts ? JobManager.ENCRYPT : JobManager.DECRYPT);
    bytes.putInt(
        at + JobManager.CHAIN_ORDER,
        encrypts ? JobManager.CIPHER_THEN_HASH : JobManager.HASH_THEN_CIPHER);
    if (sessions) {
      JobManager.Session.imb_set_session(manager.address(), manager.address(at));
    }
  }

  /**
   * Does all that was gathered, if it has not been done yet.
   *
   * @throws IllegalStateException if the library did not; nothing is taken afterwards
   */
  void complete() {
    int count = gathered;
    gathered = 0;
    if (count > 0
        && JobManager.submit_burst_nocheck(manager.address(), count, list.address()) != count) {
      broken = true;
    }
    if (broken) {
      throw new IllegalStateException("ipsec-mb left jobs undone");
    }
  }
}
