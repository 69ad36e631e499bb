package org.kagemusha.core.tunnel;

import java.nio.ByteBuffer;
import java.util.List;

/** RFC 8200 §4.5, the receiver's side, as plainly as it can be written. */
final class Reassembly {

  private Reassembly() {}

  /** The packet that these fragments are, or the only packet itself; null if there is none. */
  static byte[] of(List<byte[]> packets) {
    if (packets.isEmpty()) {
      return null;
    }
    byte[] first = packets.get(0);
    if (first[6] != 44) {
      if (packets.size() != 1) {
        throw new AssertionError("more than one packet");
      }
      return first;
    }
    byte[] payload = new byte[0];
    for (int i = 0; i < packets.size(); i++) {
      byte[] fragment = packets.get(i);
      int offsetAndMore = InnerPackets.u16(fragment, 42);
      boolean last = i == packets.size() - 1;
      check(InnerPackets.u16(fragment, 4) == fragment.length - 40, "payload length");
      check((offsetAndMore & ~7) == payload.length, "offset");
      check((offsetAndMore & 7) == (last ? 0 : 1), "more fragments");
      check(last || (fragment.length - 48) % 8 == 0, "multiple of 8");
      check(InnerPackets.u32(fragment, 44) == InnerPackets.u32(first, 44), "identification");
      check(fragment[40] == first[40] && fragment[41] == 0, "next header");
      byte[] part = new byte[fragment.length - 48];
      System.arraycopy(fragment, 48, part, 0, part.length);
      payload = InnerPackets.concat(payload, part);
    }
    ByteBuffer whole = ByteBuffer.allocate(40 + payload.length);
    whole.put(first, 0, 40).put(payload);
    whole.putShort(4, (short) payload.length).put(6, first[40]);
    return whole.array();
  }

  private static void check(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError("fragment: " + what);
    }
  }
}
