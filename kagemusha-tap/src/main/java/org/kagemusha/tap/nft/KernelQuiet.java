package org.kagemusha.tap.nft;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netlink.TableRules.Family;

/**
 * Keeps the host's IPv6 stack quiet about packets that raw sockets take. The kernel answers Home
 * Address options, type 2 routing headers, and tunnel and ESP packets without a listener by ICMPv6
 * errors; rules of ours drop those at the output hook, by what they quote. They stay through a
 * restart of the daemon, so nothing leaves while no socket is open; an orderly stop removes them.
 *
 * <p>Every change replaces a daemon's rules in one transaction, so each may be repeated, and there
 * is no moment without rules. Each runs the {@code nft} tool and waits for it, some 10 ms, unless
 * the kernel says that the very rules are there that were installed last. Needs CAP_NET_ADMIN.
 * While they are installed the host's kernel sends no ICMPv6 Destination Unreachable or Parameter
 * Problem from the given addresses about IPv6-in-IPv6, ESP, Destination Options and Routing
 * headers, whoever sent them, about Mobility Headers only that one is malformed, and no Port
 * Unreachable about UDP from or to the port of ESP in UDP where one is given.
 */
public final class KernelQuiet {

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,100}");

  /** Each packet of the host's own passes here, the tunnels' too. */
  private static final List<String> OUTPUT =
      List.of(
          "meta l4proto != ipv6-icmp accept",
          "icmpv6 type != { destination-unreachable, parameter-problem } accept",
          // The kernel's own errors come from a socket without a file, so they have no owner; those
          // that a daemon answers by (RFC 6275 §9.2) have.
          "meta skuid 0-4294967294 accept");

  /** Each frame from one port of a bridge to another passes here. */
  private static final List<String> FORWARD =
      List.of("ether type != ip6 accept", "meta l4proto != { esp, mobility-header } accept");

  private final SharedTable errors;
  private final SharedTable guarded;
  private final PassageTable passage;
  private String entrance;

  /**
   * Changes nothing yet.
   *
   * @param name the VM's or daemon's name, no other's on this host: letters, digits, dots, hyphens
   *     and underscores
   * @throws IllegalArgumentException for another name
   */
  public KernelQuiet(String name) {
    this(name, new NftTool());
  }

  KernelQuiet(String name, NftTool tool) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("not a daemon's name: " + name);
    }
    errors = new SharedTable(Family.IP6, "output", OUTPUT, name, tool);
    guarded = new SharedTable(Family.BRIDGE, "forward", FORWARD, name, tool);
    passage = new PassageTable(name, tool);
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
    String addresses = set(locals);
    if (entrance != null) {
      passage.install(entrance, addresses);
    }
    errors.install(errorRules(addresses, encapsulationPort));
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
    guarded.install(guardRules(homeAgents, homeAddresses, spis));
  }

  /** Lets everything pass to the guest's port again; does nothing where it does. */
  public void unguard() throws KernelException {
    guarded.remove();
  }

  /** Removes what {@link #install} installed; does nothing where it is gone. */
  public void remove() throws KernelException {
    errors.remove();
    passage.remove();
  }

  static List<String> errorRules(String locals, int encapsulationPort) {
    String source = "ip6 saddr " + locals + ' ';
    List<String> rules = new ArrayList<>();
    // Kernels with Mobile IPv6 check Mobility Headers themselves, hand over none that fail and
    // answer in our place (§9.2). Code 1 is what a kernel says that nobody listens. Octet 14 from
    // the start of an ICMPv6 error is the Next Header of the packet it quotes.
    rules.add(source + "icmpv6 type parameter-problem icmpv6 code 0 @th,112,8 135 accept");
    rules.add(source + "@th,112,8 { 41, 43, 50, 60, 135 }" + SharedTable.drop());
    if (encapsulationPort != 0) {
      // Octets 48 and 50 behind the start of the error are the ports of the datagram it quotes.
      String unreachable =
          source
              + "icmpv6 type destination-unreachable icmpv6 code port-unreachable @th,112,8 17 ";
      rules.add(unreachable + "@th,384,16 " + encapsulationPort + SharedTable.drop());
      rules.add(unreachable + "@th,400,16 " + encapsulationPort + SharedTable.drop());
    }
    return rules;
  }

  static List<String> guardRules(
      Collection<Ipv6Address> homeAgents,
      Collection<Ipv6Address> homeAddresses,
      Collection<Long> spis) {
    String from = "ip6 saddr " + set(homeAgents) + " ip6 daddr " + set(homeAddresses);
    List<String> rules = new ArrayList<>();
    rules.add(from + " meta l4proto mobility-header" + SharedTable.drop());
    if (!spis.isEmpty()) {
      rules.add(from + " esp spi " + set(spis) + SharedTable.drop());
    }
    return rules;
  }

  /** An anonymous set: sorted, each once. */
  static String set(Collection<? extends Comparable<?>> elements) {
    if (elements.isEmpty()) {
      throw new IllegalArgumentException("no element");
    }
    return new TreeSet<>(elements)
        .stream().map(Object::toString).collect(Collectors.joining(", ", "{ ", " }"));
  }
}
