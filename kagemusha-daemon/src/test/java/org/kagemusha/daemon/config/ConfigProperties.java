package org.kagemusha.daemon.config;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

class ConfigProperties {

  @Property(tries = 300)
  void anArbitraryTextIsReadOrRefused(@ForAll String text) throws IOException {
    refusedOrRead(text);
  }

  @Property(tries = 300)
  void aSpoiledFileIsReadOrRefused(
      @ForAll @IntRange(max = 2000) int at, @ForAll("fragments") String fragment)
      throws IOException {
    String text =
        ConfigTexts.VM + ConfigTexts.association("signalling", 1000)
            + "[protection]\npayload = \"disabled\"\n[log]\nlevel = \"info\"\n";
    int where = at % text.length();
    refusedOrRead(text.substring(0, where) + fragment + text.substring(where));
  }

  @Provide
  Arbitrary<String> fragments() {
    return Arbitraries.oneOf(
        Arbitraries.of(
            "\n", "[", "]", "[[", "\"", "=", "\\", "'''", "\"\"\"", "= {a = 1}",
            "1979-05-27", "nan",
            "\u0000", "\ud800", "[vm]\n", "0x", "-", "#", "[vm.mac]\nx=1\n"),
        Arbitraries.strings().ofMaxLength(5));
  }

  @Property
  void durationsSurviveTheirText(@ForAll @LongRange(min = 0, max = 100_000_000_000L) long ms) {
    assertTrue(DurationText.parse(DurationText.format(ms)).getAsLong() == ms);
  }

  private static void refusedOrRead(String text) throws IOException {
    Path file = Files.createTempFile("kagemusha", ".toml");
    try {
      Files.write(file, text.getBytes(StandardCharsets.UTF_8));
      new ConfigFile((Path) null).readEither(file);
    } catch (ConfigException e) {
      assertFalse(e.problems().isEmpty());
    } finally {
      Files.delete(file);
    }
  }
}
