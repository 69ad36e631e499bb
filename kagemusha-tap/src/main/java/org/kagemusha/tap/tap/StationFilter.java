package org.kagemusha.tap.tap;

import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.tap.libc.FilterProgram;

/**
 * Keeps from a tap's reader what a bridge only floods: frames of other stations to others than it.
 * Where each VM has a tap on one bridge, a frame for a station that the bridge does not know would
 * else wake the readers of all.
 */
final class StationFilter {

  private static final int DESTINATION_MAC = 0;
  private static final int SOURCE_MAC = 6;
  private static final int GROUP = 1;

  private StationFilter() {}

  /**
   * Passes what the guest sends, and what goes to a group, to the guest (an answer that its home
   * agent addresses to it at home), or to the station.
   */
  static FilterProgram program(MacAddress guest, MacAddress station) {
    FilterProgram.Assembler program = new FilterProgram.Assembler();
    acceptIf(program, SOURCE_MAC, guest);
    program.load(FilterProgram.OCTET, DESTINATION_MAC).acceptIfSet(GROUP);
    acceptIf(program, DESTINATION_MAC, guest);
    acceptIf(program, DESTINATION_MAC, station);
    return program.finish();
  }

  private static void acceptIf(FilterProgram.Assembler program, int offset, MacAddress is) {
    program.load(FilterProgram.WORD, offset).skipUnless((int) (is.bits() >>> 16), 2);
    program.load(FilterProgram.HALF, offset + 4).acceptIf((int) is.bits() & 0xffff);
  }
}
