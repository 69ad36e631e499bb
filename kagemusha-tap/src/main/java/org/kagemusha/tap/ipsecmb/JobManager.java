package org.kagemusha.tap.ipsecmb;

import com.sun.jna.FunctionMapper;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.util.Map;

/**
 * The library's functions for many jobs in one call, mapped directly, and the layout of what they
 * work on. Nothing is checked on either side: addresses must be right.
 *
 * <p>{@code manager} is an {@code IMB_MGR} of {@link #imb_get_mb_mgr_size} octets, {@code jobs} an
 * array of addresses, each of an {@code IMB_JOB} inside of the manager. Versions 1.3 to 2.0 agree
 * on all of {@code IMB_JOB} that is written here.
 */
final class JobManager {

  /** The first version that has bursts, as {@link IpsecMbVersion} counts. */
  static final int FIRST_VERSION = 0x01_03_00;

  /** The first version whose jobs must be prepared by {@link Session}. */
  static final int FIRST_WITH_SESSIONS = 0x01_04_00;

  /** The last version whose layout is known. */
  static final int LAST_VERSION = 0x02_00_ff;

  static final int ENCRYPTION_KEY = 0;
  static final int DECRYPTION_KEY = 8;
  static final int KEY_OCTETS = 16;
  static final int SOURCE = 24;
  static final int TARGET = 32;
  static final int CIPHER_START = 40;
  static final int CIPHER_OCTETS = 48;
  static final int HASH_START = 56;
  static final int HASH_OCTETS = 64;
  static final int IV = 72;
  static final int IV_OCTETS = 80;
  static final int TAG = 88;
  static final int TAG_OCTETS = 96;
  static final int ASSOCIATED = 104;
  static final int ASSOCIATED_OCTETS = 112;
  static final int CIPHER_MODE = 132;
  static final int DIRECTION = 136;
  static final int HASH_ALGORITHM = 140;
  static final int CHAIN_ORDER = 144;

  /** Octets of an {@code IMB_JOB} in the version that has the smallest. */
  static final int JOB_OCTETS = 200;

  static final int CIPHER_GCM = 5;
  static final int HASH_GMAC = 9;
  static final int ENCRYPT = 1;
  static final int DECRYPT = 2;
  static final int CIPHER_THEN_HASH = 1;
  static final int HASH_THEN_CIPHER = 2;

  private JobManager() {}

  /**
   * Looks the functions up.
   *
   * @throws UnsatisfiedLinkError if the library lacks one
   */
  static void bind(String file, InstructionSet instructions) {
    String initial = instructions.managerSuffix();
    String kind = instructions.jobSuffix();
    FunctionMapper names =
        (library, method) ->
            switch (method.getName()) {
              case "init_mb_mgr" -> "init_mb_mgr_" + initial;
              case "get_next_burst", "submit_burst_nocheck" -> method.getName() + '_' + kind;
              default -> method.getName();
            };
    Native.register(
        JobManager.class,
        NativeLibrary.getInstance(file, Map.of(Library.OPTION_FUNCTION_MAPPER, names)));
  }

  /** Octets of a manager. */
  static native long imb_get_mb_mgr_size();

  /** Makes memory a manager; {@code reset} is 1 for memory that was none. */
  static native long imb_set_pointers_mb_mgr(long manager, long flags, int reset);

  /** Readies a manager. */
  static native void init_mb_mgr(long manager);

  /** Gives the next jobs to fill in; returns how many. */
  static native int get_next_burst(long manager, int count, long jobs);

  /** Does jobs; returns how many are complete, and which. */
  static native int submit_burst_nocheck(long manager, int count, long jobs);

  /** What a job needs once for its algorithms, direction and length of key; of later versions. */
  static final class Session {

    private Session() {}

    static void bind(String file) {
      Native.register(Session.class, file);
    }

    /** Notes in a job by which functions it is done. */
    static native int imb_set_session(long manager, long job);
  }
}
