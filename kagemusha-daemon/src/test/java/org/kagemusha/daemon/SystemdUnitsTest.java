package org.kagemusha.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** systemd itself judges the units. */
class SystemdUnitsTest {

  private static final Path UNITS = Path.of("..", "systemd");

  @TempDir Path directory;

  @BeforeEach
  void needsSystemd() {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/systemd-analyze")));
  }

  /** The unit as an instance, with a program that exists on every machine. */
  private Path instance(String file, String name) throws Exception {
    String text =
        Files.readString(UNITS.resolve(file))
            .replaceAll("/usr/bin/kagemusha(-ctl)?(?= )", "/bin/true");
    return Files.writeString(directory.resolve(name), text);
  }

  private static String run(int expected, String... command) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(List.of(command)).redirectErrorStream(true);
    builder.environment().put("SYSTEMD_COLORS", "0");
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(expected, process.waitFor(), output);
    return output;
  }

  @ParameterizedTest
  @CsvSource({
    "kagemusha@.service,kagemusha@vm1.service",
    "kagemusha-home-agent.service,kagemusha-home-agent.service"
  })
  void everySettingIsKnown(String file, String name) throws Exception {
    Path unit = instance(file, name);
    // verify only warns of what it does not know, with status 0.
    String warnings =
        run(0, "systemd-analyze", "verify", "--man=no", unit.toString())
            .lines()
            .filter(line -> line.contains(name))
            .toList()
            .toString();
    assertEquals("[]", warnings);
  }

  @ParameterizedTest
  @CsvSource({
    "kagemusha@.service,kagemusha@vm1.service",
    "kagemusha-home-agent.service,kagemusha-home-agent.service"
  })
  void theExposureIsBelowThree(String file, String name) throws Exception {
    String report =
        run(
            0, "systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=30",
            instance(file, name).toString());
    assertTrue(report.contains("Overall exposure level"), report);
  }

  @ParameterizedTest
  @CsvSource({"kagemusha@.service", "kagemusha-home-agent.service"})
  void everyCapabilityAndSettingHasItsReason(String file) throws Exception {
    String text = Files.readString(UNITS.resolve(file));
    for (String word :
        List.of(
            "CAP_NET_ADMIN:", "CAP_NET_RAW:", "MemoryDenyWriteExecute", "AF_PACKET the bridge")) {
      assertTrue(text.contains(word), word);
    }
    assertTrue(text.contains("Type=notify") && text.contains("WatchdogSec="));
  }
}
