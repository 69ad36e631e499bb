package org.kagemusha.tap.tap;

import java.lang.ref.Reference;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * A classic BPF program (bpf(4)) on a tap that keeps from its reader what a bridge only floods:
 * frames of other stations to others than it. Where each VM has a tap on one bridge, a frame for a
 * station that the bridge does not know would else wake the readers of all.
 */
final class StationFilter {

  private static final int LOAD_WORD = 0x20;
  private static final int LOAD_HALF = 0x28;
  private static final int LOAD_OCTET = 0x30;
  private static final int IF_EQUAL = 0x15;
  private static final int IF_SET = 0x45;
  private static final int RETURN = 0x06;
  private static final int WHOLE = 0x4_0000;
  private static final int INSTRUCTION = 8;
  private static final int SOCK_FPROG = 16;

  private StationFilter() {}

  /**
   * Passes what the guest sends, and what goes to a group, to the guest (an answer that its home
   * agent addresses to it at home), or to the station.
   */
  static int[][] program(MacAddress guest, MacAddress station) {
    return new int[][] {
      {LOAD_WORD, 0, 0, 6},
      {IF_EQUAL, 0, 2, (int) (guest.bits() >>> 16)},
      {LOAD_HALF, 0, 0, 10},
      {IF_EQUAL, 11, 0, (int) (guest.bits() & 0xffff)},
      {LOAD_OCTET, 0, 0, 0},
      {IF_SET, 9, 0, 1},
      {LOAD_WORD, 0, 0, 0},
      {IF_EQUAL, 0, 2, (int) (guest.bits() >>> 16)},
      {LOAD_HALF, 0, 0, 4},
      {IF_EQUAL, 5, 0, (int) (guest.bits() & 0xffff)},
      {LOAD_WORD, 0, 0, 0},
      {IF_EQUAL, 0, 2, (int) (station.bits() >>> 16)},
      {LOAD_HALF, 0, 0, 4},
      {IF_EQUAL, 1, 0, (int) (station.bits() & 0xffff)},
      {RETURN, 0, 0, 0},
      {RETURN, 0, 0, WHOLE}
    };
  }

  static void attach(Descriptor tap, int[][] program) throws KernelException {
    NativeMemory code = new NativeMemory(program.length * INSTRUCTION);
    for (int i = 0; i < program.length; i++) {
      code.bytes()
          .putShort(i * INSTRUCTION, (short) program[i][0])
          .put(i * INSTRUCTION + 2, (byte) program[i][1])
          .put(i * INSTRUCTION + 3, (byte) program[i][2])
          .putInt(i * INSTRUCTION + 4, program[i][3]);
    }
    NativeMemory header = new NativeMemory(SOCK_FPROG);
    header.bytes().putShort(0, (short) program.length).putLong(8, code.address());
    if (Libc.ioctl(tap.fd(), Constants.TUNATTACHFILTER, header.address()) < 0) {
      throw KernelException.last("TUNATTACHFILTER", tap.name());
    }
    Reference.reachabilityFence(code);
    Reference.reachabilityFence(header);
  }

  static void detach(Descriptor tap) {
    NativeMemory header = new NativeMemory(SOCK_FPROG);
    Libc.ioctl(tap.fd(), Constants.TUNDETACHFILTER, header.address());
    Reference.reachabilityFence(header);
  }
}
