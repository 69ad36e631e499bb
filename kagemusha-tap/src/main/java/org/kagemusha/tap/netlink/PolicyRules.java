package org.kagemusha.tap.netlink;

import java.util.List;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;

/** The IPv6 rules that this program makes, told from others by their protocol number. */
public final class PolicyRules {

  private final RouteNetlink netlink;

  /** Changes nothing yet. */
  public PolicyRules(RouteNetlink netlink) {
    this.netlink = netlink;
  }

  /** The rules of this program, of all its processes, those of killed ones too. */
  public List<PolicyRule> all() throws KernelException {
    NetlinkWriter writer =
        netlink.begin(Netlink.RTM_GETRULE, Netlink.NLM_F_DUMP, Netlink.RULE);
    writer.body8(0, Constants.AF_INET6);
    return netlink.request(writer, "RTM_GETRULE", "all", PolicyRule::read);
  }

  /**
   * Adds a rule.
   *
   * @return false where the same is there already
   */
  public boolean add(PolicyRule rule) throws KernelException {
    NetlinkWriter writer =
        netlink.begin(
            Netlink.RTM_NEWRULE, Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL, Netlink.RULE);
    rule.write(writer);
    return netlink.unless(Errno.EEXIST, writer, "add rule", rule.toString());
  }

  /**
   * Takes a rule away.
   *
   * @return false where it was not there
   */
  public boolean delete(PolicyRule rule) throws KernelException {
    NetlinkWriter writer = netlink.begin(Netlink.RTM_DELRULE, 0, Netlink.RULE);
    rule.write(writer);
    return netlink.unless(Errno.ENOENT, writer, "delete rule", rule.toString());
  }
}
