package org.kagemusha.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which options and which class archive the launcher gives to the JVM of a daemon. */
class LauncherTest {

  private static final String NO_ARCHIVE = "info: no class archive";

  @TempDir Path top;

  private Path target;
  private Path config;

  /** An installed tree with a java that prints its arguments. */
  @BeforeEach
  void install() throws IOException {
    for (String tool : List.of("ip", "nft", "ping", "java")) {
      assumeTrue(
          List.of("/usr/bin", "/bin", "/usr/sbin", "/sbin").stream()
              .anyMatch(directory -> Files.isExecutable(Path.of(directory, tool))),
          tool);
    }
    Files.copy(Path.of("..", "kagemusha"), top.resolve("kagemusha"));
    target = top.resolve("kagemusha-daemon/target");
    Files.createDirectories(target.resolve("lib"));
    Files.createDirectories(target.resolve("archive"));
    Files.createDirectories(top.resolve("kagemusha-daemon/src/main"));
    Files.createFile(top.resolve("pom.xml"));
    Files.createFile(top.resolve("kagemusha-daemon/pom.xml"));
    Files.writeString(target.resolve("kagemusha.jar"), "jar");
    Files.writeString(target.resolve("lib/other.jar"), "other");
    Files.createFile(target.resolve(".built"));
    config = Files.writeString(top.resolve("vm1.toml"), "[vm]\n");
    jdk("17.0.15", "17.0.15+6");
  }

  private void jdk(String version, String build) throws IOException {
    Path java = top.resolve("jdk/bin/java");
    Files.createDirectories(java.getParent());
    Files.writeString(java, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
    Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.writeString(
        top.resolve("jdk/release"),
        "IMPLEMENTOR=\"Somebody\"\nJAVA_RUNTIME_VERSION=\"" + build + "\"\nJAVA_VERSION=\""
            + version + "\"\n");
  }

  @Test
  void withoutAnArchiveADaemonStartsAllTheSameAndSaysSo() throws Exception {
    String output = launch("run", config.toString());

    assertEquals(1, output.lines().filter(line -> line.contains(NO_ARCHIVE)).count(), output);
    assertFalse(output.contains("SharedArchiveFile"), output);
    assertTrue(output.contains("-XX:+UseSerialGC\n"), output);
    assertTrue(output.endsWith("kagemusha.jar\nrun\n" + config + "\n"), output);
  }

  @Test
  void theArchiveOfThisBuildAndThisJdkIsUsed() throws Exception {
    Path archive = archive("static", "17.0.15+6");

    assertUses("-XX:SharedArchiveFile=" + archive);
  }

  @Test
  void theArchiveOfAnotherBuildIsNot() throws Exception {
    archive("static", "17.0.15+6");
    Files.setLastModifiedTime(target.resolve("lib/other.jar"), FileTime.fromMillis(1000));

    assertTrue(launch("run", config.toString()).contains(NO_ARCHIVE));
  }

  @Test
  void theArchiveOfAnotherJdkIsNot() throws Exception {
    archive("static", "17.0.15+6");
    jdk("17.0.16", "17.0.16+8");

    assertTrue(launch("run", config.toString()).contains(NO_ARCHIVE));
  }

  @Test
  void eachKindOfDaemonHasItsOwnArchive() throws Exception {
    Path provisioned = archive("provisioned", "17.0.15+6");
    Path homeAgent = archive("home-agent", "17.0.15+6");
    assertTrue(launch("run", config.toString()).contains(NO_ARCHIVE));
    Files.writeString(config, "[vm]\n\n[provisioning]\n");

    assertUses("-XX:SharedArchiveFile=" + provisioned);
    assertTrue(
        launch("home-agent", config.toString())
            .contains("-XX:SharedArchiveFile=" + homeAgent + "\n"));
  }

  @Test
  void laterJdksTakeAnAheadOfTimeCache() throws Exception {
    jdk("25.0.3", "25.0.3+9-LTS");
    Path archive = archive("static", "25.0.3+9-LTS");

    assertUses("-XX:AOTCache=" + archive);
    assertUses("-XX:+UseCompactObjectHeaders");
  }

  @Test
  void otherCommandsNeedNoArchive() throws Exception {
    String output = launch("status", "-n", "vm1");

    assertFalse(output.contains(NO_ARCHIVE), output);
    assertTrue(output.endsWith("status\n-n\nvm1\n"), output);
  }

  /** Beside an installed launcher there is nothing to build, and nothing may be written. */
  @Test
  void anInstalledLauncherTakesWhatIsBesideIt() throws Exception {
    Path installed = Files.createDirectory(top.resolve("installed"));
    Files.copy(top.resolve("kagemusha"), installed.resolve("kagemusha"));
    Files.writeString(installed.resolve("kagemusha.jar"), "jar");
    Files.createDirectory(installed.resolve("lib"));
    Files.createSymbolicLink(top.resolve("link"), installed.resolve("kagemusha"));
    String jar = installed.toRealPath().resolve("kagemusha.jar").toString();

    String output = launch(top.resolve("link"), "run", config.toString());

    assertTrue(output.endsWith("-jar\n" + jar + "\nrun\n" + config + "\n"), output);
    assertFalse(output.contains(target.toString()), output);
    // The words of a checkout mean nothing there.
    assertTrue(launch(top.resolve("link"), "test").endsWith(jar + "\ntest\n"));
  }

  private void assertUses(String option) throws Exception {
    String output = launch("run", config.toString());
    assertFalse(output.contains(NO_ARCHIVE), output);
    assertTrue(output.contains(option + "\n"), output);
  }

  /** An archive with the name of the jars as they are now. */
  private Path archive(String kind, String build) throws Exception {
    String sum =
        run(
            new ProcessBuilder(
                "sh", "-c", "stat -c '%n %Y %s' \"$0\" \"$1\"/lib/*.jar | cksum",
                target.toRealPath().resolve("kagemusha.jar").toString(),
                target.toRealPath().toString()));
    return Files.createFile(
        target.toRealPath().resolve("archive/" + kind + "-" + build + "-" + sum.split(" ")[0]));
  }

  private String launch(String... arguments) throws Exception {
    return launch(top.resolve("kagemusha"), arguments);
  }

  private String launch(Path launcher, String... arguments) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(launcher.toString());
    builder.command().addAll(List.of(arguments));
    builder.environment().put("JAVA_HOME", top.resolve("jdk").toString());
    builder.environment().remove("KAGEMUSHA_JAVA_OPTIONS");
    builder.environment().remove("KAGEMUSHA_TRAINING");
    return run(builder);
  }

  private static String run(ProcessBuilder builder) throws Exception {
    Process process = builder.redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(30, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue(), output);
    return output;
  }
}
