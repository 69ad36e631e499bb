package org.kagemusha.tap.nft;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netlink.TableRules;
import org.kagemusha.tap.netlink.TableRules.Family;

/**
 * Keeps the host's IPv6 stack quiet about packets that raw sockets take. The kernel answers Home
 * Address options, type 2 routing headers, and tunnel and ESP packets without a listener by ICMPv6
 * errors; a table of ours drops those at the output hook, by what they quote. It stays through a
 * restart of the daemon, so nothing leaves while no socket is open; an orderly stop removes it.
 *
 * <p>Every change replaces a table in one transaction, so each may be repeated, and there is no
 * moment without rules. Each runs the {@code nft} tool and waits for it, some 10 ms, unless the
 * kernel says that the very rules are there that were installed last. Needs CAP_NET_ADMIN. While it
 * is installed the host's kernel sends no ICMPv6 Destination Unreachable or Parameter Problem from
 * the given addresses about IPv6-in-IPv6, ESP, Destination Options and Routing headers, whoever
 * sent them, about Mobility Headers only that one is malformed, and no Port Unreachable about UDP
 * from or to the port of ESP in UDP where one is given.
 */
public final class KernelQuiet {

  private static final String PREFIX = "kagemusha_";

  private final String table;
  private final NftTool tool;
  private final Installed errors = new Installed(Family.IP6);
  private final Installed guarded = new Installed(Family.BRIDGE);
  private String entrance;

  /** What was installed last of one family. */
  private static final class Installed {
    private final Family family;
    private String script;
    private List<Long> rules = List.of();

    Installed(Family family) {
      this.family = family;
    }
  }

  /**
   * Changes nothing yet.
   *
   * @param name the VM's or daemon's name; the tables are named after it
   */
  public KernelQuiet(String name) {
    this(name, new NftTool());
  }

  KernelQuiet(String name, NftTool tool) {
    this.table = tableName(name);
    this.tool = tool;
  }

  /** The name of the tables, in families {@code ip6} and {@code bridge}. */
  public String table() {
    return table;
  }

  /**
   * Drops ICMPv6 errors from these local addresses about our packets; replaces what was installed
   * before under this name.
   *
   * @throws IllegalArgumentException if there is no address
   */
  public void install(Collection<Ipv6Address> locals) throws KernelException {
    install(locals, 0);
  }

  /**
   * Like {@link #install(Collection)}, also for ESP in UDP (RFC 3948): while no socket is open the
   * kernel would answer by Port Unreachable.
   *
   * @param encapsulationPort the UDP port of either end, 1 to 65535, or 0 for none; errors stay in
   *     that quote a datagram from it or to it
   * @throws IllegalArgumentException if there is no address
   */
  public void install(Collection<Ipv6Address> locals, int encapsulationPort)
      throws KernelException {
    String passage = entrance == null ? "" : entranceChains(entrance, locals);
    replace(errors, installScript(table, locals, encapsulationPort, passage));
  }

  private void replace(Installed installed, String script) throws KernelException {
    if (script.equals(installed.script)
        && !installed.rules.isEmpty()
        && installed.rules.equals(rules(installed.family))) {
      return;
    }
    installed.script = null;
    tool.run(script);
    installed.rules = rules(installed.family);
    installed.script = script;
  }

  /** None where they cannot be had. */
  private List<Long> rules(Family family) {
    try {
      return TableRules.handles(family, table);
    } catch (KernelException e) {
      return List.of();
    }
  }

  /**
   * From the next {@link #install} on, of what an interface gives to the host nothing reaches the
   * host itself, and only what is from the local addresses, encapsulated, is forwarded: whatever
   * becomes of rules and routes, no packet of a guest goes on as it is.
   *
   * @param interfaceName by which guests' packets are given to the kernel to be encapsulated
   */
  public void entrance(String interfaceName) {
    entrance = interfaceName;
  }

  /**
   * Keeps the home agents' Binding Acknowledgements from the guest's port: the guest does not know
   * Mobility Headers and would answer by Parameter Problem. A packet socket on the bridge still
   * sees them. Replaces what was guarded before under this name.
   *
   * @param spis the SPIs of the home agents' signalling associations, unsigned; empty where
   *     signalling is not protected
   * @throws IllegalArgumentException if there is no home agent or no home address
   */
  public void guard(
      Collection<Ipv6Address> homeAgents,
      Collection<Ipv6Address> homeAddresses,
      Collection<Long> spis)
      throws KernelException {
    replace(guarded, guardScript(table, homeAgents, homeAddresses, spis));
  }

  /** Lets everything pass to the guest's port again; does nothing where it does. */
  public void unguard() throws KernelException {
    guarded.script = null;
    tool.run(removal("bridge", table));
  }

  /** Removes the table of {@link #install}; does nothing where it is gone. */
  public void remove() throws KernelException {
    errors.script = null;
    tool.run(removal("ip6", table));
  }

  /** An injective name of letters, digits and underscores. */
  static String tableName(String name) {
    StringBuilder text = new StringBuilder(PREFIX);
    for (byte octet : name.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (octet & 0xff);
      if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9') {
        text.append(c);
      } else if (c == '_') {
        text.append("__");
      } else {
        text.append('_').append(Character.forDigit(c >> 4, 16));
        text.append(Character.forDigit(c & 0xf, 16));
      }
    }
    return text.toString();
  }

  static String installScript(
      String table, Collection<Ipv6Address> locals, int encapsulationPort, String passage) {
    String source = "    ip6 saddr " + set(locals);
    String error = source + " icmpv6 type { destination-unreachable, parameter-problem }";
    // Octet 14 behind the start of an ICMPv6 error is the Next Header of the packet it quotes.
    return removal("ip6", table)
        + "table ip6 " + table + " {\n"
        + "  chain output {\n"
        + "    type filter hook output priority filter; policy accept;\n"
        // The tunnel's own packets pass here too, each.
        + "    meta l4proto != ipv6-icmp accept\n"
        // The kernel's own errors come from a socket without a file, so they have no owner; those
        // that a daemon answers by (RFC 6275 §9.2) have.
        + error + " meta skuid 0-4294967294 accept\n"
        // Kernels with Mobile IPv6 check Mobility Headers themselves, hand over none that fail and
        // answer in our place (§9.2). Code 1 is what a kernel says that nobody listens.
        + source + " icmpv6 type parameter-problem icmpv6 code 0 @th,112,8 135 accept\n"
        + error + " @th,112,8 { 41, 43, 50, 60, 135 } drop\n"
        + (encapsulationPort == 0 ? "" : portUnreachable(source, encapsulationPort))
        + "  }\n"
        + passage
        + "}\n";
  }

  private static String entranceChains(String entrance, Collection<Ipv6Address> locals) {
    String from = "    iifname \"" + entrance + "\" ";
    return "  chain input {\n"
        + "    type filter hook input priority raw; policy accept;\n"
        + from + "drop\n"
        + "  }\n"
        + "  chain forward {\n"
        + "    type filter hook forward priority raw; policy accept;\n"
        + from + "ip6 saddr != " + set(locals) + " drop\n"
        + "  }\n";
  }

  /** Octets 48 and 50 behind the start of the error are the ports of the datagram it quotes. */
  private static String portUnreachable(String source, int port) {
    String error =
        source + " icmpv6 type destination-unreachable icmpv6 code port-unreachable @th,112,8 17";
    return error + " @th,384,16 " + port + " drop\n"
        + error + " @th,400,16 " + port + " drop\n";
  }

  static String guardScript(
      String table,
      Collection<Ipv6Address> homeAgents,
      Collection<Ipv6Address> homeAddresses,
      Collection<Long> spis) {
    String from = "    ip6 saddr " + set(homeAgents) + " ip6 daddr " + set(homeAddresses);
    String esp = spis.isEmpty() ? "" : from + " esp spi " + set(spis) + " drop\n";
    return removal("bridge", table)
        + "table bridge " + table + " {\n"
        + "  chain forward {\n"
        + "    type filter hook forward priority filter; policy accept;\n"
        + from + " meta l4proto 135 drop\n"
        + esp
        + "  }\n"
        + "}\n";
  }

  /** An anonymous set: sorted, each once. */
  private static String set(Collection<? extends Comparable<?>> elements) {
    if (elements.isEmpty()) {
      throw new IllegalArgumentException("no element");
    }
    return new TreeSet<>(elements)
        .stream().map(Object::toString).collect(Collectors.joining(", ", "{ ", " }"));
  }

  /** Deletes a table that may not exist: defining an empty one first makes sure that it does. */
  private static String removal(String family, String table) {
    return "table " + family + " " + table + " {\n}\ndelete table " + family + " " + table + "\n";
  }
}
