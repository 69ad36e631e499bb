package org.kagemusha.tap.nft;

import java.util.ArrayList;
import java.util.List;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netlink.TableRules;
import org.kagemusha.tap.netlink.TableRules.Family;
import org.kagemusha.tap.netlink.TableRules.Rule;

/**
 * The table of a daemon whose guests' packets are given to the kernel to be encapsulated: its
 * chains are at hooks, and cost each packet that comes to the host or is forwarded.
 */
final class PassageTable {

  private final String table;
  private final NftTool tool;
  private String installed;
  private List<Rule> handles = List.of();

  /** Changes nothing yet. */
  PassageTable(String name, NftTool tool) {
    this.table = SharedTable.TABLE + '-' + name;
    this.tool = tool;
  }

  /**
   * Replaces the table, unless the very rules are there that were installed last.
   *
   * @param entrance by which the guests' packets come
   * @param locals from where they come once they are encapsulated, as a set
   */
  void install(String entrance, String locals) throws KernelException {
    String script = script(entrance, locals);
    if (script.equals(installed) && !handles.isEmpty() && handles.equals(look())) {
      return;
    }
    installed = null;
    tool.run(script);
    handles = look();
    installed = script;
  }

  /** Removes the table; does nothing where there is none. */
  void remove() throws KernelException {
    installed = null;
    if (!look().isEmpty()) {
      tool.run(removal());
    }
  }

  private String script(String entrance, String locals) {
    String from = "    iifname \"" + entrance + "\" ";
    return removal()
        + "table ip6 " + table + " {\n"
        + "  chain input {\n"
        + "    type filter hook input priority raw; policy accept;\n"
        + from + "drop\n"
        + "  }\n"
        + "  chain forward {\n"
        + "    type filter hook forward priority raw; policy accept;\n"
        + from + "ip6 saddr != " + locals + " drop\n"
        + "  }\n"
        + "}\n";
  }

  /** Deletes a table that may not exist: defining an empty one first makes sure that it does. */
  private String removal() {
    return "add table ip6 " + table + "\ndelete table ip6 " + table + '\n';
  }

  private List<Rule> look() throws KernelException {
    List<Rule> rules = new ArrayList<>(TableRules.of(Family.IP6, table, "input"));
    rules.addAll(TableRules.of(Family.IP6, table, "forward"));
    return rules;
  }
}
