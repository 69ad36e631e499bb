package org.kagemusha.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Scanner;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The shell scripts: what shellcheck says, and the hook's client in every shell by every means. */
class ShellScriptsTest {

  private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
  private static final Path CTL = TOP.resolve("etc/kagemusha-ctl");
  private static final Path DEBIAN = TOP.resolve("kagemusha-daemon/src/main/debian");

  /** Where the tools of a Debian system are. */
  private static final List<Path> SYSTEM = List.of(Path.of("/usr/bin"), Path.of("/bin"));

  @TempDir Path directory;

  private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
  private Path socket;

  private record Outcome(int status, String output) {}

  static Stream<Arguments> shellsAndMeans() {
    return Stream.of("dash", "bash", "busybox sh")
        .flatMap(
            shell ->
                Stream.of("socat", "nc", "perl", "python3")
                    .map(means -> Arguments.of(shell, means)));
  }

  @BeforeEach
  void serve() throws IOException {
    socket = directory.resolve("vm1.sock");
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread thread = new Thread(() -> answerAll(server), "control");
    thread.setDaemon(true);
    thread.start();
  }

  private void answerAll(ServerSocketChannel server) {
    while (true) {
      try (SocketChannel client = server.accept()) {
        String request =
            new Scanner(Channels.newInputStream(client), StandardCharsets.UTF_8).nextLine();
        asked.add(request);
        String answer =
            switch (request) {
              case "arrived" -> "ok\n";
              case "prepare" -> "ok\nprepared, waiting for the VM\n";
              case "status json" -> "ok\n{\"state\": \"registered\"}\nlast line without end";
              default -> "error: not today\nbecause\n";
            };
        client.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
      } catch (IOException e) {
        return;
      }
    }
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("shellsAndMeans")
  void theHooksClientNeedsNoJvm(String shell, String means) throws Exception {
    assumeTrue(find(shell.split(" ")[0]) != null && find(means) != null);
    Path marker = directory.resolve("java-was-started");
    Path path = tools(means, marker);
    String[] start = shell.split(" ");
    start[0] = find(start[0]).toString();

    assertEquals(new Outcome(0, ""), ctl(path, start, "-s", socket.toString(), "arrived"));
    assertEquals("arrived", asked.poll(5, TimeUnit.SECONDS));
    assertEquals(
        new Outcome(0, "prepared, waiting for the VM\n"),
        ctl(path, start, "-s", socket.toString(), "prepare"));
    assertEquals("prepare", asked.poll(5, TimeUnit.SECONDS));
    assertEquals(
        new Outcome(0, "{\"state\": \"registered\"}\nlast line without end"),
        ctl(path, start, "-s", socket.toString(), "status", "json"));
    assertEquals("status json", asked.poll(5, TimeUnit.SECONDS));
    assertEquals(
        new Outcome(1, "kagemusha-ctl: not today\nbecause\n"),
        ctl(path, start, "-s", socket.toString(), "home"));
    assertEquals(4, ctl(path, start, "-s", directory + "/none.sock", "arrived").status());
    assertEquals(2, ctl(path, start).status());
    assertEquals(2, ctl(path, start, "-n", "../vm1", "arrived").status());
    assertFalse(Files.exists(marker));
  }

  @Test
  void shellcheckFindsNothing() throws Exception {
    assumeTrue(find("shellcheck") != null);
    Outcome outcome =
        run(
            null, "shellcheck", TOP.resolve("kagemusha").toString(),
            TOP.resolve(".ci/run").toString(), CTL.toString(),
            TOP.resolve("etc/libvirt/hooks/qemu").toString(),
            TOP.resolve("kagemusha-daemon/src/test/scripts/rest").toString(),
            DEBIAN.resolve("control/postinst").toString(),
            DEBIAN.resolve("control/prerm").toString(),
            DEBIAN.resolve("control/postrm").toString());
    assertEquals(new Outcome(0, ""), outcome);
    for (String script : List.of(
            "kagemusha", ".ci/run", "etc/kagemusha-ctl", "etc/libvirt/hooks/qemu",
            "kagemusha-daemon/src/test/scripts/rest")) {
      assertTrue(Files.isExecutable(TOP.resolve(script)), script);
    }
  }

  /** A search path with one means of reaching a socket, and a java that leaves a trace. */
  private Path tools(String means, Path marker) throws IOException {
    Path path = Files.createDirectory(directory.resolve("bin"));
    for (String tool : List.of("cat", "grep", means)) {
      Files.createSymbolicLink(path.resolve(tool), find(tool));
    }
    Path java = path.resolve("java");
    Files.writeString(java, "#!/bin/sh\n: >" + marker + "\n");
    Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
    return path;
  }

  private static Path find(String tool) {
    return SYSTEM.stream()
        .map(one -> one.resolve(tool))
        .filter(Files::isExecutable)
        .findFirst()
        .orElse(null);
  }

  private static Outcome ctl(Path path, String[] shell, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(Arrays.asList(shell));
    command.add(CTL.toString());
    command.addAll(List.of(arguments));
    return run(path, command.toArray(String[]::new));
  }

  private static Outcome run(Path path, String... command) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    if (path != null) {
      builder.environment().put("PATH", path.toString());
    }
    Process process = builder.start();
    process.getOutputStream().close();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(10, TimeUnit.SECONDS));
    return new Outcome(process.exitValue(), output);
  }
}
