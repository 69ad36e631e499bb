package org.kagemusha.tap.ipsecmb;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/** What the CPU can do, according to Linux. */
final class CpuFlags {

  private static final Path CPUINFO = Path.of("/proc/cpuinfo");

  private CpuFlags() {}

  /** The flags of this machine's first CPU; empty where Linux gives none, as on aarch64. */
  static Set<String> ofThisMachine() {
    try (BufferedReader lines = Files.newBufferedReader(CPUINFO, StandardCharsets.ISO_8859_1)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("flags")) {
          String flags = line.substring(line.indexOf(':') + 1).trim();
          return new HashSet<>(Arrays.asList(flags.split("\\s+")));
        }
      }
      return Set.of();
    } catch (IOException e) {
      return Set.of();
    }
  }
}
