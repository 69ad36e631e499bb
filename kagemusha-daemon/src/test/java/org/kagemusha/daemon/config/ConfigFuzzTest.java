package org.kagemusha.daemon.config;

import static org.junit.jupiter.api.Assertions.assertFalse;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigFuzzTest {

  static Stream<byte[]> seeds() {
    return Stream.of(
        ConfigTexts.VM.getBytes(StandardCharsets.UTF_8),
        (ConfigTexts.VM + ConfigTexts.association("payload", 300))
            .getBytes(StandardCharsets.UTF_8),
        (ConfigTexts.VM + "[provisioning]\nkey = \"k\"\nalgorithms = []\n")
            .getBytes(StandardCharsets.UTF_8),
        (ConfigTexts.HOME_AGENT + "[controller]\n[[host]]\nname = \"a\"\nsubject = \"CN=a\"\n")
            .getBytes(StandardCharsets.UTF_8),
        ConfigTexts.HOME_AGENT.getBytes(StandardCharsets.UTF_8));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void everyFileIsReadOrRefused(byte[] octets) throws IOException {
    Path file = Files.createTempFile("kagemusha", ".toml");
    try {
      Files.write(file, octets == null ? new byte[0] : octets);
      new ConfigFile((Path) null).readEither(file);
    } catch (ConfigException e) {
      assertFalse(e.problems().isEmpty(), "a refusal says why");
    } finally {
      Files.delete(file);
    }
  }
}
