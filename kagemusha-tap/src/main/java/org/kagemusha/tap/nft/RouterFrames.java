package org.kagemusha.tap.nft;

import java.util.List;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netlink.TableRules;
import org.kagemusha.tap.netlink.TableRules.Family;
import org.kagemusha.tap.netlink.TableRules.Rule;

/**
 * Leads what a guest sends to its home router to the tap of its daemon alone. Abroad the bridge
 * does not know the router's link-layer address, which is behind the tap of each guest of that home
 * link, and would copy every such frame to all its ports; so before the bridge decides, the frame
 * is given the tap's address as its destination.
 *
 * <p>All daemons of a network namespace have one chain at the hook, in the table of {@link
 * KernelQuiet#guard}, which must be there first and goes last. It looks the frame's source up in
 * one map, so it costs the same for one guest as for hundreds. Two guests with one MAC address,
 * on two bridges of a host, cannot both have this. Each call runs the {@code nft} tool, unless all
 * is as wanted, and needs CAP_NET_ADMIN. One thread.
 */
public final class RouterFrames {

  private static final String HOOK = "prerouting";
  private static final String MAP = "guests";

  private final String chain;
  private final MacAddress guest;
  private final MacAddress tap;
  private final NftTool tool = new NftTool();
  private MacAddress led;
  private List<Rule> handles = List.of();

  /**
   * Changes nothing yet.
   *
   * @param name the daemon's, as for {@link KernelQuiet}
   * @param guest the guest's MAC address
   * @param tap the MAC address of the daemon's end of the bridge
   */
  public RouterFrames(String name, MacAddress guest, MacAddress tap) {
    chain = "router-of-" + name;
    this.guest = guest;
    this.tap = tap;
  }

  /**
   * Leads frames for this router, and no other, from now on; does nothing where it does already.
   */
  public void lead(MacAddress router) throws KernelException {
    if (router.equals(led) && handles.equals(look(chain)) && !look(HOOK).isEmpty()) {
      return;
    }
    led = null;
    String lookup =
        look(HOOK).isEmpty()
            ? "add rule " + in(HOOK) + " ether saddr vmap @" + MAP + '\n'
            : "";
    tool.run(
        frame()
            + "add rule " + in(chain) + " ether daddr " + router + " ether daddr set " + tap + '\n'
            + lookup);
    handles = look(chain);
    led = handles.isEmpty() ? null : router;
  }

  /** Leads none, also where it did before a restart; does nothing where it did not. */
  public void remove() throws KernelException {
    if (led == null && look(chain).isEmpty()) {
      return;
    }
    led = null;
    tool.run(
        frame()
            + "delete element " + in(MAP) + " { " + guest + " }\n"
            + "delete chain " + in(chain) + '\n');
  }

  /** The table, the map with this guest in it, and its chain, empty. */
  private String frame() {
    return "add table bridge " + SharedTable.TABLE + '\n'
        + "add map " + in(MAP) + " { type ether_addr : verdict; }\n"
        + "add chain " + in(HOOK) + " { type filter hook " + HOOK
        + " priority dstnat; policy accept; }\n"
        + "add chain " + in(chain) + '\n'
        + "flush chain " + in(chain) + '\n'
        + "add element " + in(MAP) + " { " + guest + " : jump " + chain + " }\n";
  }

  private static String in(String name) {
    return "bridge " + SharedTable.TABLE + ' ' + name;
  }

  private static List<Rule> look(String name) throws KernelException {
    return TableRules.of(Family.BRIDGE, SharedTable.TABLE, name);
  }
}
