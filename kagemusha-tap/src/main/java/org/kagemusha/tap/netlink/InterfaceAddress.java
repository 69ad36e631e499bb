package org.kagemusha.tap.netlink;

import java.util.Optional;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.tap.libc.Constants;

/**
 * An IPv6 address of an interface as the kernel described it.
 *
 * @param index the interface
 * @param address the address
 * @param prefixLength 0 to 128
 * @param scope 0 is global, 253 is link
 * @param flags {@code IFA_F_...}
 * @param preferredSeconds the preferred lifetime in seconds, or {@link #FOREVER}
 * @param validSeconds the valid lifetime in seconds, or {@link #FOREVER}
 */
public record InterfaceAddress(
    int index,
    Ipv6Address address,
    int prefixLength,
    int scope,
    int flags,
    long preferredSeconds,
    long validSeconds) {

  /** A lifetime without end, RFC 4861 §4.6.2. */
  public static final long FOREVER = 0xffff_ffffL;

  static final int TEMPORARY = 0x01;
  static final int NO_DAD = 0x02;
  static final int OPTIMISTIC = 0x04;
  static final int DAD_FAILED = 0x08;
  static final int DEPRECATED = 0x20;
  static final int TENTATIVE = 0x40;
  static final int NO_PREFIX_ROUTE = 0x200;

  /** Says whether duplicate address detection still runs, or failed. */
  public boolean isTentative() {
    return (flags & TENTATIVE) != 0 && (flags & OPTIMISTIC) == 0;
  }

  /** Says whether duplicate address detection found another owner, RFC 4862 §5.4.5. */
  public boolean isDuplicate() {
    return (flags & DAD_FAILED) != 0;
  }

  /** Says whether its preferred lifetime is over, RFC 4862 §5.5.4. */
  public boolean isDeprecated() {
    return (flags & DEPRECATED) != 0;
  }

  /** Says whether it is a temporary address, RFC 8981. */
  public boolean isTemporary() {
    return (flags & TEMPORARY) != 0;
  }

  /**
   * Says whether packets may be sent from it and will be received: neither tentative nor failed.
   */
  public boolean isUsable() {
    return !isTentative() && !isDuplicate();
  }

  /** The prefix that it lies in. */
  public Ipv6Prefix prefix() {
    return Ipv6Prefix.of(address, prefixLength);
  }

  /** Takes an address message apart; empty where it is none of IPv6. */
  static Optional<InterfaceAddress> read(NetlinkReader reader) {
    int type = reader.type();
    boolean isAddress = type == Netlink.RTM_NEWADDR || type == Netlink.RTM_DELADDR;
    int prefixLength = reader.body8(1);
    if (!isAddress
        || reader.bodyLength() < Netlink.IFADDRMSG
        || reader.body8(0) != Constants.AF_INET6
        || prefixLength > 128) {
      return Optional.empty();
    }
    // Where both are present, IFA_ADDRESS is the other end of a point-to-point link.
    int value = reader.attribute(Netlink.IFADDRMSG, Netlink.IFA_LOCAL);
    if (value < 0) {
      value = reader.attribute(Netlink.IFADDRMSG, Netlink.IFA_ADDRESS);
    }
    if (value < 0 || reader.lengthOf(value) != Ipv6Address.BYTES) {
      return Optional.empty();
    }
    int flags = reader.attribute(Netlink.IFADDRMSG, Netlink.IFA_FLAGS);
    int times = reader.attribute(Netlink.IFADDRMSG, Netlink.IFA_CACHEINFO);
    boolean hasTimes = times >= 0 && reader.lengthOf(times) >= 8;
    return Optional.of(
        new InterfaceAddress(
            reader.body32(4),
            Ipv6Address.of(reader.octets(value)),
            prefixLength,
            reader.body8(3),
            reader.value32(flags, reader.body8(2)),
            hasTimes ? reader.value32(times, 0) & 0xffff_ffffL : FOREVER,
            hasTimes ? reader.word(times + 4) & 0xffff_ffffL : FOREVER));
  }
}
