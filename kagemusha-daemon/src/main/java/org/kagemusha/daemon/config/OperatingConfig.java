package org.kagemusha.daemon.config;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import org.kagemusha.core.ipsec.engine.CipherTeam;

/**
 * What both roles share about being operated.
 *
 * @param socket the control socket
 * @param stateDirectory where sequence numbers and what was learned of the router are kept
 * @param metrics where the metrics page is served, or null: nowhere
 * @param logLevel the least important level that is logged
 * @param cipherEngine who computes AES-GCM
 * @param cipherThreads how many threads share the work of ciphers, the packets' own included
 * @param realTime whether the thread of the packets may run in real time, sched(7)
 */
public record OperatingConfig(
    Path socket,
    Path stateDirectory,
    MetricsAddress metrics,
    Level logLevel,
    CipherEngineName cipherEngine,
    int cipherThreads,
    boolean realTime) {

  /** The longest path that fits into {@code sun_path}, less its zero octet, unix(7). */
  static final int LONGEST_SOCKET_PATH = 107;

  static OperatingConfig read(Section root, String name) {
    Section control = root.section("control");
    Section state = root.section("state");
    Section metrics = root.section("metrics");
    Section log = root.section("log");
    Section protection = root.section("protection");
    return new OperatingConfig(
        control.parsed(
            "socket", Path.of("/run/kagemusha/" + name + ".sock"),
            "an absolute path of at most " + LONGEST_SOCKET_PATH + " octets",
            OperatingConfig::socketPath),
        state.parsed(
            "directory", Path.of("/var/lib/kagemusha"), "an absolute path",
            OperatingConfig::absolute),
        metrics.parsed(
            "listen", null,
            "\"127.0.0.1:PORT\", \"[::1]:PORT\" or \"unix:/absolute/path\": the page is not served"
                + " to the network",
            MetricsAddress::parse),
        log.choice("level", Level.INFO, levels()),
        protection.choice(
            "cipher-engine", CipherEngineName.AUTO, Choices.of(CipherEngineName.class)),
        (int) protection.integer("cipher-threads", 1, 1, CipherTeam.MOST_MEMBERS),
        root.section("scheduling").flag("real-time", true));
  }

  private static Map<String, Level> levels() {
    Map<String, Level> levels = new LinkedHashMap<>();
    levels.put("error", Level.SEVERE);
    levels.put("warning", Level.WARNING);
    levels.put("info", Level.INFO);
    levels.put("debug", Level.FINE);
    return levels;
  }

  static Path socketPath(String text) {
    if (text.getBytes(StandardCharsets.UTF_8).length > LONGEST_SOCKET_PATH) {
      throw new IllegalArgumentException("too long");
    }
    return absolute(text);
  }

  static Path absolute(String text) {
    Path path = Path.of(text);
    if (!path.isAbsolute() || text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("not absolute");
    }
    return path.normalize();
  }

  /** Names a VM or a home agent may have: they become file names. */
  static final String NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}";

  /** What is expected of a name. */
  static final String NAME_EXPECTED =
      "1 to 63 letters, digits, '.', '_' or '-', a letter or digit first";

  /** The name in the file, or the file's own name without its suffix. */
  static String readName(Section section, Path file) {
    String fallback = file.getFileName().toString().replaceFirst("\\.toml$", "");
    String safe = fallback.matches(NAME_PATTERN) ? fallback : "unnamed";
    return section.parsed("name", safe, NAME_EXPECTED, OperatingConfig::name);
  }

  static String name(String text) {
    if (!text.matches(NAME_PATTERN)) {
      throw new IllegalArgumentException("not a name");
    }
    return text;
  }

  /** One element or none, for messages. */
  static <T> T onlyOne(List<T> list) {
    return list.size() == 1 ? list.get(0) : null;
  }
}
