package org.kagemusha.tap.ipsecmb;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import java.util.Locale;

/**
 * The library's version.
 *
 * @param number {@code 0xMMmmpp}: major, minor, patch
 */
record IpsecMbVersion(int number) {

  private static final int OLDEST_MAJOR = 1;
  private static final int NEWEST_MAJOR = 2;

  /** Asks a library. */
  static IpsecMbVersion of(NativeLibrary library) {
    Function function = library.getFunction("imb_get_version");
    return new IpsecMbVersion(function.invokeInt(new Object[0]));
  }

  /** Whether functions and structures are those that {@link AesGcm} was written for. */
  boolean isKnown() {
    int major = number >>> 16;
    return major >= OLDEST_MAJOR && major <= NEWEST_MAJOR;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT, "%d.%d.%d", number >>> 16, number >>> 8 & 0xff, number & 0xff);
  }
}
