package org.kagemusha.daemon.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SuggestionTest {

  @ParameterizedTest
  @CsvSource({"kitten,sitting,3", "'',abc,3", "abc,'',3", "same,same,0",
    "brigde,bridge,1", "nmae,name,1"})
  void countsInsertionsDeletionsAndSubstitutions(String a, String b, int distance) {
    assertEquals(distance, Suggestion.distance(a, b));
    assertEquals(distance, Suggestion.distance(b, a));
  }

  @Test
  void suggestsOnlyWhatIsNear() {
    List<String> words = List.of("bridge", "name", "mtu");
    assertEquals(Optional.of("bridge"), Suggestion.nearest("brigde", words));
    assertEquals(Optional.of("mtu"), Suggestion.nearest("mtv", words));
    assertEquals(Optional.empty(), Suggestion.nearest("hostname-of-vm", words));
  }

  @ParameterizedTest
  @CsvSource({"250ms,250", "90s,90000", "10m,600000", "1h30m,5400000", "1d,86400000", "0s,0"})
  void readsAndWritesDurations(String text, long ms) {
    assertEquals(OptionalLong.of(ms), DurationText.parse(text));
    assertEquals(OptionalLong.of(ms), DurationText.parse(DurationText.format(ms)));
  }

  @ParameterizedTest
  @CsvSource({"''", "10", "m", "10 m", "-5s", "'5s '", "1.5s", "10M", "9999999999s"})
  void refusesWhatIsNoDuration(String text) {
    assertEquals(OptionalLong.empty(), DurationText.parse(text));
  }
}
