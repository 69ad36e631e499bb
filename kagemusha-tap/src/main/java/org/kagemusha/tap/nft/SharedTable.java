package org.kagemusha.tap.nft;

import java.util.List;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netlink.TableRules;
import org.kagemusha.tap.netlink.TableRules.Family;
import org.kagemusha.tap.netlink.TableRules.Rule;

/**
 * The one table of a family in which every daemon of a network namespace has a chain of its own. A
 * chain at a hook costs every packet of the host, whosever it is, so all daemons have one together:
 * its gate lets pass at once what concerns none of them, and then it jumps to each one's chain.
 *
 * <p>Each change is one transaction, and there is no lock: who finds that another daemon has
 * changed what it had looked at looks again. A rule that drops goes to the chain {@code drops},
 * since the kernel does not delete a chain that is gone to: so the last daemon takes the table with
 * it, and no other does.
 */
final class SharedTable {

  static final String TABLE = "kagemusha";

  private static final String GATE = "gate";
  private static final String DROPS = "drops";
  private static final int TRIES = 4;

  private final Family family;
  private final String hook;
  private final List<String> gate;
  private final String chain;
  private final NftTool tool;
  private List<String> installed = List.of();
  private List<Rule> handles = List.of();

  /**
   * Changes nothing yet.
   *
   * @param hook the hook's name, which is its chain's, too
   * @param gate rules that accept what no daemon's chain need see
   * @param name the daemon's
   */
  SharedTable(Family family, String hook, List<String> gate, String name, NftTool tool) {
    this.family = family;
    this.hook = hook;
    this.gate = gate;
    this.chain = "of-" + name;
    this.tool = tool;
  }

  /** The verdict of a rule that drops. */
  static String drop() {
    return " goto " + DROPS;
  }

  /** Replaces this daemon's rules, unless the very ones are there that were installed last. */
  void install(List<String> rules) throws KernelException {
    List<Rule> base = firstLook();
    if (rules.equals(installed)
        && isPassed(base)
        && handles.equals(look(chain))
        && !look(DROPS).isEmpty()) {
      return;
    }
    installed = List.of();
    for (int tries = 0; tries < TRIES; tries++) {
      tool.run(installScript(base, rules));
      base = look(hook);
      if (isPassed(base)) {
        handles = look(chain);
        installed = rules;
        return;
      }
    }
    throw new KernelException(
        "nft", TABLE, Errno.EBUSY, "other programs take away what was installed");
  }

  private List<Rule> firstLook() throws KernelException {
    try {
      return look(hook);
    } catch (KernelException e) {
      // The tool says better what is missing on this host.
      tool.run("");
      throw e;
    }
  }

  /** Removes this daemon's rules, and the table with the last one's; nothing where all is gone. */
  void remove() throws KernelException {
    installed = List.of();
    List<Rule> base = look(hook);
    if (isNoOthers(base) && succeeds(removeScript(base) + deleteTableScript())) {
      return;
    }
    tool.run(removeScript(look(hook)));
    if (isNoOthers(look(hook))) {
      succeeds(deleteTableScript());
    }
  }

  /** It fails where another daemon has come meanwhile. */
  private boolean succeeds(String script) {
    try {
      tool.run(script);
      return true;
    } catch (KernelException e) {
      return false;
    }
  }

  private boolean isNoOthers(List<Rule> base) {
    return base.stream().allMatch(rule -> isGate(rule) || isJump(rule));
  }

  private String installScript(List<Rule> base, List<String> rules) {
    StringBuilder script = new StringBuilder(frame());
    script.append("add").append(chain(DROPS)).append('\n');
    script.append("flush").append(chain(DROPS)).append('\n');
    script.append("add").append(rule(DROPS)).append("drop\n");
    for (String rule : rules) {
      script.append("add").append(rule(chain)).append(rule).append('\n');
    }
    if (!isGated(base)) {
      for (int i = gate.size() - 1; i >= 0; i--) {
        script.append("insert").append(rule(hook)).append(gate.get(i)).append(comment(GATE));
      }
    }
    if (base.stream().noneMatch(this::isJump)) {
      script.append("add").append(rule(hook)).append("jump ").append(chain).append(comment(chain));
    }
    return script.toString();
  }

  private String removeScript(List<Rule> base) {
    StringBuilder script = new StringBuilder(frame());
    base.stream()
        .filter(this::isJump)
        .forEach(
            jump ->
                script.append("delete").append(rule(hook)).append("handle ")
                    .append(jump.handle()).append('\n'));
    return script.append("delete").append(chain(chain)).append('\n').toString();
  }

  private String deleteTableScript() {
    return "add table " + table()
        + "\nadd" + chain(DROPS)
        + "\ndelete" + chain(DROPS)
        + "\ndelete table " + table() + '\n';
  }

  /** The table, its chain at the hook, and this daemon's chain, empty. */
  private String frame() {
    return "add table " + table() + '\n'
        + "add" + chain(hook) + " { type filter hook " + hook
        + " priority filter; policy accept; }\n"
        + "add" + chain(chain) + '\n'
        + "flush" + chain(chain) + '\n';
  }

  private String table() {
    return family + " " + TABLE;
  }

  private String chain(String name) {
    return " chain " + table() + ' ' + name;
  }

  private String rule(String name) {
    return " rule " + table() + ' ' + name + ' ';
  }

  private static String comment(String text) {
    return " comment \"" + text + "\"\n";
  }

  private boolean isPassed(List<Rule> base) {
    return isGated(base) && base.stream().anyMatch(this::isJump);
  }

  private boolean isGated(List<Rule> base) {
    return base.stream().filter(SharedTable::isGate).count() >= gate.size();
  }

  private static boolean isGate(Rule rule) {
    return rule.comment().equals(GATE);
  }

  private boolean isJump(Rule rule) {
    return rule.comment().equals(chain);
  }

  private List<Rule> look(String name) throws KernelException {
    return TableRules.of(family, TABLE, name);
  }
}
