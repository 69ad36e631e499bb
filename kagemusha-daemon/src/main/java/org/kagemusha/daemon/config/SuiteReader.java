package org.kagemusha.daemon.config;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kagemusha.core.provisioning.Ciphersuite;

/** Reads the list of algorithms that may serve fresh keys. */
final class SuiteReader {

  private static final List<Ciphersuite> USUAL =
      List.of(Ciphersuite.AES_256_GCM, Ciphersuite.AES_128_GCM);

  private SuiteReader() {}

  /** Those of the key {@code algorithms}, the preferred first. */
  static List<Ciphersuite> read(Section section) {
    Map<String, Ciphersuite> words = new LinkedHashMap<>();
    for (Ciphersuite suite : Ciphersuite.values()) {
      words.put(suite.encryption().configurationName(), suite);
    }
    String expected = "one or more of \"" + String.join("\", \"", words.keySet()) + "\"";
    List<Ciphersuite> suites = section.list("algorithms", expected, words::get);
    if (!section.has("algorithms")) {
      return USUAL;
    }
    if (section.isEmptyArray("algorithms")) {
      section.problem("algorithms", "found none; expected " + expected);
    }
    if (new HashSet<>(suites).size() != suites.size()) {
      section.problem("algorithms", "found an algorithm twice; expected each once");
    }
    return List.copyOf(suites);
  }
}
