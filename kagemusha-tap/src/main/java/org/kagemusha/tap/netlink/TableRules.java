package org.kagemusha.tap.netlink;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.kagemusha.tap.libc.KernelException;

/** Asks which rules a table of nftables has: much cheaper than the {@code nft} tool. */
public final class TableRules {

  private static final int MESSAGES = Netlink.NFNL_SUBSYS_NFTABLES << 8;

  /** The kind of a table. */
  public enum Family {
    /** Of IPv6 packets. */
    IP6(Netlink.NFPROTO_IPV6),
    /** Of frames in bridges. */
    BRIDGE(Netlink.NFPROTO_BRIDGE);

    private final int number;

    Family(int number) {
      this.number = number;
    }
  }

  private TableRules() {}

  /**
   * The handles of all rules of a table, in their order: the kernel gives each rule of a table
   * another, so who finds those of a while ago finds the rules of a while ago. None where there is
   * no such table.
   */
  public static List<Long> handles(Family family, String table) throws KernelException {
    try (NetlinkSocket socket = new NetlinkSocket(Netlink.NETLINK_NETFILTER, 0)) {
      NetlinkWriter writer =
          socket
              .begin(MESSAGES | Netlink.NFT_MSG_GETRULE, Netlink.NLM_F_DUMP, Netlink.NFGENMSG)
              .body8(0, family.number)
              .attributeString(Netlink.NFTA_RULE_TABLE, table);
      return socket.request(
          writer, "NFT_MSG_GETRULE", table, reader -> handle(reader, family, table));
    }
  }

  /** Old kernels do not know the filter and tell of all tables. */
  private static Optional<Long> handle(NetlinkReader reader, Family family, String table) {
    int handle = reader.attribute(Netlink.NFGENMSG, Netlink.NFTA_RULE_HANDLE);
    boolean ours =
        reader.type() == (MESSAGES | Netlink.NFT_MSG_NEWRULE)
            && reader.body8(0) == family.number
            && handle >= 0
            && reader.lengthOf(handle) == Long.BYTES
            && table.equals(
                reader.string(reader.attribute(Netlink.NFGENMSG, Netlink.NFTA_RULE_TABLE)));
    return ours
        ? Optional.of(ByteBuffer.wrap(reader.octets(handle)).getLong())
        : Optional.empty();
  }
}
