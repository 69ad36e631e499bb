package org.kagemusha.tap.libc;

import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;

/**
 * A classic BPF program (bpf(4)) that picks what a descriptor's reader is to have, so that it is
 * not woken for the rest. Loads see numbers in network byte order.
 */
public final class FilterProgram {

  /** A 32-bit load, {@code BPF_LD | BPF_W | BPF_ABS}. */
  public static final int WORD = 0x20;

  /** A 16-bit load. */
  public static final int HALF = 0x28;

  /** An 8-bit load. */
  public static final int OCTET = 0x30;

  private static final int IF_EQUAL = 0x15;
  private static final int IF_SET = 0x45;
  private static final int RETURN = 0x06;
  private static final int WHOLE = 0x4_0000;
  private static final int SOCK_FPROG = 16;
  private static final int SOCK_FILTER = 8;

  /** One instruction, {@code struct sock_filter}. */
  private record Instruction(int code, int jumpTrue, int jumpFalse, int operand) {
    boolean isJump() {
      return code == IF_EQUAL || code == IF_SET;
    }
  }

  private final NativeMemory code;
  private final NativeMemory header = new NativeMemory(SOCK_FPROG);

  private FilterProgram(List<Instruction> program) {
    code = new NativeMemory(program.size() * SOCK_FILTER);
    int at = 0;
    for (Instruction instruction : program) {
      code.bytes()
          .putShort(at, (short) instruction.code())
          .put(at + 2, (byte) instruction.jumpTrue())
          .put(at + 3, (byte) instruction.jumpFalse())
          .putInt(at + 4, instruction.operand());
      at += SOCK_FILTER;
    }
    header.bytes().putShort(0, (short) program.size()).putLong(8, code.address());
  }

  /** A program that picks nothing. */
  public static FilterProgram nothing() {
    return new FilterProgram(List.of(new Instruction(RETURN, 0, 0, 0)));
  }

  /** Has a socket's reader have only what the program picks; it replaces an earlier one. */
  public void attach(Descriptor socket) throws KernelException {
    socket.setOption(
        Constants.SOL_SOCKET, Constants.SO_ATTACH_FILTER, header, SOCK_FPROG, "SO_ATTACH_FILTER");
    Reference.reachabilityFence(code);
  }

  /** The same for the reader of a tap. */
  public void attachToTap(Descriptor tap) throws KernelException {
    if (Libc.ioctl(tap.fd(), Constants.TUNATTACHFILTER, header.address()) < 0) {
      throw KernelException.last("TUNATTACHFILTER", tap.name());
    }
    Reference.reachabilityFence(code);
    Reference.reachabilityFence(header);
  }

  /** The reader of a tap has everything again. */
  public static void detachFromTap(Descriptor tap) {
    NativeMemory none = new NativeMemory(SOCK_FPROG);
    Libc.ioctl(tap.fd(), Constants.TUNDETACHFILTER, none.address());
    Reference.reachabilityFence(none);
  }

  /** Builds a program; jumps go to the next instructions, or to one of the two ends. */
  public static final class Assembler {

    private static final int ACCEPT = -1;
    private static final int REJECT = -2;

    private final List<Instruction> program = new ArrayList<>();

    /**
     * Loads what the next jumps look at.
     *
     * @param size {@link #WORD}, {@link #HALF} or {@link #OCTET}
     * @param offset from the first octet, or one of the kernel's own negative ones
     */
    public Assembler load(int size, int offset) {
      program.add(new Instruction(size, 0, 0, offset));
      return this;
    }

    /** Picks it if what was loaded is this. */
    public Assembler acceptIf(int value) {
      return jump(IF_EQUAL, value, ACCEPT, 0);
    }

    /** Picks it unless what was loaded is this. */
    public Assembler acceptUnless(int value) {
      return jump(IF_EQUAL, value, 0, ACCEPT);
    }

    /** Picks it if any of these bits is set. */
    public Assembler acceptIfSet(int bits) {
      return jump(IF_SET, bits, ACCEPT, 0);
    }

    /** Does not pick it if what was loaded is this. */
    public Assembler rejectIf(int value) {
      return jump(IF_EQUAL, value, REJECT, 0);
    }

    /** Does not pick it unless what was loaded is this. */
    public Assembler require(int value) {
      return jump(IF_EQUAL, value, 0, REJECT);
    }

    /** Passes over so many instructions if what was loaded is this. */
    public Assembler skipIf(int value, int count) {
      return jump(IF_EQUAL, value, count, 0);
    }

    /** Passes over so many instructions unless what was loaded is this. */
    public Assembler skipUnless(int value, int count) {
      return jump(IF_EQUAL, value, 0, count);
    }

    private Assembler jump(int code, int value, int whenTrue, int otherwise) {
      program.add(new Instruction(code, whenTrue, otherwise, value));
      return this;
    }

    /** The program; whatever was not picked before its end is not. */
    public FilterProgram finish() {
      int reject = program.size();
      List<Instruction> whole = new ArrayList<>();
      for (int i = 0; i < reject; i++) {
        Instruction raw = program.get(i);
        int toReject = reject - i - 1;
        whole.add(
            raw.isJump()
                ? new Instruction(
                    raw.code(), resolve(raw.jumpTrue(), toReject),
                    resolve(raw.jumpFalse(), toReject), raw.operand())
                : raw);
      }
      whole.add(new Instruction(RETURN, 0, 0, 0));
      whole.add(new Instruction(RETURN, 0, 0, WHOLE));
      return new FilterProgram(whole);
    }

    private static int resolve(int jump, int toReject) {
      return jump == ACCEPT ? toReject + 1 : jump == REJECT ? toReject : jump;
    }
  }
}
