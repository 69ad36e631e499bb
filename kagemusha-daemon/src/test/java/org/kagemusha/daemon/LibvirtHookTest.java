package org.kagemusha.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.daemon.config.ConfigFile;

/** The hook of libvirt, in the order in which libvirt 9 calls it, and in other ones. */
class LibvirtHookTest {

  private static final Path HOOK =
      Path.of("..", "etc", "libvirt", "hooks", "qemu").toAbsolutePath().normalize();

  /** All that the hook may start. */
  private static final List<String> TOOLS =
      List.of("cat", "sed", "head", "mkdir", "mv", "rm", "timeout");

  @TempDir Path directory;

  private Path path;
  private Path domains;
  private Path calls;
  private String xml;

  @BeforeEach
  void prepare() throws Exception {
    try (InputStream input = getClass().getResourceAsStream("/libvirt/domain.xml")) {
      xml = new String(input.readAllBytes(), StandardCharsets.UTF_8);
    }
    domains = directory.resolve("domains");
    calls = Files.createFile(directory.resolve("calls"));
    path = Files.createDirectory(directory.resolve("bin"));
    Files.createDirectory(directory.resolve("files"));
    for (String tool : TOOLS) {
      Path real = Path.of("/usr/bin", tool);
      Files.createSymbolicLink(
          path.resolve(tool), Files.exists(real) ? real : Path.of("/bin", tool));
    }
    fake("systemctl", "case $* in *is-active*) exit 3 ;; esac");
    fake("kagemusha-ctl", "");
    fake("logger", "");
  }

  /** A program that writes down how it was called, and then does something. */
  private void fake(String name, String then) throws IOException {
    Path program = path.resolve(name);
    Files.writeString(
        program, "#!/bin/sh\necho \"" + name + " $*\" >>" + calls + "\n" + then + "\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** Calls the hook, which must print nothing and succeed, and gives what it has called. */
  private List<String> hook(String shell, String domain, String operation, String input)
      throws Exception {
    List<String> command = new ArrayList<>(Arrays.asList(shell.split(" ")));
    command.set(0, "/bin/" + command.get(0));
    command.addAll(
        List.of(
            HOOK.toString(), domain, operation,
            operation.matches("stopped|release") ? "end" : "begin", "-"));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PATH", path.toString());
    builder.environment().put("KAGEMUSHA_DOMAINS", domains.toString());
    builder.environment().put("KAGEMUSHA_FILES", directory.resolve("files").toString());
    builder.environment().put("KAGEMUSHA_DEFAULTS", directory.resolve("defaults").toString());
    Files.writeString(calls, "");
    Process process = builder.start();
    try {
      process.getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().close();
    } catch (IOException e) {
      // It need not read what it has no use for.
    }
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(20, TimeUnit.SECONDS));
    assertEquals("", output);
    assertEquals(0, process.exitValue());
    return Files.readAllLines(calls);
  }

  private List<String> hook(String operation) throws Exception {
    return hook("sh", "vm1", operation, xml);
  }

  private static boolean tells(List<String> calls, String what) {
    return calls.stream()
        .anyMatch(c -> c.startsWith("logger -t kagemusha-hook") && c.contains(what));
  }

  @ParameterizedTest
  @ValueSource(strings = {"dash", "bash", "busybox sh"})
  void destinationIsPreparedAndNeverToldThatTheVmHasArrived(String shell) throws Exception {
    assumeTrue(Files.exists(Path.of("/bin/" + shell.split(" ")[0])));
    String early = xml.replaceAll("<target dev='vnet[0-9]+'/>", "");
    assertEquals(List.of(), hook(shell, "vm1", "migrate", early));
    assertEquals(
        List.of(
            "systemctl --quiet is-active kagemusha@vm1.service",
            "systemctl start kagemusha@vm1.service", "kagemusha-ctl -n vm1 prepare"),
        hook(shell, "vm1", "prepare", early));
    assertEquals(
        "KAGEMUSHA_CONFIG=" + domains + "/vm1.xml\n",
        Files.readString(domains.resolve("vm1.env")));
    assertEquals("vm1", new ConfigFile(directory).readVm(domains.resolve("vm1.xml")).name());
    for (String operation : List.of("start", "started")) {
      assertEquals(
          List.of("systemctl --no-block start kagemusha@vm1.service"),
          hook(shell, "vm1", operation, xml));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"dash", "bash", "busybox sh"})
  void sourceIsFencedAndThenReleased(String shell) throws Exception {
    assumeTrue(Files.exists(Path.of("/bin/" + shell.split(" ")[0])));
    hook(shell, "vm1", "prepare", xml);
    assertEquals(
        List.of("kagemusha-ctl -n vm1 left"), hook(shell, "vm1", "stopped", xml));
    assertEquals(
        List.of("systemctl --no-block stop kagemusha@vm1.service"),
        hook(shell, "vm1", "release", xml));
    assertFalse(Files.exists(domains.resolve("vm1.env")));
    assertFalse(Files.exists(domains.resolve("vm1.xml")));
  }

  @Test
  void abortedMigrationLeavesNothing() throws Exception {
    for (String operation : List.of("migrate", "prepare", "start", "started")) {
      assertFalse(hook(operation).toString().contains("arrived"));
    }
    hook("stopped");
    hook("release");
    try (var left = Files.list(domains)) {
      assertEquals(0, left.count());
    }
  }

  @Test
  void restartOfLibvirtdFindsTheDaemonOrStartsIt() throws Exception {
    assertEquals(
        List.of("systemctl --no-block start kagemusha@vm1.service"), hook("reconnect"));
    assertTrue(Files.exists(domains.resolve("vm1.xml")));
    assertEquals(
        List.of("systemctl --no-block start kagemusha@vm1.service"), hook("reconnect"));
  }

  @Test
  void callsTwiceOrInTheWrongOrderAreHarmless() throws Exception {
    assertEquals(List.of("kagemusha-ctl -n vm1 left"), hook("stopped"));
    assertEquals(List.of(), hook("release"));
    hook("started");
    assertTrue(Files.exists(domains.resolve("vm1.env")));
    hook("release");
    hook("prepare");
    hook("prepare");
    hook("release");
    assertEquals(List.of(), hook("release"));
    assertEquals(List.of("kagemusha-ctl -n vm1 left"), hook("stopped"));
  }

  @Test
  void daemonThatRunsIsGivenTheNewSettings() throws Exception {
    hook("prepare");
    fake("systemctl", "");
    assertTrue(hook("prepare").contains("systemctl reload kagemusha@vm1.service"));
    String other = xml.replace("6f1a1c0e", "00000000");
    assertTrue(
        hook("sh", "vm1", "prepare", other).contains("systemctl restart kagemusha@vm1.service"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"prepare", "start", "started", "reconnect", "stopped", "release"})
  void domainWithoutSettingsIsNotOurs(String operation) throws Exception {
    String theirs = xml.replaceAll("(?s)<kagemusha:vm.*</kagemusha:vm>", "");
    assertEquals(List.of(), hook("sh", "vm2", operation, theirs));
    assertFalse(Files.exists(domains));
  }

  @Test
  void metadataThatWereTakenAwayDoNotKeepTheDaemonAlive() throws Exception {
    hook("prepare");
    String theirs = xml.replaceAll("(?s)<kagemusha:vm.*</kagemusha:vm>", "");
    assertEquals(List.of("kagemusha-ctl -n vm1 left"), hook("sh", "vm1", "stopped", theirs));
    assertEquals(
        List.of("systemctl --no-block stop kagemusha@vm1.service"),
        hook("sh", "vm1", "release", theirs));
  }

  @Test
  void malformedXmlIsTheDaemonsToTellAndNoReasonToFail() throws Exception {
    fake("systemctl", "case $* in *is-active*) exit 3 ;; *start*) exit 1 ;; esac");
    List<String> calls = hook("sh", "vm1", "prepare", xml.substring(0, xml.length() / 2));
    assertTrue(
        tells(calls, "kagemusha@vm1 did not start: journalctl -u kagemusha@vm1 says why"),
        calls.toString());
    assertEquals(List.of(), hook("sh", "vm1", "prepare", ""));
    assertEquals(List.of(), hook("sh", "", "prepare", "<"));
  }

  @Test
  void daemonThatDoesNotRunIsToldOf() throws Exception {
    fake("kagemusha-ctl", "exit 4");
    assertTrue(tells(hook("prepare"), "not prepared yet"));
    assertTrue(tells(hook("stopped"), "was not told that the VM has gone"));
  }

  @Test
  void nothingIsWaitedForLongerThanSaid() throws Exception {
    Files.writeString(directory.resolve("defaults"), "KAGEMUSHA_HOOK_WAIT=1\n");
    Files.createSymbolicLink(path.resolve("sleep"), Path.of("/bin/sleep"));
    fake("systemctl", "case $* in *is-active*) exit 3 ;; esac\nexec sleep 60");
    long begun = System.nanoTime();
    assertTrue(tells(hook("prepare"), "takes longer than 1s to start"));
    assertTrue(System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(15));
    Files.writeString(directory.resolve("defaults"), "KAGEMUSHA_HOOK_WAIT=0\n");
    fake("systemctl", "case $* in *is-active*) exit 3 ;; esac");
    assertEquals(
        List.of(
            "systemctl --quiet is-active kagemusha@vm1.service",
            "systemctl --no-block start kagemusha@vm1.service"),
        hook("prepare"));
  }

  @Test
  void fileOfTheHostCountsAndItsDaemonIsNotStopped() throws Exception {
    Files.createFile(directory.resolve("files/vm1.toml"));
    List<String> calls = hook("prepare");
    assertTrue(tells(calls, "instead of the metadata"));
    assertTrue(calls.contains("systemctl start kagemusha@vm1.service"));
    assertFalse(Files.exists(domains.resolve("vm1.env")));
    assertEquals(List.of("kagemusha-ctl -n vm1 left"), hook("stopped"));
    assertEquals(List.of(), hook("release"));
  }

  @Test
  void domainWhoseNameIsNoFileNameIsCalledByItsUuid() throws Exception {
    String named = xml.replace("<name>vm1<", "<name>../my vm<");
    assertTrue(
        hook("sh", "../my vm", "prepare", named)
            .contains(
                "systemctl start kagemusha@6f1a1c0e-58b2-4a7e-9a39-0c1f7a3c9f10.service"));
    assertTrue(Files.exists(domains.resolve("6f1a1c0e-58b2-4a7e-9a39-0c1f7a3c9f10.xml")));
  }

  @Test
  void directoryThatCannotBeWrittenIsToldOf() throws Exception {
    Files.createFile(domains);
    assertTrue(tells(hook("prepare"), "cannot write to " + domains));
  }
}
