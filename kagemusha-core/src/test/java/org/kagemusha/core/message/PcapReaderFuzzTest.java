package org.kagemusha.core.message;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class PcapReaderFuzzTest {

  static Stream<byte[]> seeds() {
    return Captures.ALL.stream().map(PcapReaderFuzzTest::head);
  }

  private static byte[] head(String name) {
    try (InputStream input = Captures.class.getResourceAsStream("/captures/" + name)) {
      return Arrays.copyOf(input.readAllBytes(), 400);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void aFileIsReadOrRefused(byte[] octets) {
    if (octets == null) {
      return;
    }
    try {
      PcapReader reader = new PcapReader(new ByteArrayInputStream(octets));
      int packets = 0;
      while (reader.next() != null) {
        packets++;
      }
      // 24 octets of file header, 16 before each packet.
      assertTrue(24 + 16L * packets <= octets.length);
    } catch (IOException refused) {
      assertNotNull(refused.getMessage());
    }
  }
}
