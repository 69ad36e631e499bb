package org.kagemusha.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Scripts of the system's Python that use scapy. */
public final class Scapy {

  private static final String PYTHON = "/usr/bin/python3";
  private static final String PRELUDE =
      """
      import logging, sys
      logging.getLogger("scapy").setLevel(logging.ERROR)
      from scapy.all import *
      from scapy.layers.inet6 import *
      from scapy.layers.ipsec import *
      """;

  private Scapy() {}

  /** Leaves a test out where scapy is not installed. */
  public static void assumeInstalled() throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(Path.of(PYTHON)), "no " + PYTHON);
    Process process = new ProcessBuilder(PYTHON, "-c", "import scapy").start();
    assumeTrue(process.waitFor() == 0, "no scapy");
  }

  /**
   * Runs a script, which has scapy's names; it must end well within a minute.
   *
   * @param directory for its files
   * @param input the lines of its standard input
   * @return what it printed
   */
  public static String run(Path directory, String script, List<String> input)
      throws IOException, InterruptedException {
    Path file = Files.writeString(directory.resolve("script.py"), PRELUDE + script);
    Path lines = Files.write(directory.resolve("input"), input);
    Path output = directory.resolve("output");
    Process process =
        new ProcessBuilder(PYTHON, file.toString())
            .redirectInput(lines.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(60, TimeUnit.SECONDS);
    if (!ended) {
      process.destroyForcibly();
    }
    assertTrue(ended, "scapy does not end");
    String printed = Files.readString(output);
    assertEquals(0, process.exitValue(), printed);
    return printed;
  }
}
