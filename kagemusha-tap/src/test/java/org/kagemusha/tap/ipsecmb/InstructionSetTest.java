package org.kagemusha.tap.ipsecmb;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class InstructionSetTest {

  private static final String SSE = "cmov sse4_2 aes pclmulqdq";
  private static final String AVX2 = SSE + " avx avx2 bmi1 bmi2";
  private static final String SKYLAKE =
      AVX2 + " avx512f avx512dq avx512cd avx512bw avx512vl";
  private static final String ICE_LAKE = SKYLAKE + " vaes vpclmulqdq gfni avx512ifma sha_ni";

  private static Optional<InstructionSet> best(String flags) {
    return InstructionSet.best(new HashSet<>(Arrays.asList(flags.split(" "))));
  }

  @Test
  void theQuickestThatTheCpuHas() {
    assertEquals(Optional.of(InstructionSet.SSE), best(SSE));
    assertEquals(Optional.of(InstructionSet.AVX_GEN4), best(AVX2));
    assertEquals(Optional.of(InstructionSet.AVX512), best(SKYLAKE));
    assertEquals(Optional.of(InstructionSet.VAES_AVX512), best(ICE_LAKE));
  }

  @Test
  void aKernelThatKeepsAvx512OffKeepsItOffHere() {
    assertEquals(Optional.of(InstructionSet.AVX_GEN4), best(AVX2 + " vaes vpclmulqdq gfni sha_ni"));
  }

  @Test
  void nothingWithoutAesOrOnAnotherArchitecture() {
    assertEquals(Optional.empty(), best("cmov sse4_2 pclmulqdq avx avx2 bmi2"));
    assertEquals(Optional.empty(), InstructionSet.best(Set.of()));
  }
}
