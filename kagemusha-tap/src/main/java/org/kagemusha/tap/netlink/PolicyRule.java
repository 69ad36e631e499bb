package org.kagemusha.tap.netlink;

import java.util.Optional;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.tap.libc.Constants;

/**
 * A rule about the packets of one interface: which routes they take.
 *
 * @param priority where it stands among the rules; the lowest is the first
 * @param interfaceName by which the packets come
 * @param source their source, or absent for any
 * @param action what becomes of them
 * @param value the table's number for {@link Action#TABLE}, the priority for {@link Action#GOTO},
 *     else 0
 * @param orphaned whether there is no such interface (any more)
 */
public record PolicyRule(
    int priority,
    String interfaceName,
    Optional<Ipv6Address> source,
    Action action,
    int value,
    boolean orphaned) {

  /** What becomes of a packet; the kernel's {@code FR_ACT_...}. */
  public enum Action {
    /** Its routes are looked for in a table; without one, the next rule. */
    TABLE(1),
    /** On with the first rule of a priority. */
    GOTO(2),
    /** On with the next rule. */
    NOTHING(3),
    /** It is dropped. */
    DROP(6);

    private final int number;

    Action(int number) {
      this.number = number;
    }
  }

  /** A rule to be made. */
  public PolicyRule(
      int priority, String interfaceName, Optional<Ipv6Address> source, Action action, int value) {
    this(priority, interfaceName, source, action, value, false);
  }

  void write(NetlinkWriter writer) {
    writer.body8(0, Constants.AF_INET6).body8(7, action.number);
    writer.attribute32(Netlink.FRA_PRIORITY, priority);
    writer.attributeString(Netlink.FRA_IIFNAME, interfaceName);
    writer.attribute8(Netlink.FRA_PROTOCOL, Seg6Routes.PROTOCOL);
    if (source.isPresent()) {
      writer.body8(2, 128).attribute(Netlink.FRA_SRC, source.get().toBytes());
    }
    if (action == Action.TABLE) {
      writer.attribute32(Netlink.FRA_TABLE, value);
    } else if (action == Action.GOTO) {
      writer.attribute32(Netlink.FRA_GOTO, value);
    }
  }

  /** Takes a rule message apart; empty where it is no rule of this program. */
  static Optional<PolicyRule> read(NetlinkReader reader) {
    int protocol = reader.attribute(Netlink.RULE, Netlink.FRA_PROTOCOL);
    int name = reader.attribute(Netlink.RULE, Netlink.FRA_IIFNAME);
    if (reader.type() != Netlink.RTM_NEWRULE
        || protocol < 0
        || name < 0
        || reader.lengthOf(protocol) < 1
        || (reader.octets(protocol)[0] & 0xff) != Seg6Routes.PROTOCOL) {
      return Optional.empty();
    }
    for (Action action : Action.values()) {
      if (action.number == reader.body8(7)) {
        return Optional.of(
            new PolicyRule(
                reader.value32(reader.attribute(Netlink.RULE, Netlink.FRA_PRIORITY), 0),
                reader.string(name), source(reader), action, value(action, reader),
                (reader.body32(8) & Netlink.FIB_RULE_IIF_DETACHED) != 0));
      }
    }
    return Optional.empty();
  }

  private static int value(Action action, NetlinkReader reader) {
    return switch (action) {
      case TABLE -> reader.value32(reader.attribute(Netlink.RULE, Netlink.FRA_TABLE), 0);
      case GOTO -> reader.value32(reader.attribute(Netlink.RULE, Netlink.FRA_GOTO), 0);
      default -> 0;
    };
  }

  private static Optional<Ipv6Address> source(NetlinkReader reader) {
    int value = reader.attribute(Netlink.RULE, Netlink.FRA_SRC);
    return value >= 0 && reader.lengthOf(value) == Ipv6Address.BYTES
        ? Optional.of(Ipv6Address.of(reader.octets(value)))
        : Optional.empty();
  }
}
