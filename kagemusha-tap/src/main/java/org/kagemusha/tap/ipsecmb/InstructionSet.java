package org.kagemusha.tap.ipsecmb;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * The implementations of AES-GCM in the library, each for CPUs with certain instructions; those
 * that every version from 1.0 on has, the quickest first. The conditions are those by which the
 * library itself chooses.
 */
enum InstructionSet {
  /** Four blocks in one instruction. */
  VAES_AVX512(
      "aes", "pclmulqdq", "avx2", "bmi2", "avx512f", "avx512dq", "avx512cd", "avx512bw", "avx512vl",
      "vaes", "vpclmulqdq", "gfni", "avx512ifma", "sha_ni"),
  /** One block in one instruction, on a CPU with AVX-512. */
  AVX512(
      "aes", "pclmulqdq", "avx2", "bmi2", "avx512f", "avx512dq", "avx512cd", "avx512bw",
      "avx512vl"),
  /** One block in one instruction, on a CPU with AVX2. */
  AVX_GEN4("aes", "pclmulqdq", "avx2", "bmi2"),
  /** One block in one instruction, on any CPU with AES-NI. */
  SSE("aes", "pclmulqdq", "sse4_2", "cmov");

  private final Set<String> flags;

  InstructionSet(String... flags) {
    this.flags = Set.of(flags);
  }

  /** How the names of its functions end. */
  String suffix() {
    return "_" + name().toLowerCase(Locale.ROOT);
  }

  /** How the name of the function ends that readies a manager of jobs. */
  String managerSuffix() {
    return switch (this) {
      case VAES_AVX512, AVX512 -> "avx512";
      case AVX_GEN4 -> "avx2";
      case SSE -> "sse";
    };
  }

  /** How the names of the functions end that do a manager's jobs by these instructions. */
  String jobSuffix() {
    return managerSuffix() + (this == VAES_AVX512 ? "_t2" : "_t1");
  }

  /**
   * Whether a CPU can run it.
   *
   * @param cpuFlags as {@code /proc/cpuinfo} has them, which leaves out what the kernel did not
   *     switch on
   */
  boolean runsOn(Set<String> cpuFlags) {
    return cpuFlags.containsAll(flags);
  }

  /** The quickest one that a CPU can run; empty without AES-NI and on other architectures. */
  static Optional<InstructionSet> best(Set<String> cpuFlags) {
    for (InstructionSet each : values()) {
      if (each.runsOn(cpuFlags)) {
        return Optional.of(each);
      }
    }
    return Optional.empty();
  }
}
