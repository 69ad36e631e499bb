package org.kagemusha.daemon.demo;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The machine's own ping, run from the guest for the whole time; its summary is read at the end.
 */
final class PingProcess implements AutoCloseable {

  private static final Pattern COUNTS =
      Pattern.compile("(\\d+) packets transmitted, (\\d+) received(?:, \\+(\\d+) duplicates)?");

  private final Process process;

  PingProcess(String namespace, String destination) throws IOException {
    process =
        new ProcessBuilder(
                "ip", "netns", "exec", namespace, "ping", "-n", "-q", "-i", "0.02", "-w", "60",
                destination)
            .redirectErrorStream(true)
            .start();
  }

  /**
   * What ping counted.
   *
   * @param transmitted echo requests sent
   * @param received echo replies received
   * @param duplicates replies that came more than once
   */
  record Summary(int transmitted, int received, int duplicates) {}

  /** Ends ping as an operator would, by SIGINT, and reads what it counted. */
  Summary finish() throws IOException, InterruptedException {
    Shell.run("sh", "-c", "kill -INT " + process.pid());
    String output;
    try (InputStream stream = process.getInputStream()) {
      output = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
    process.waitFor(2, TimeUnit.SECONDS);
    Matcher counts = COUNTS.matcher(output);
    if (!counts.find()) {
      throw new IOException("ping: " + output.strip());
    }
    String duplicates = counts.group(3);
    return new Summary(
        Integer.parseInt(counts.group(1)),
        Integer.parseInt(counts.group(2)),
        duplicates == null ? 0 : Integer.parseInt(duplicates));
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
