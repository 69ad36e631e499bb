package org.kagemusha.core.homeagent;

import java.util.List;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * A snapshot of the binding cache for the status command.
 *
 * @param bindings how many bindings are in force
 * @param entries every entry: bindings in force, those under test and those remembered for a while
 *     after their end
 */
public record HomeAgentStatus(int bindings, List<Entry> entries) {

  /**
   * One binding cache entry, RFC 6275 §9.1.
   *
   * @param homeAddress the home address
   * @param careOfAddress the care-of address, the last one if the binding has ended
   * @param mobileNode the name of the authorisation
   * @param state "testing", "bound", "deregistered", "expired" or "duplicate"
   * @param sequence the last sequence number accepted
   * @param remainingSeconds how long the binding still holds, or the memory of one that has ended
   * @param payloadProtected whether tunnelled payload is protected by ESP
   * @param encapsulation "none", or "udp:" and the mobile node's port (RFC 3948)
   */
  public record Entry(
      Ipv6Address homeAddress,
      Ipv6Address careOfAddress,
      String mobileNode,
      String state,
      int sequence,
      long remainingSeconds,
      boolean payloadProtected,
      String encapsulation) {}
}
