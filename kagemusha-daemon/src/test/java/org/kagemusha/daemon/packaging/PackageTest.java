package org.kagemusha.daemon.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The Debian package on a machine of its own, with systemd: from its installation to its purge. */
@Tag("packaged")
@Tag("netns")
@Timeout(180)
class PackageTest {

  private static final String UNIT = "kagemusha@vm1.service";
  private static final String CONFIG = "/etc/kagemusha/vm1.toml";
  private static final String EXAMPLES = "/usr/share/doc/kagemusha/examples/";
  private static final String WANTS = "/etc/systemd/system/multi-user.target.wants/";
  private static final boolean LISTS = Runtime.version().feature() < 25;

  @TempDir Path directory;

  private Machine machine;

  @BeforeAll
  static void needsRootAndNspawn() {
    assumeTrue(System.getProperty("user.name").equals("root"), "needs root");
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/systemd-nspawn")),
        "needs systemd-nspawn, of Debian's systemd-container");
  }

  @Test
  void thePackageLivesAndGoesAsDebianAndSystemdExpect() throws Exception {
    try (Machine started = new Machine()) {
      machine = started;
      install();
      documentation();
      mistakeInTheConfiguration();
      start();
      sandbox();
      reload();
      watchdog();
      stop();
      homeAgent();
      upgrade();
      removeAndPurge();
    }
  }

  private void install() throws Exception {
    Files.copy(built(), machine.file("/root/kagemusha.deb"));
    if (LISTS) {
      // What a demonstration leaves in the package, where it was built with one.
      Path list = machine.file("/usr/share/kagemusha/classlists/static.list");
      Files.createDirectories(list.getParent());
      Files.copy(listOfClasses(), list);
    }

    machine.succeed("dpkg", "--install", "/root/kagemusha.deb");

    assertEquals("", units(), "nothing starts unasked");
    if (LISTS) {
      try (Stream<Path> archives = Files.list(machine.file("/var/cache/kagemusha/archive"))) {
        assertTrue(archives.anyMatch(file -> file.getFileName().toString().startsWith("static-")));
      }
    }
  }

  private static Path built() throws Exception {
    try (Stream<Path> files = Files.list(Path.of("target"))) {
      List<Path> packages =
          files.filter(file -> file.toString().matches(".*/kagemusha_.*\\.deb")).toList();
      assertEquals(1, packages.size(), "packages: " + packages);
      return packages.get(0);
    }
  }

  private Path listOfClasses() throws Exception {
    Path list = directory.resolve("static.list");
    new ProcessBuilder(
            System.getProperty("java.home") + "/bin/java", "-Xshare:off",
            "-XX:DumpLoadedClassList=" + list, "-jar", "target/kagemusha.jar", "check",
            "../etc/kagemusha/vm1.toml")
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor(60, TimeUnit.SECONDS);
    return list;
  }

  private void documentation() throws Exception {
    assertTrue(machine.succeed("kagemusha", "--version").startsWith("kagemusha "));
    for (String page : List.of("kagemusha", "kagemusha-run", "kagemusha-ctl", "kagemusha.toml")) {
      assertTrue(machine.succeed("man", "--where", page).contains("/" + page + "."), page);
    }
    assertTrue(
        machine
            .succeed(
                "bash", "-c",
                ". /usr/share/bash-completion/completions/kagemusha; complete -p kagemusha")
            .contains("kagemusha"));
  }

  private void mistakeInTheConfiguration() throws Exception {
    Files.writeString(machine.file("/etc/kagemusha/wrong.toml"), "[vm]\nname = 1\n");

    assertNotEquals(0, machine.run("systemctl", "start", "kagemusha@wrong").status());

    assertEquals("failed", property("kagemusha@wrong", "ActiveState"), "no restart cures that");
    assertEquals("3", property("kagemusha@wrong", "ExecMainStatus"));
    assertLogged("kagemusha@wrong", 1, 3, "/etc/kagemusha/wrong.toml:\\d+: \\[vm] mac: missing");
    machine.succeed("systemctl", "reset-failed");
    Files.delete(machine.file("/etc/kagemusha/wrong.toml"));
  }

  /** The example with static keys, which come as a credential; as its comments say. */
  private String example(String name) throws Exception {
    return Files.readString(machine.file(EXAMPLES + name))
        .replaceAll("(?m)^(\\[(provisioning|controller)]|hosts = .*)$", "")
        .replaceAll("(?m)^# (\\[\\[.*]]|[a-z-]+ = .*)$", "$1")
        .replaceAll("(?m)^key-file = .*$", "")
        .replaceAll("(?m)^# #key-credential", "key-credential");
  }

  private void keys(String name) throws Exception {
    Files.writeString(
        Files.createFile(
            machine.file("/etc/kagemusha/" + name + ".keys"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))),
        "encryption-key-out = \"" + "01".repeat(16) + "\"\nintegrity-key-out = \""
            + "02".repeat(32) + "\"\nencryption-key-in = \"" + "03".repeat(16)
            + "\"\nintegrity-key-in = \"" + "04".repeat(32) + "\"\n");
  }

  private void start() throws Exception {
    Files.writeString(machine.file(CONFIG), example("vm1.toml"));
    keys("vm1");
    Path dropIn = machine.file("/etc/systemd/system/" + UNIT + ".d/watchdog.conf");
    Files.createDirectories(dropIn.getParent());
    // The unit's half minute is long for a test.
    Files.writeString(dropIn, "[Service]\nWatchdogSec=4\n");
    machine.succeed("systemctl", "daemon-reload");

    machine.run("systemctl", "start", UNIT);

    assertLogged(UNIT, 1, 6, "ready name=vm1 socket=/run/kagemusha/vm1.sock");
    assertLogged(UNIT, 1, 6, "data path interface=km-vm1");
    Journal journal = new Journal(machine, UNIT);
    assertEquals("active", property(UNIT, "ActiveState"), journal.toString());
    assertTrue(property(UNIT, "StatusText").startsWith("waiting for the VM"), journal.toString());
    assertEquals(List.of(), journal.complaints());
    if (LISTS) {
      assertEquals(0, journal.count(6, ".*no class archive"), journal.toString());
    }
    machine.succeed("kagemusha-ctl", "-n", "vm1", "status");
  }

  private void sandbox() throws Exception {
    String pid = property(UNIT, "MainPID");
    String status = machine.succeed("cat", "/proc/" + pid + "/status");
    // CAP_NET_ADMIN and CAP_NET_RAW, <linux/capability.h>.
    assertTrue(status.contains("CapEff:\t0000000000003000\n"), status);
    assertTrue(status.contains("CapBnd:\t0000000000003000\n"), status);
    assertTrue(status.contains("Seccomp:\t2\n"), status);
    assertTrue(status.contains("NoNewPrivs:\t1\n"), status);
    assertFalse(status.contains("Uid:\t0"), status);
    realTime(pid);
  }

  /** LimitRTPRIO= is beyond a service manager that has no CAP_SYS_RESOURCE itself. */
  private void realTime(String pid) throws Exception {
    String limits = machine.succeed("cat", "/proc/" + pid + "/limits");
    boolean allowed = limits.matches("(?s).*Max realtime priority +1 .*");
    assertLogged(
        UNIT, 1, 6,
        allowed
            ? "scheduling name=vm1 real-time=true"
            : "scheduling name=vm1 real-time=false cause=sched_setscheduler SCHED_RR: EPERM .*");
  }

  private void reload() throws Exception {
    Files.writeString(
        machine.file(CONFIG), example("vm1.toml").replace("#hop-limit = 64", "hop-limit = 63"));
    machine.succeed("systemctl", "reload", UNIT);
    assertLogged(UNIT, 1, 6, "settings applied vm=vm1");
    assertLogged(UNIT, 1, 6, "reloaded name=vm1 restart-needed=\\[\\]");

    Files.writeString(machine.file(CONFIG), "[vm]\n");
    assertNotEquals(0, machine.run("systemctl", "reload", UNIT).status(), "refused");
    assertEquals("active", property(UNIT, "ActiveState"));
    Files.writeString(machine.file(CONFIG), example("vm1.toml"));
  }

  private void watchdog() throws Exception {
    machine.succeed("systemctl", "kill", "--kill-who=main", "--signal=STOP", UNIT);

    await("NRestarts", "1");
    await("ActiveState", "active");

    assertLogged(UNIT, 1, 3, "kagemusha@vm1.service: Watchdog timeout");
    assertLogged(UNIT, 2, 6, "ready name=vm1");
  }

  private void stop() throws Exception {
    machine.succeed("systemctl", "stop", UNIT);

    assertEquals("success", property(UNIT, "Result"));
    assertLogged(UNIT, 1, 6, "stopping name=vm1");
    assertLogged(UNIT, 1, 6, "stopped name=vm1");
    assertNotEquals(0, machine.run("ip", "link", "show", "km-vm1").status());
    assertEquals("", machine.succeed("nft", "list", "tables"));
  }

  private void homeAgent() throws Exception {
    Files.writeString(machine.file("/etc/kagemusha/home-agent.toml"), example("home-agent.toml"));
    keys("home-agent");
    machine.succeed("ip", "addr", "add", "2001:db8:2000::1/64", "dev", "br-home", "nodad");

    machine.run("systemctl", "start", "kagemusha-home-agent");

    assertLogged("kagemusha-home-agent", 1, 6, "ready name=home-agent");
    assertEquals("active", property("kagemusha-home-agent", "ActiveState"));
    machine.succeed("systemctl", "reload", "kagemusha-home-agent");
    machine.succeed("systemctl", "stop", "kagemusha-home-agent");
    assertEquals("success", property("kagemusha-home-agent", "Result"));
    // As one that an operator stopped for a while.
    machine.succeed("systemctl", "enable", "kagemusha-home-agent");
    machine.succeed("ip", "addr", "del", "2001:db8:2000::1/64", "dev", "br-home");
  }

  private void upgrade() throws Exception {
    machine.succeed("systemctl", "enable", "--now", UNIT);
    String pid = property(UNIT, "MainPID");

    machine.succeed("dpkg", "--install", "/root/kagemusha.deb");

    assertEquals("active", property(UNIT, "ActiveState"), "what ran runs again");
    assertNotEquals(pid, property(UNIT, "MainPID"));
    assertEquals("inactive", property("kagemusha-home-agent", "ActiveState"), "and nothing else");
  }

  private void removeAndPurge() throws Exception {
    String pid = property(UNIT, "MainPID");

    machine.succeed("dpkg", "--remove", "kagemusha");

    assertGone("/usr/bin/kagemusha");
    assertEquals("", units());
    assertNotEquals(0, machine.run("kill", "-0", pid).status(), "it was stopped");
    assertTrue(Files.exists(machine.file("/var/lib/private/kagemusha/host-secret")), "state stays");

    machine.succeed("dpkg", "--purge", "kagemusha");

    for (String gone :
        List.of(
            "/var/lib/private/kagemusha", "/var/lib/kagemusha", "/var/cache/kagemusha",
            WANTS + UNIT, WANTS + "kagemusha-home-agent.service")) {
      assertGone(gone);
    }
    assertTrue(Files.exists(machine.file(CONFIG)), "the operator's own");
  }

  /** The journal reads what a unit writes when it comes to it. */
  private void assertLogged(String unit, int times, int priority, String expression)
      throws Exception {
    long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    Journal journal = new Journal(machine, unit);
    while (journal.count(priority, expression) < times && System.nanoTime() < giveUp) {
      journal = new Journal(machine, unit);
    }
    assertEquals(times, journal.count(priority, expression), expression + " in\n" + journal);
  }

  private void assertGone(String path) {
    assertFalse(Files.exists(machine.file(path), LinkOption.NOFOLLOW_LINKS), path);
  }

  private String units() throws Exception {
    return machine.succeed(
        "systemctl", "list-units", "--plain", "--no-legend", "kagemusha*");
  }

  private String property(String unit, String name) throws Exception {
    return machine.succeed("systemctl", "show", "--property=" + name, "--value", unit).strip();
  }

  /**
   * The test's time limit bounds the wait; each question starts a program, and so takes a while.
   */
  private void await(String name, String value) throws Exception {
    while (!property(UNIT, name).equals(value)) {
      continue;
    }
  }
}
