package org.kagemusha.tap.netlink;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.kagemusha.tap.libc.KernelException;

/** Asks which rules a chain of nftables has: much cheaper than the {@code nft} tool. */
public final class TableRules {

  private static final int MESSAGES = Netlink.NFNL_SUBSYS_NFTABLES << 8;

  /** The kind of a table. */
  public enum Family {
    /** Of IPv6 packets. */
    IP6("ip6", Netlink.NFPROTO_IPV6),
    /** Of frames in bridges. */
    BRIDGE("bridge", Netlink.NFPROTO_BRIDGE);

    private final String word;
    private final int number;

    Family(String word, int number) {
      this.word = word;
      this.number = number;
    }

    /** As the tool writes it. */
    @Override
    public String toString() {
      return word;
    }
  }

  /**
   * A rule.
   *
   * @param handle the kernel gives each rule of a table another, so who finds those of a while ago
   *     finds the rules of a while ago
   * @param comment what the tool was given as the rule's comment; empty: none
   */
  public record Rule(long handle, String comment) {}

  private TableRules() {}

  /** All rules of a chain, in their order. None where there is no such table or chain. */
  public static List<Rule> of(Family family, String table, String chain) throws KernelException {
    try (NetlinkSocket socket = new NetlinkSocket(Netlink.NETLINK_NETFILTER, 0)) {
      NetlinkWriter writer =
          socket
              .begin(MESSAGES | Netlink.NFT_MSG_GETRULE, Netlink.NLM_F_DUMP, Netlink.NFGENMSG)
              .body8(0, family.number)
              .attributeString(Netlink.NFTA_RULE_TABLE, table)
              .attributeString(Netlink.NFTA_RULE_CHAIN, chain);
      return socket.request(
          writer, "NFT_MSG_GETRULE", table, reader -> rule(reader, family, table, chain));
    }
  }

  /** Old kernels do not know the filter and tell of all tables. */
  private static Optional<Rule> rule(
      NetlinkReader reader, Family family, String table, String chain) {
    int handle = reader.attribute(Netlink.NFGENMSG, Netlink.NFTA_RULE_HANDLE);
    boolean ours =
        reader.type() == (MESSAGES | Netlink.NFT_MSG_NEWRULE)
            && reader.body8(0) == family.number
            && handle >= 0
            && reader.lengthOf(handle) == Long.BYTES
            && table.equals(text(reader, Netlink.NFTA_RULE_TABLE))
            && chain.equals(text(reader, Netlink.NFTA_RULE_CHAIN));
    return ours
        ? Optional.of(new Rule(ByteBuffer.wrap(reader.octets(handle)).getLong(), comment(reader)))
        : Optional.empty();
  }

  private static String text(NetlinkReader reader, int attribute) {
    return reader.string(reader.attribute(Netlink.NFGENMSG, attribute));
  }

  /** What the tool keeps with a rule is a row of values, each behind its type and its length. */
  private static String comment(NetlinkReader reader) {
    int data = reader.attribute(Netlink.NFGENMSG, Netlink.NFTA_RULE_USERDATA);
    byte[] row = data < 0 ? new byte[0] : reader.octets(data);
    for (int at = 0; at + 2 <= row.length; at += 2 + (row[at + 1] & 0xff)) {
      int length = Math.min(row[at + 1] & 0xff, row.length - at - 2);
      if (row[at] == Netlink.NFTNL_UDATA_RULE_COMMENT && length > 0) {
        return new String(row, at + 2, length - 1, StandardCharsets.UTF_8);
      }
    }
    return "";
  }
}
