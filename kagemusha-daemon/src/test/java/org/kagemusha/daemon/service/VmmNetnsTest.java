package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A daemon as a process, on a host abroad, whose VMM is played; nobody answers its updates. */
@Tag("netns")
@Timeout(120)
class VmmNetnsTest {

  private static final String HOST = "host-kv" + ProcessHandle.current().pid();

  @TempDir Path directory;

  private Path monitor;
  private PlayedVmm vmm;

  @BeforeEach
  void build() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"));
    Daemon.run("ip", "netns", "add", HOST);
    for (String command :
        new String[] {
          "link set lo up", "link add eth0 type veth peer name up0", "link set up0 up",
          "link set eth0 up",
          "address add 2001:db8:3000::b/64 dev eth0 nodad",
          "route add default via 2001:db8:3000::1 dev eth0",
          "link add br0 address 02:00:00:00:bb:01 type bridge mcast_snooping 0",
          "link set br0 up"
        }) {
      Daemon.run(("ip -n " + HOST + " " + command).split(" "));
    }
    monitor = directory.resolve("vm1.qmp");
    vmm = new PlayedVmm(monitor);
  }

  @AfterEach
  void remove() throws Exception {
    if (vmm != null) {
      vmm.close();
    }
    new ProcessBuilder("ip", "netns", "delete", HOST).start().waitFor();
  }

  private String configuration() throws Exception {
    Path file =
        Files.writeString(
            directory.resolve("vm1.toml"),
            """
            [vm]
            mac = "52:54:00:12:34:10"
            home-address = "2001:db8:2000::10"
            [home]
            prefix = "2001:db8:2000::/64"
            agent = "2001:db8:2000::1"
            router = "fe80::ff:fe00:2001"
            router-mac = "02:00:00:00:20:01"
            [tap]
            bridge = "br0"
            [underlay]
            care-of = "host"
            [binding]
            location = "foreign"
            [protection]
            signalling = "none"
            insecure = true
            """
                + "[vmm]\nqmp-socket = \"" + monitor + "\"\narrival-timeout = \"1s\"\n"
                + "[control]\nsocket = \"" + directory + "/vm1.sock\"\n[state]\ndirectory = \""
                + directory + "/state\"\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return file.toString();
  }

  private JsonArray report() throws Exception {
    String json = Daemon.run(Daemon.client(directory.resolve("vm1.sock"), "report json 16"));
    return JsonParser.parseString(json).getAsJsonObject().getAsJsonArray("moves");
  }

  private String status() throws Exception {
    return Daemon.run(Daemon.client(directory.resolve("vm1.sock"), "status json"));
  }

  private static List<String> events(JsonElement move) {
    List<String> events = new ArrayList<>();
    for (JsonElement one : move.getAsJsonObject().getAsJsonArray("events")) {
      JsonObject event = one.getAsJsonObject();
      assertTrue(event.get("ms").getAsDouble() >= 0, move.toString());
      events.add(event.get("event").getAsString());
    }
    return events;
  }

  private static int count(String text, String part) {
    return text.split(java.util.regex.Pattern.quote(part), -1).length - 1;
  }

  @Test
  void destinationSleepsUntilResumeAndKeepsItsBindingThroughAFailedMigration() throws Exception {
    try (Daemon daemon = new Daemon(HOST, "run", configuration())) {
      daemon.await("care-of vm=vm1");
      vmm.greet("inmigrate");
      daemon.await("vmm state vm=vm1 state=incoming");
      daemon.await("guest did not come vm=vm1 waited=1s registered=false");
      assertFalse(daemon.text().contains("bu sent"), daemon.text());
      vmm.event("RESUME");
      daemon.await("guest arrived vm=vm1 trigger=qmp place=foreign moves=1");
      assertEquals(1, count(daemon.text(), "bu sent"));
      vmm.event("STOP");
      daemon.await("guest paused vm=vm1");
      vmm.migration("failed");
      vmm.event("RESUME");
      daemon.await("guest resumed vm=vm1 trigger=qmp");
      vmm.event("STOP");
      vmm.migration("completed");
      vmm.state("postmigrate");
      daemon.await("guest left vm=vm1 place=foreign");
      daemon.await("vmm state vm=vm1 state=left");
      JsonArray moves = report();
      assertEquals(3, moves.size());
      assertEquals(List.of("vmm-resume", "arrived", "bu-sent"), events(moves.get(0)));
      assertEquals(List.of("vmm-stop", "paused", "resumed"), events(moves.get(1)));
      assertEquals(List.of("vmm-stop", "paused", "left"), events(moves.get(2)));
      daemon.signal("TERM");
      assertEquals(0, daemon.end());
    }
  }

  @Test
  void packetsAreCarriedInRealTimeWhereTheKernelAllowsIt() throws Exception {
    boolean allowed =
        new ProcessBuilder("chrt", "--rr", "1", "true").start().waitFor() == 0;
    try (Daemon daemon = new Daemon(HOST, "run", configuration())) {
      if (allowed) {
        daemon.await("scheduling name=vm1 real-time=true");
        assertTrue(status().contains("\"scheduling\": \"real time"), status());
      } else {
        daemon.await("scheduling name=vm1 real-time=false cause=sched_setscheduler .*EPERM");
        assertTrue(status().contains("\"scheduling\": \"ordinary ("), status());
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[scheduling] real-time = false | configured",
        "[protection] cipher-threads = 2 | cipher-threads"
      })
  void whyPacketsAreNotCarriedInRealTimeIsSaid(String setting, String cause) throws Exception {
    String configuration = configuration();
    Path file = Path.of(configuration);
    String[] words = setting.split(" ", 2);
    String text = Files.readString(file);
    Files.writeString(
        file,
        text.contains(words[0])
            ? text.replace(words[0], words[0] + "\n" + words[1])
            : text + words[0] + "\n" + words[1] + "\n");
    try (Daemon daemon = new Daemon(HOST, "run", configuration)) {
      daemon.await("scheduling name=vm1 real-time=false cause=" + cause);
      assertTrue(status().contains("\"scheduling\": \"ordinary\""), status());
    }
  }
}
