package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** With the keys that root asks for, an independent dissector reads what ESP hides. */
@Tag("netns")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CaptureKeysTest {

  private static final String ASK =
      "import socket, sys\n"
          + "s = socket.socket(socket.AF_UNIX)\n"
          + "s.connect(sys.argv[1])\n"
          + "s.sendall(b'keys 5\\n')\n"
          + "print(s.recv(65536).decode())\n";

  @TempDir static Path directory;

  private Laboratory laboratory;
  private DaemonProcess b;

  @BeforeAll
  void guestAbroad() throws Exception {
    laboratory = new Laboratory(directory, DemoProtection.required, "off");
    final DaemonProcess agent = laboratory.homeAgent();
    laboratory.bootGuestAtHome();
    b = laboratory.daemonB();
    Grants.prepared(b);
    assertEquals(1, Grants.of(agent).size());
  }

  @AfterAll
  void end() throws IOException {
    laboratory.close();
  }

  @Test
  void rfc4303_tsharkReadsWhatIsInside() throws Exception {
    Path file = directory.resolve("both.pcapng");
    Path keyFile = directory.resolve("esp_sa");
    Process capture =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                System.getProperty("java.class.path"), "org.kagemusha.daemon.Main", "capture",
                "--socket", laboratory.configuration.socket("b").toString(), "--keys",
                keyFile.toString(), file.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("capture.log").toFile())
            .start();
    try {
      Laboratory.eventually(
          "the capture has begun",
          () -> Files.exists(file) && Files.size(file) > 0 && Files.exists(keyFile));
      laboratory.guestToB();
      Laboratory.eventually("the guest is abroad", this::works);
      Laboratory.eventually("packets are in it", () -> Files.size(file) > 10_000);
    } finally {
      capture.destroy();
      assertTrue(capture.waitFor(10, TimeUnit.SECONDS));
    }
    assertEquals(
        "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(keyFile)));
    Grants.logged(b, "esp keys exported");

    String outside = "frame.interface_name == \"underlay\" && esp && ";
    List<String> keys = Files.readAllLines(keyFile);
    assertFalse(keys.isEmpty());
    assertEquals(List.of(), tshark(file, List.of(), outside + "(mip6.mhtype || ipv6.nxt == 41)"));
    // RFC 6275 §6.1.7 and §6.1.8: what was asked, and that it was granted.
    assertFalse(tshark(file, keys, outside + "mip6.mhtype == 5").isEmpty());
    assertFalse(tshark(file, keys, outside + "mip6.mhtype == 6 && mip6.ba.status == 0").isEmpty());
    for (int type : List.of(128, 129)) {
      assertFalse(
          tshark(
                  file, keys,
                  outside + "icmpv6.type == " + type + " && ipv6.addr == " + Topology.HOME_ADDRESS
                      + " && ipv6.addr == " + Topology.CORRESPONDENT)
              .isEmpty(),
          "echo, type " + type);
    }
    assertEquals(List.of(), tshark(file, keys, outside + "_ws.malformed"));
    assertNowhereElse(keys, keyFile);
  }

  /** No log, state or other file of either end has a key, as text or as octets. */
  private static void assertNowhereElse(List<String> lines, Path keyFile) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(directory)) {
      files = all.filter(Files::isRegularFile).filter(one -> !one.equals(keyFile)).toList();
    }
    assertTrue(files.size() > 5, files.toString());
    for (String line : lines) {
      String key = line.split(",")[5].replaceAll("\"(0x)?", "");
      assertTrue(key.matches("[0-9a-f]{72}"), "256 bits and a salt of 32");
      String octets =
          new String(HexFormat.of().parseHex(key), StandardCharsets.ISO_8859_1);
      for (Path file : files) {
        String content = Files.readString(file, StandardCharsets.ISO_8859_1);
        assertFalse(content.toLowerCase(Locale.ROOT).contains(key), file + " has a key");
        assertFalse(content.contains(octets.substring(0, 32)), file + " has a key");
      }
    }
  }

  @Test
  void keysAreForRootAlone() throws Exception {
    Path socket = laboratory.configuration.socket("b");
    // As an operator does who lets a group command the daemon.
    Shell.run("chmod", "711", directory.toString());
    Shell.run("chmod", "666", socket.toString());
    String answer =
        Shell.run(
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3",
            "-c", ASK, socket.toString());
    assertTrue(answer.contains("only root"), answer);
    assertFalse(answer.contains("0x"), answer);
    Grants.logged(b, "refused to a peer that is not root", "uid=65534");
  }

  private boolean works() throws IOException {
    return laboratory
        .pingFromGuest("-c", "20", "-i", "0.02", "-W", "1", Topology.CORRESPONDENT)
        .contains(" 0% packet loss");
  }

  private static List<String> tshark(Path file, List<String> keys, String filter)
      throws IOException {
    List<String> command =
        new ArrayList<>(List.of("tshark", "-n", "-r", file.toString(), "-Y", filter));
    if (!keys.isEmpty()) {
      command.addAll(List.of("-o", "esp.enable_encryption_decode:TRUE"));
      keys.forEach(line -> command.addAll(List.of("-o", "uat:esp_sa:" + line)));
    }
    return Shell.run("", command).lines().filter(l -> !l.startsWith("Running as user")).toList();
  }
}
