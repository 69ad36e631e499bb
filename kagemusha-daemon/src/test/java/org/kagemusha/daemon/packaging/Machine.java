package org.kagemusha.daemon.packaging;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A machine that systemd runs: this machine's files under an overlay that vanishes with it, in a
 * network namespace with the interfaces of the example files: bridges {@code br0} and {@code
 * br-home}, and {@code eth0}, which is routed. None of them reaches anybody.
 */
final class Machine implements AutoCloseable {

  /** What a command said, on both of its outputs, and its exit status. */
  record Outcome(int status, String output) {}

  private static final long LIMIT_S = 60;

  private final String name = "kmd" + ProcessHandle.current().pid();
  private final Path directory;
  private final Path root;
  private Process nspawn;
  private long leader;

  Machine() throws Exception {
    directory = Files.createTempDirectory("kagemusha-machine");
    root = directory.resolve("root");
    try {
      overlay();
      network();
      boot();
    } catch (Exception | AssertionError e) {
      close();
      throw e;
    }
  }

  /** A file of the machine, by its path there. */
  Path file(String path) {
    return root.resolve(path.substring(1));
  }

  private void overlay() throws Exception {
    // Upper directories on a disk may themselves be in an overlay, which the kernel refuses.
    need("mount", "-t", "tmpfs", "tmpfs", directory.toString());
    for (String part : List.of("upper", "work", "root")) {
      Files.createDirectory(directory.resolve(part));
    }
    need(
        "mount", "-t", "overlay", "overlay", "-o",
        "lowerdir=/,upperdir=" + directory.resolve("upper") + ",workdir="
            + directory.resolve("work"),
        root.toString());
    Files.writeString(
        file("/etc/machine-id"), UUID.randomUUID().toString().replace("-", "") + "\n");
    // This is a machine of its own: what its host has forbidden, scheduled or put in the place of
    // the package does not count.
    need(
        "rm", "-rf", file("/usr/sbin/policy-rc.d").toString(),
        file("/etc/systemd/system/timers.target.wants").toString(),
        file("/usr/bin/kagemusha").toString(), file("/usr/bin/kagemusha-ctl").toString(),
        file("/etc/kagemusha").toString(), file("/var/log/journal").toString());
  }

  private void network() throws Exception {
    need("ip", "netns", "add", name);
    for (String command :
        List.of(
            "link set lo up",
            "link add br0 address 52:54:00:aa:00:01 type bridge mcast_snooping 0",
            "link set br0 up",
            "link add br-home address 52:54:00:20:00:01 type bridge mcast_snooping 0",
            "link set br-home up",
            "link add port type veth peer name station",
            "link set port master br-home up",
            "link set station up",
            "link add eth0 type veth peer name wire",
            "link set wire up",
            "link set eth0 up",
            "addr add 2001:db8:3000::3/64 dev eth0 nodad",
            "route add default via 2001:db8:3000::1 dev eth0")) {
      List<String> words = new ArrayList<>(List.of("ip", "-n", name));
      words.addAll(List.of(command.split(" ")));
      need(words.toArray(new String[0]));
    }
  }

  private void boot() throws Exception {
    Path log = directory.resolve("console");
    nspawn =
        new ProcessBuilder(
                "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--link-journal=no",
                "--capability=CAP_NET_ADMIN", "--machine=" + name, "--directory=" + root,
                "--network-namespace-path=/run/netns/" + name, "--console=pipe", "--boot",
                "systemd.unit=basic.target")
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
    while (!isUp()) {
      if (nspawn.waitFor(100, TimeUnit.MILLISECONDS) || System.nanoTime() > giveUp) {
        throw new IOException("the machine does not start:\n" + Files.readString(log));
      }
    }
    // As udev has it where there is one.
    need("nsenter", "-t", Long.toString(leader), "-a", "chmod", "0666", "/dev/net/tun");
  }

  private boolean isUp() throws Exception {
    leader = nspawn.children().mapToLong(ProcessHandle::pid).findFirst().orElse(0);
    return leader != 0
        && run("systemctl", "is-system-running").output().matches("(?s)(running|degraded).*");
  }

  /** Runs a command in the machine. */
  Outcome run(String... command) throws Exception {
    List<String> words = new ArrayList<>(List.of("nsenter", "-t", Long.toString(leader), "-a"));
    words.addAll(List.of(command));
    return execute(words);
  }

  /** Runs a command that must succeed, and gives what it said. */
  String succeed(String... command) throws Exception {
    Outcome outcome = run(command);
    if (outcome.status() != 0) {
      throw new AssertionError(String.join(" ", command) + " failed:\n" + outcome.output());
    }
    return outcome.output();
  }

  private static void need(String... command) throws Exception {
    Outcome outcome = execute(List.of(command));
    if (outcome.status() != 0) {
      throw new IOException(String.join(" ", command) + " failed: " + outcome.output());
    }
  }

  private static Outcome execute(List<String> command)
      throws IOException, InterruptedException, ExecutionException, TimeoutException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(Path.of("/").toFile())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().put("DEBIAN_FRONTEND", "noninteractive");
    Process process = builder.start();
    CompletableFuture<String> output =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return new String(
                    process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    if (!process.waitFor(LIMIT_S, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IOException(String.join(" ", command) + " does not end");
    }
    return new Outcome(process.exitValue(), output.get(LIMIT_S, TimeUnit.SECONDS));
  }

  @Override
  public void close() throws IOException {
    try {
      if (nspawn != null) {
        nspawn.destroy();
        if (!nspawn.waitFor(10, TimeUnit.SECONDS)) {
          nspawn.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        }
      }
      for (List<String> step :
          List.of(
              List.of("ip", "netns", "del", name),
              List.of("umount", root.toString()),
              List.of("umount", directory.toString()),
              List.of("rmdir", directory.toString()),
              List.of("rm", "-rf", "/run/systemd/nspawn/propagate/" + name))) {
        execute(step);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("not cleaned up: " + name, e);
    }
  }
}
