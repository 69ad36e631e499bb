package org.kagemusha.core.message;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * The mobility options that are Kagemusha's own: the Experimental Mobility Option of RFC 5096 §3,
 * whose data begin with a magic number, since others experiment, too, and a kind.
 */
final class ExperimentalOption {

  /** The option's type. */
  static final int TYPE = 18;

  /** In a Binding Update: the sender wants {@link HandoverKeys}. Nothing follows. */
  static final int WANTED = 0;

  /** In a Binding Acknowledgement: the key of the present place follows. */
  static final int KEY = 1;

  /** In a Binding Acknowledgement: the previous care-of address and its key follow. */
  static final int PREVIOUS = 2;

  /** In a Handover Initiate: a nonce of 16 octets and an SPI follow. */
  static final int INITIATE = 3;

  /** In a Handover Acknowledge: the nonce of the Handover Initiate follows. */
  static final int ACKNOWLEDGE = 4;

  private static final int MAGIC = 0x6b67_6d73;
  private static final int HEADER = 2;
  private static final int PREFACE = 5;
  private static final int OPTION_PADN = 1;
  private static final int PREVIOUS_DATA = Ipv6Address.BYTES + HandoverKeys.KEY_OCTETS;

  private ExperimentalOption() {}

  /** How many octets an option with so many of data of its kind has. */
  static int octets(int data) {
    return HEADER + PREFACE + data;
  }

  /** Writes all but the data, and returns where these begin. */
  static int write(ByteBuffer octets, int at, int kind, int data) {
    octets.put(at, (byte) TYPE);
    octets.put(at + 1, (byte) (PREFACE + data));
    octets.putInt(at + HEADER, MAGIC);
    octets.put(at + HEADER + 4, (byte) kind);
    return at + HEADER + PREFACE;
  }

  /** The kind of the option at an index, or -1 if it is not Kagemusha's. */
  static int kind(ByteBuffer octets, int at, int length) {
    return (octets.get(at) & 0xff) == TYPE
            && length >= PREFACE
            && octets.getInt(at + HEADER) == MAGIC
        ? octets.get(at + HEADER + 4) & 0xff
        : -1;
  }

  /** The data of the option at an index, as many as a kind must have; or null. */
  static byte[] data(ByteBuffer octets, int at, int length, int wanted) {
    if (length != PREFACE + wanted) {
      return null;
    }
    byte[] data = new byte[wanted];
    octets.get(at + HEADER + PREFACE, data);
    return data;
  }

  /** How many octets {@link #write(ByteBuffer, int, HandoverKeys)} writes. */
  static int octets(HandoverKeys keys) {
    int own = octets(HandoverKeys.KEY_OCTETS);
    return keys.previousCareOf() == null ? own : own + octets(PREVIOUS_DATA);
  }

  /** Writes keys, and returns where the next option begins. */
  static int write(ByteBuffer octets, int at, HandoverKeys keys) {
    int data = write(octets, at, KEY, HandoverKeys.KEY_OCTETS);
    octets.put(data, keys.key());
    int end = data + HandoverKeys.KEY_OCTETS;
    if (keys.previousCareOf() != null) {
      data = write(octets, end, PREVIOUS, PREVIOUS_DATA);
      keys.previousCareOf().write(octets, data);
      octets.put(data + Ipv6Address.BYTES, keys.previousKey());
      end = data + PREVIOUS_DATA;
    }
    return end;
  }

  /** Fills the rest of a message, RFC 6275 §6.2.2 and §6.2.3. */
  static void pad(ByteBuffer octets, int at, int end) {
    if (end - at > 1) {
      octets.put(at, (byte) OPTION_PADN);
      octets.put(at + 1, (byte) (end - at - HEADER));
    }
  }

  /** What of Kagemusha's own options was found in a message. */
  static final class Found {
    private boolean wanted;
    private byte[] key;
    private byte[] previous;

    /** Takes an option; what is not understood is skipped, RFC 6275 §6.2.1. */
    void take(ByteBuffer octets, int at, int length) {
      switch (kind(octets, at, length)) {
        case WANTED -> wanted = true;
        case KEY -> key = data(octets, at, length, HandoverKeys.KEY_OCTETS);
        case PREVIOUS -> previous = data(octets, at, length, PREVIOUS_DATA);
        default -> { }
      }
    }

    boolean isWanted() {
      return wanted;
    }

    /** The keys, or null. */
    HandoverKeys keys() {
      if (key == null) {
        return null;
      }
      return previous == null
          ? new HandoverKeys(key, null, null)
          : new HandoverKeys(
              key,
              Ipv6Address.read(ByteBuffer.wrap(previous), 0),
              Arrays.copyOfRange(previous, Ipv6Address.BYTES, previous.length));
    }
  }
}
