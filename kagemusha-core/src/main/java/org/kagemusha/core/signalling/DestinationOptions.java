package org.kagemusha.core.signalling;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * Walks a Hop-by-Hop or Destination Options header (RFC 8200 §4.2, §4.3, §4.6) for a Home Address
 * option. Allocates nothing; the fields tell the result of the last call.
 */
final class DestinationOptions {

  private static final int REJECTED = -1;

  // RFC 8200 §4.2: what the two highest bits of an unknown option's type ask for.
  private static final int ACTION = 0xc0;
  private static final int ACTION_SKIP = 0x00;
  private static final int ACTION_ANSWER = 0x80;
  private static final int ACTION_ANSWER_UNICAST = 0xc0;

  private int homeAddressAt;
  private int unknownAt;
  private int action;

  /**
   * Walks the header.
   *
   * @param at the absolute index of the header
   * @param end the absolute index behind the packet
   * @param homeAddressAllowed whether a Home Address option may stand here, once
   * @return octets of the header, or a negative number if the packet must be dropped
   */
  int read(ByteBuffer bytes, int at, int end, boolean homeAddressAllowed) {
    homeAddressAt = 0;
    unknownAt = 0;
    action = ACTION_SKIP;
    int length = end - at < 8 ? 0 : 8 * ((bytes.get(at + 1) & 0xff) + 1);
    if (end - at < 8 || length > end - at) {
      return REJECTED;
    }
    int option = at + 2;
    int optionsEnd = at + length;
    while (option < optionsEnd) {
      int type = bytes.get(option) & 0xff;
      if (type == MobileHeaders.OPTION_PAD1) {
        option++;
        continue;
      }
      if (optionsEnd - option < 2) {
        return REJECTED;
      }
      int size = bytes.get(option + 1) & 0xff;
      if (size > optionsEnd - option - 2 || !take(option, type, size, homeAddressAllowed)) {
        return REJECTED;
      }
      option += 2 + size;
    }
    return length;
  }

  private boolean take(int option, int type, int size, boolean homeAddressAllowed) {
    if (type == MobileHeaders.OPTION_HOME_ADDRESS) {
      // RFC 6275 §6.3: a length of 16, and not more than once.
      if (!homeAddressAllowed || homeAddressAt != 0 || size != Ipv6Address.BYTES) {
        return false;
      }
      homeAddressAt = option + 2;
      return true;
    }
    if (type == MobileHeaders.OPTION_PADN || type == MobileHeaders.OPTION_ENCAPSULATION_LIMIT) {
      return true;
    }
    action = type & ACTION;
    unknownAt = option;
    return action == ACTION_SKIP;
  }

  /** The absolute index of the address in the Home Address option, or 0 if there was none. */
  int homeAddressAt() {
    return homeAddressAt;
  }

  /** The absolute index of the unknown option for which the packet is dropped. */
  int unknownAt() {
    return unknownAt;
  }

  /**
   * Says whether the unknown option asks for a Parameter Problem, code 2.
   *
   * @param destination the first octet of the packet's destination address
   */
  boolean isAnswered(byte destination) {
    boolean multicast = destination == (byte) 0xff;
    return action == ACTION_ANSWER || action == ACTION_ANSWER_UNICAST && !multicast;
  }
}
