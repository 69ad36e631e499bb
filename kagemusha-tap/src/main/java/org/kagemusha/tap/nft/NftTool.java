package org.kagemusha.tap.nft;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;

/** Runs {@code nft -f -} with a script on its standard input. */
class NftTool {

  private static final List<Path> PLACES =
      List.of(Path.of("/usr/sbin/nft"), Path.of("/sbin/nft"), Path.of("/usr/bin/nft"));
  private static final long TIMEOUT_SECONDS = 10;

  /** The command without its arguments: where distributions install it, else by the search path. */
  String command() {
    return PLACES.stream()
        .filter(Files::isExecutable)
        .map(Path::toString)
        .findFirst()
        .orElse("nft");
  }

  void run(String script) throws KernelException {
    Process process = start();
    try (OutputStream input = process.getOutputStream()) {
      input.write(script.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      // It ended before it had read everything: its own message says why.
    }
    String output = finish(process);
    if (process.exitValue() != 0) {
      throw new KernelException("nft", "-f -", 0, hint(output.strip()));
    }
  }

  private Process start() throws KernelException {
    try {
      return new ProcessBuilder(command(), "-f", "-").redirectErrorStream(true).start();
    } catch (IOException e) {
      throw new KernelException("run", command(), Errno.ENOENT,
          "install the package nftables, without which the kernel answers tunnel and signalling"
              + " packets by ICMPv6 errors");
    }
  }

  private static String finish(Process process) throws KernelException {
    try {
      // Not the other way round: reading waits for the end of a tool that hangs. What it says fits
      // into the pipe.
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new KernelException("nft", "-f -", Errno.ETIMEDOUT, "it does not end");
      }
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
      throw new KernelException("nft", "-f -", Errno.EINTR, "interrupted");
    } catch (IOException e) {
      process.destroyForcibly();
      throw new KernelException("nft", "-f -", Errno.EIO, String.valueOf(e.getMessage()));
    }
  }

  private static String hint(String output) {
    if (output.contains("Operation not permitted")) {
      return "the process needs CAP_NET_ADMIN: " + output;
    }
    if (output.contains("Operation not supported") || output.contains("No such file")) {
      return "the kernel lacks nf_tables for this family: " + output;
    }
    return output;
  }
}
