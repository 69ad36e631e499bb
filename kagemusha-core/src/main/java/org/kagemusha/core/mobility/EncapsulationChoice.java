package org.kagemusha.core.mobility;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.kagemusha.core.mobility.EncapsulationMemory.Path;
import org.kagemusha.core.mobility.MobileNodeSettings.Encapsulation;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/**
 * Whether ESP goes natively or in UDP (RFC 3948): as the operator says, or as it was found to get
 * through. What was found is remembered for each path, because the middleboxes that decide it are
 * the network's and not the home agent's; and for an hour, because they may be gone.
 */
final class EncapsulationChoice {

  /** How the updates of one attempt travel. */
  enum Form {
    /** Native ESP, or in clear. */
    NATIVE,
    /** In UDP. */
    UDP,
    /** One in each: what is answered gets through. */
    BOTH
  }

  /** How long it is remembered what gets through, ms. */
  static final long MEMORY_MS = 3_600_000L;

  /** After so many attempts without an answer, what is remembered is put to the test again. */
  static final int DOUBTED_AFTER = 2;

  private static final int MOST_PATHS = 64;
  private static final int SUBNET_BITS = 64;

  private final Deque<Path> learned = new ArrayDeque<>();
  private EncapsulationMemory memory = EncapsulationMemory.NONE;
  private Encapsulation mode = Encapsulation.NONE;
  private int localPort;
  private int homeAgentPort;

  /** Sets what the operator wants. */
  void mode(Encapsulation value) {
    mode = value;
  }

  /** What the operator wants. */
  Encapsulation mode() {
    return mode;
  }

  /**
   * Sets the ports; 0: UDP cannot be used.
   *
   * @return true if one changed
   */
  boolean ports(int local, int homeAgent) {
    boolean usable = local != 0 && homeAgent != 0;
    int newLocal = usable ? local : 0;
    int newHomeAgent = usable ? homeAgent : 0;
    boolean changed = newLocal != localPort || newHomeAgent != homeAgentPort;
    localPort = newLocal;
    homeAgentPort = newHomeAgent;
    return changed;
  }

  /** The source port of what goes in UDP, or 0. */
  int localPort() {
    return localPort;
  }

  /** The destination port of what goes in UDP, or 0. */
  int homeAgentPort() {
    return homeAgentPort;
  }

  /** Says whether UDP is wanted, always or to try it, and can be used. */
  boolean mayUseUdp() {
    return mode != Encapsulation.NONE && localPort != 0;
  }

  /** Says whether nothing may be sent: UDP and nothing else is wanted, and it cannot be used. */
  boolean isStuck() {
    return mode == Encapsulation.UDP && localPort == 0;
  }

  /** How the next attempt travels from a care-of address to a home agent. */
  Form form(Ipv6Address homeAgent, Ipv6Address careOf, long wallMs) {
    if (!mayUseUdp()) {
      return Form.NATIVE;
    }
    if (mode == Encapsulation.UDP) {
      return Form.UDP;
    }
    Path known = find(homeAgent, careOf, wallMs);
    if (known == null) {
      return Form.BOTH;
    }
    return known.udp() ? Form.UDP : Form.NATIVE;
  }

  /** An attempt in both forms was answered in this one. */
  void learned(Ipv6Address homeAgent, Ipv6Address careOf, boolean udp, long wallMs) {
    forget(homeAgent, careOf);
    if (learned.size() == MOST_PATHS) {
      learned.removeFirst();
    }
    learned.addLast(new Path(homeAgent, subnet(careOf), udp, wallMs));
  }

  /** What is remembered of a path does not hold. */
  void forget(Ipv6Address homeAgent, Ipv6Address careOf) {
    Ipv6Prefix subnet = subnet(careOf);
    learned.removeIf(
        path -> path.homeAgent().equals(homeAgent) && path.careOfPrefix().equals(subnet));
  }

  /** What is remembered: the same object as long as it is the same. */
  EncapsulationMemory memory(long wallMs) {
    List<Path> fresh = learned.stream().filter(p -> isFresh(p, wallMs)).toList();
    if (!fresh.equals(memory.paths())) {
      memory = fresh.isEmpty() ? EncapsulationMemory.NONE : new EncapsulationMemory(fresh);
    }
    return memory;
  }

  /** Puts what an earlier run remembered in place of what is remembered. */
  void memory(EncapsulationMemory earlier) {
    learned.clear();
    List<Path> paths = earlier.paths();
    learned.addAll(paths.subList(Math.max(0, paths.size() - MOST_PATHS), paths.size()));
  }

  private Path find(Ipv6Address homeAgent, Ipv6Address careOf, long wallMs) {
    for (Path path : learned) {
      if (path.homeAgent().equals(homeAgent)
          && path.careOfPrefix().contains(careOf)
          && isFresh(path, wallMs)) {
        return path;
      }
    }
    return null;
  }

  /** A clock that was set back makes old what it makes younger than nothing. */
  private static boolean isFresh(Path path, long wallMs) {
    long ageMs = wallMs - path.learnedWallMs();
    return ageMs >= 0 && ageMs < MEMORY_MS;
  }

  private static Ipv6Prefix subnet(Ipv6Address careOf) {
    return Ipv6Prefix.of(careOf, SUBNET_BITS);
  }
}
