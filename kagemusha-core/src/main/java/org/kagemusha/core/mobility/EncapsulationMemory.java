package org.kagemusha.core.mobility;

import java.util.List;
import java.util.Objects;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/**
 * Which form of ESP was found to get through to home agents, for keeping over a restart.
 *
 * @param paths what was learned, the oldest first
 */
public record EncapsulationMemory(List<Path> paths) {

  /** Nothing was learned. */
  public static final EncapsulationMemory NONE = new EncapsulationMemory(List.of());

  /** Copies the list. */
  public EncapsulationMemory {
    paths = List.copyOf(paths);
  }

  /**
   * One path.
   *
   * @param homeAgent its far end
   * @param careOfPrefix the /64 of the care-of address, its near end
   * @param udp true: ESP in UDP (RFC 3948) gets through and native ESP does not; false: native ESP
   *     does
   * @param learnedWallMs when, ms since 1970
   */
  public record Path(
      Ipv6Address homeAgent, Ipv6Prefix careOfPrefix, boolean udp, long learnedWallMs) {

    /** Checks that both ends are given. */
    public Path {
      Objects.requireNonNull(homeAgent);
      Objects.requireNonNull(careOfPrefix);
    }
  }
}
