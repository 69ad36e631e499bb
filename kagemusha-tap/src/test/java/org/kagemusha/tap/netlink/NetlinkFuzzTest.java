package org.kagemusha.tap.netlink;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** No octets make the reader throw or run on. */
class NetlinkFuzzTest {

  static Stream<Arguments> recorded() throws Exception {
    return Stream.of(
        Arguments.of((Object) NetlinkCodecTest.recordedLink()),
        Arguments.of((Object) NetlinkCodecTest.recordedAddress()),
        Arguments.of((Object) NetlinkCodecTest.recordedRefusal()));
  }

  @MethodSource("recorded")
  @FuzzTest(maxDuration = "10s")
  void anyDatagramIsReadToItsEnd(byte[] octets) {
    assertDoesNotThrow(() -> NetlinkCodecTest.readAll(octets));
  }
}
