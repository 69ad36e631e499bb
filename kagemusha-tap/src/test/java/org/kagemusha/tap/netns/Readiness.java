package org.kagemusha.tap.netns;

import com.sun.jna.Native;
import org.kagemusha.tap.libc.NativeMemory;

/** Waits for descriptors as the loop does, by poll(2), so that tests need no sleep. */
public final class Readiness {

  private static final short POLLIN = 1;
  private static final NativeMemory MEMORY = new NativeMemory(8);

  static {
    Native.register(Readiness.class, "c");
  }

  private Readiness() {}

  private static native int poll(long descriptors, long count, int timeoutMs);

  /** Waits until a descriptor has input; false where it has none within the time. */
  public static synchronized boolean await(int fd, int timeoutMs) {
    MEMORY.bytes().putInt(0, fd);
    MEMORY.bytes().putShort(4, POLLIN);
    MEMORY.bytes().putShort(6, (short) 0);
    return poll(MEMORY.address(), 1, timeoutMs) > 0;
  }
}
