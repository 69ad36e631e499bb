package org.kagemusha.tap.rawsocket;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.Protocol;

/**
 * A classic BPF program (bpf(4)) that picks frames on a bridge, so that a packet socket wakes
 * nobody for the rest.
 */
final class BridgeFilter {

  /** One instruction, {@code struct sock_filter}. */
  record Instruction(int code, int jumpTrue, int jumpFalse, int operand) {}

  /** More would need longer jumps than a classic program has. */
  static final int MOST_HOME_AGENTS = 16;

  /** Octets of an instruction in memory. */
  static final int INSTRUCTION = 8;

  private static final int LOAD_WORD = 0x20;
  private static final int LOAD_HALF = 0x28;
  private static final int LOAD_OCTET = 0x30;
  private static final int JUMP_IF_EQUAL = 0x15;
  private static final int RETURN = 0x06;
  private static final int PACKET_TYPE = -0x1000 + 4;
  private static final int OUTGOING = 4;
  private static final int WHOLE = 0x4_0000;

  private static final int DESTINATION_MAC = 0;
  private static final int SOURCE_MAC = 6;
  private static final int ETHER_TYPE = 12;
  private static final int IPV6 = 0x86dd;
  private static final int NEXT_HEADER = 14 + 6;
  private static final int SOURCE = 14 + 8;

  private BridgeFilter() {}

  /** A program that picks nothing. */
  static List<Instruction> nothing() {
    return List.of(new Instruction(RETURN, 0, 0, 0));
  }

  /**
   * A program that picks, among frames that this host did not send itself, those to the guest that
   * carry a Mobility Header or ESP from a home agent, and, where wanted, all that the guest sent.
   *
   * @param homeAgents 1 to {@link #MOST_HOME_AGENTS}
   */
  static List<Instruction> guest(
      MacAddress guest, List<Ipv6Address> homeAgents, boolean sentByGuest) {
    if (homeAgents.isEmpty() || homeAgents.size() > MOST_HOME_AGENTS) {
      throw new IllegalArgumentException(
          "1 to " + MOST_HOME_AGENTS + " home agents, not " + homeAgents.size());
    }
    Assembler program = new Assembler();
    program.load(LOAD_WORD, PACKET_TYPE).rejectIf(OUTGOING);
    if (sentByGuest) {
      program.load(LOAD_WORD, SOURCE_MAC).skipUnless((int) (guest.bits() >>> 16), 2);
      program.load(LOAD_HALF, SOURCE_MAC + 4).acceptIf((int) guest.bits() & 0xffff);
    }
    program.load(LOAD_WORD, DESTINATION_MAC).require((int) (guest.bits() >>> 16));
    program.load(LOAD_HALF, DESTINATION_MAC + 4).require((int) guest.bits() & 0xffff);
    program.load(LOAD_HALF, ETHER_TYPE).require(IPV6);
    program.load(LOAD_OCTET, NEXT_HEADER).skipIf(Protocol.ESP, 1).require(Protocol.MOBILITY);
    for (Ipv6Address homeAgent : homeAgents) {
      // Two instructions for each of the four words; what does not match goes on with the next.
      program.load(LOAD_WORD, SOURCE).skipUnless((int) (homeAgent.high() >>> 32), 6);
      program.load(LOAD_WORD, SOURCE + 4).skipUnless((int) homeAgent.high(), 4);
      program.load(LOAD_WORD, SOURCE + 8).skipUnless((int) (homeAgent.low() >>> 32), 2);
      program.load(LOAD_WORD, SOURCE + 12).acceptIf((int) homeAgent.low());
    }
    return program.reject().finish();
  }

  /**
   * A program that picks, among frames that this host did not send itself, IPv6 to one station.
   */
  static List<Instruction> to(MacAddress guest) {
    Assembler program = new Assembler();
    program.load(LOAD_WORD, PACKET_TYPE).rejectIf(OUTGOING);
    program.load(LOAD_WORD, DESTINATION_MAC).require((int) (guest.bits() >>> 16));
    program.load(LOAD_HALF, DESTINATION_MAC + 4).require((int) guest.bits() & 0xffff);
    program.load(LOAD_HALF, ETHER_TYPE).acceptIf(IPV6);
    return program.reject().finish();
  }

  /** Puts a program into memory that is in the machine's byte order. */
  static void write(List<Instruction> program, ByteBuffer memory) {
    int at = 0;
    for (Instruction instruction : program) {
      memory.putShort(at, (short) instruction.code());
      memory.put(at + 2, (byte) instruction.jumpTrue());
      memory.put(at + 3, (byte) instruction.jumpFalse());
      memory.putInt(at + 4, instruction.operand());
      at += INSTRUCTION;
    }
  }

  /** Resolves jumps to the two ends: "accept" behind the last instruction, then "reject". */
  private static final class Assembler {

    private static final int ACCEPT = -1;
    private static final int REJECT = -2;

    private final List<Instruction> program = new ArrayList<>();

    Assembler load(int code, int offset) {
      program.add(new Instruction(code, 0, 0, offset));
      return this;
    }

    Assembler rejectIf(int value) {
      return jump(value, REJECT, 0);
    }

    Assembler acceptIf(int value) {
      return jump(value, ACCEPT, 0);
    }

    Assembler require(int value) {
      return jump(value, 0, REJECT);
    }

    Assembler skipUnless(int value, int count) {
      return jump(value, 0, count);
    }

    Assembler skipIf(int value, int count) {
      return jump(value, count, 0);
    }

    Assembler reject() {
      program.add(new Instruction(RETURN, 0, 0, 0));
      return this;
    }

    private Assembler jump(int value, int whenEqual, int otherwise) {
      program.add(new Instruction(JUMP_IF_EQUAL, whenEqual, otherwise, value));
      return this;
    }

    List<Instruction> finish() {
      int accept = program.size();
      for (int i = 0; i < accept; i++) {
        Instruction raw = program.get(i);
        if (raw.code() == JUMP_IF_EQUAL) {
          int jumpTrue = resolve(raw.jumpTrue(), accept - i - 1);
          int jumpFalse = resolve(raw.jumpFalse(), accept - i - 1);
          program.set(i, new Instruction(JUMP_IF_EQUAL, jumpTrue, jumpFalse, raw.operand()));
        }
      }
      program.add(new Instruction(RETURN, 0, 0, WHOLE));
      program.add(new Instruction(RETURN, 0, 0, 0));
      return List.copyOf(program);
    }

    private static int resolve(int jump, int toAccept) {
      return jump == ACCEPT ? toAccept : jump == REJECT ? toAccept + 1 : jump;
    }
  }
}
