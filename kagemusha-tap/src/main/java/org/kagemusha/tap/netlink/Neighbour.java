package org.kagemusha.tap.netlink;

import java.util.Optional;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.tap.libc.Constants;

/**
 * An entry of the kernel's IPv6 neighbour cache (RFC 4861 §5.1).
 *
 * @param index the interface's
 * @param address the neighbour's
 * @param mac its Ethernet address where packets may be sent there now: the entry is REACHABLE,
 *     STALE, DELAY, PROBE, or an administrator's
 */
public record Neighbour(int index, Ipv6Address address, Optional<MacAddress> mac) {

  private static final int USABLE =
      Netlink.NUD_REACHABLE
          | Netlink.NUD_STALE
          | Netlink.NUD_DELAY
          | Netlink.NUD_PROBE
          | Netlink.NUD_PERMANENT;

  private static final int INDEX = 4;
  private static final int STATE = 8;

  /**
   * Takes a neighbour message apart; empty where it is none, of another protocol, or of a proxy.
   * One that was removed has no MAC address.
   */
  static Optional<Neighbour> read(NetlinkReader reader) {
    boolean isRemoved = reader.type() == Netlink.RTM_DELNEIGH;
    int address = reader.attribute(Netlink.NDMSG, Netlink.NDA_DST);
    if (!isRemoved && reader.type() != Netlink.RTM_NEWNEIGH
        || reader.bodyLength() < Netlink.NDMSG
        || reader.body8(0) != Constants.AF_INET6
        || (reader.body8(Netlink.NDM_FLAGS) & Netlink.NTF_PROXY) != 0
        || address < 0
        || reader.lengthOf(address) != Ipv6Address.BYTES) {
      return Optional.empty();
    }
    int mac = reader.attribute(Netlink.NDMSG, Netlink.NDA_LLADDR);
    boolean isUsable =
        !isRemoved
            && (reader.body16(STATE) & USABLE) != 0
            && mac >= 0
            && reader.lengthOf(mac) == MacAddress.BYTES;
    return Optional.of(
        new Neighbour(
            reader.body32(INDEX),
            Ipv6Address.of(reader.octets(address)),
            isUsable
                ? Optional.of(MacAddress.of(reader.octets(mac)))
                : Optional.empty()));
  }
}
