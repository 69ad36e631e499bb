package org.kagemusha.tap.careof;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/** Stable and semantically opaque interface identifiers, RFC 7217. */
final class OpaqueIdentifier {

  private static final long ISATAP_START = 0x0200_5eff_fe00_0000L;
  private static final long ISATAP_END = 0x0200_5eff_feff_ffffL;
  private static final long ANYCAST_START = 0xfdff_ffff_ffff_ff80L;
  private static final long ANYCAST_END = 0xfdff_ffff_ffff_ffffL;

  private OpaqueIdentifier() {}

  /**
   * The address in a /64 for a home address on a host.
   *
   * @param dadCounter how many earlier candidates were duplicates
   * @throws IllegalArgumentException if the prefix is no /64
   */
  static Ipv6Address address(
      Ipv6Prefix prefix, Ipv6Address homeAddress, byte[] secret, int dadCounter) {
    if (prefix.length() != 64) {
      throw new IllegalArgumentException(prefix + " is not a /64");
    }
    for (int attempt = 0; ; attempt++) {
      long identifier = identifier(prefix, homeAddress, secret, dadCounter, attempt);
      // RFC 7217 §5: "The resulting Interface Identifier SHOULD be compared against the reserved
      // IPv6 Interface Identifiers".
      if (!isReserved(identifier)) {
        return new Ipv6Address(prefix.address().high(), identifier);
      }
    }
  }

  /** RFC 5453 §3. */
  static boolean isReserved(long identifier) {
    return identifier == 0
        || identifier >= ISATAP_START && identifier <= ISATAP_END
        || identifier >= ANYCAST_START && identifier <= ANYCAST_END;
  }

  private static long identifier(
      Ipv6Prefix prefix, Ipv6Address homeAddress, byte[] secret, int dadCounter, int attempt) {
    // RFC 7217 §5: RID = F(Prefix, Net_Iface, Network_ID, DAD_Counter, secret_key). The home
    // address stands for the interface: it is what the identifier must be stable for.
    ByteBuffer input = ByteBuffer.allocate(8 + Ipv6Address.BYTES + 8 + secret.length);
    input.putLong(prefix.address().high());
    input.put(homeAddress.toBytes());
    input.putInt(dadCounter).putInt(attempt).put(secret);
    byte[] digest = sha256().digest(input.array());
    return ByteBuffer.wrap(Arrays.copyOfRange(digest, 24, 32)).getLong();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
