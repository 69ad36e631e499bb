package org.kagemusha.tap.rawsocket;

import java.util.List;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.Protocol;
import org.kagemusha.tap.libc.FilterProgram;

/** Which frames on a bridge a packet socket is to have. */
final class BridgeFilter {

  /** More would need longer jumps than a classic program has. */
  static final int MOST_HOME_AGENTS = 16;

  private static final int PACKET_TYPE = -0x1000 + 4;
  private static final int OUTGOING = 4;

  private static final int DESTINATION_MAC = 0;
  private static final int SOURCE_MAC = 6;
  private static final int ETHER_TYPE = 12;
  private static final int IPV6 = 0x86dd;
  private static final int NEXT_HEADER = 14 + 6;
  private static final int SOURCE = 14 + 8;

  private BridgeFilter() {}

  /**
   * A program that picks, among frames that this host did not send itself, those to the guest that
   * carry a Mobility Header or ESP from a home agent, and, where wanted, all that the guest sent.
   *
   * @param homeAgents 1 to {@link #MOST_HOME_AGENTS}
   */
  static FilterProgram guest(
      MacAddress guest, List<Ipv6Address> homeAgents, boolean sentByGuest) {
    if (homeAgents.isEmpty() || homeAgents.size() > MOST_HOME_AGENTS) {
      throw new IllegalArgumentException(
          "1 to " + MOST_HOME_AGENTS + " home agents, not " + homeAgents.size());
    }
    FilterProgram.Assembler program = new FilterProgram.Assembler();
    program.load(FilterProgram.WORD, PACKET_TYPE).rejectIf(OUTGOING);
    if (sentByGuest) {
      program.load(FilterProgram.WORD, SOURCE_MAC).skipUnless((int) (guest.bits() >>> 16), 2);
      program.load(FilterProgram.HALF, SOURCE_MAC + 4).acceptIf((int) guest.bits() & 0xffff);
    }
    program.load(FilterProgram.WORD, DESTINATION_MAC).require((int) (guest.bits() >>> 16));
    program.load(FilterProgram.HALF, DESTINATION_MAC + 4).require((int) guest.bits() & 0xffff);
    program.load(FilterProgram.HALF, ETHER_TYPE).require(IPV6);
    program.load(FilterProgram.OCTET, NEXT_HEADER).skipIf(Protocol.ESP, 1).require(Protocol.MOBILITY);
    for (Ipv6Address homeAgent : homeAgents) {
      // Two instructions for each of the four words; what does not match goes on with the next.
      program.load(FilterProgram.WORD, SOURCE).skipUnless((int) (homeAgent.high() >>> 32), 6);
      program.load(FilterProgram.WORD, SOURCE + 4).skipUnless((int) homeAgent.high(), 4);
      program.load(FilterProgram.WORD, SOURCE + 8).skipUnless((int) (homeAgent.low() >>> 32), 2);
      program.load(FilterProgram.WORD, SOURCE + 12).acceptIf((int) homeAgent.low());
    }
    return program.finish();
  }

  /**
   * A program that picks, among frames that this host did not send itself, IPv6 to one station.
   */
  static FilterProgram to(MacAddress guest) {
    FilterProgram.Assembler program = new FilterProgram.Assembler();
    program.load(FilterProgram.WORD, PACKET_TYPE).rejectIf(OUTGOING);
    program.load(FilterProgram.WORD, DESTINATION_MAC).require((int) (guest.bits() >>> 16));
    program.load(FilterProgram.HALF, DESTINATION_MAC + 4).require((int) guest.bits() & 0xffff);
    program.load(FilterProgram.HALF, ETHER_TYPE).acceptIf(IPV6);
    return program.finish();
  }
}
