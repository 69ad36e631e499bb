package org.kagemusha.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.daemon.control.ControlReply;
import org.kagemusha.daemon.control.ControlServer;
import org.kagemusha.daemon.loop.PacketLoop;

/** The command line against a control socket in the same process. */
@Timeout(60)
class MainTest {

  @TempDir Path directory;
  private PacketLoop loop;
  private ControlServer server;
  private String socket;
  private String output;
  private String errors;

  @BeforeEach
  void open() throws IOException {
    loop = new PacketLoop("test", cause -> { });
    socket = directory + "/vm1.sock";
    server =
        ControlServer.open(
            loop.eventLoop(),
            Path.of(socket),
            (verb, arguments, answer) -> {
              if (verb.equals("capture")) {
                answer.accept(
                    ControlReply.stream(
                        client ->
                            client
                                .writeAndFlush(Unpooled.wrappedBuffer(new byte[100]))
                                .addListener(ChannelFutureListener.CLOSE)));
              } else if (verb.equals("release")) {
                answer.accept(ControlReply.error("the VM is at home"));
              } else {
                answer.accept(ControlReply.done(verb + arguments + "\n"));
              }
            });
  }

  @AfterEach
  void close() throws IOException {
    server.close();
    loop.close();
  }

  private int run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status = Main.run(new PrintWriter(out), new PrintWriter(err), arguments);
    output = out.toString();
    errors = err.toString();
    return status;
  }

  @ParameterizedTest
  @CsvSource({
    "status,status[]", "status --json,status[json]", "show binding,show[binding]",
    "show sa --json,'show[sa, json]'", "show counters,show[counters]",
    "show neighbours,show[neighbours]", "prepare,prepare[]", "arrived,arrived[]", "left,left[]",
    "home,home[]", "reload,reload[]"
  })
  void verbsReachTheDaemon(String line, String answer) {
    String[] words = (line + " --socket " + socket).split(" ");
    assertEquals(0, run(words), () -> errors);
    assertEquals(answer + "\n", output);
  }

  @Test
  void aRefusalIsStatusOne() {
    assertEquals(1, run("release", "--socket", socket));
    assertEquals("the VM is at home\n", errors);
  }

  @ParameterizedTest
  @CsvSource({"''", "sing", "show nothing", "status --yaml", "check", "capture x --seconds 0",
    "report --moves 0", "report --moves 17"})
  void wrongUsageIsStatusTwo(String line) {
    assertEquals(2, run(line.isEmpty() ? new String[0] : line.split(" ")));
    assertTrue(!errors.isEmpty());
  }

  @Test
  void aWrongConfigurationIsStatusThree() throws IOException {
    Path file = directory.resolve("vm1.toml");
    Files.writeString(file, "[vm]\nnaem = \"x\"\n");
    assertEquals(3, run("check", file.toString()));
    assertTrue(
        errors.contains(file + ":2: [vm] naem: unknown key; did you mean \"name\"?"), errors);
    assertEquals(3, run("run", file.toString()));
    assertEquals(3, run("home-agent", directory.resolve("none.toml").toString()));
  }

  @Test
  void checkTellsWhatIsRight() throws IOException {
    Path file = directory.resolve("vm1.toml");
    Files.writeString(
        file,
        "[vm]\nmac = \"52:54:00:12:34:10\"\nhome-address = \"2001:db8::10\"\n[home]\n"
            + "prefix = \"2001:db8::/64\"\nagent = \"2001:db8::1\"\n"
            + "[protection]\nsignalling = \"none\"\ninsecure = true\n");
    assertEquals(0, run("check", file.toString()));
    assertEquals(file + ": ok: VM vm1 with 1 home address(es)\n", output);
  }

  @Test
  void checkReadsTheFilesOfTlsToo() throws IOException {
    Path missing = directory.resolve("none.pem");
    Path vm = directory.resolve("vm1.toml");
    Files.writeString(
        vm,
        "[vm]\nmac = \"52:54:00:12:34:10\"\nhome-address = \"2001:db8::10\"\n[home]\n"
            + "prefix = \"2001:db8::/64\"\nagent = \"2001:db8::1\"\n"
            + "[provisioning]\nca = \"" + missing + "\"\n");
    assertEquals(3, run("check", vm.toString()));
    assertTrue(errors.startsWith(vm + ": "), errors);
    assertEquals("", output);
    Path agent = directory.resolve("home-agent.toml");
    Files.writeString(
        agent,
        "[home-agent]\naddress = \"2001:db8::1\"\nprefix = \"2001:db8::/64\"\n"
            + "[tap]\nbridge = \"br-home\"\n[controller]\nca = \"" + missing + "\"\n");
    assertEquals(3, run("check", agent.toString()));
    assertTrue(errors.startsWith(agent + ": "), errors);
  }

  @Test
  void withoutADaemonItIsStatusFour() {
    assertEquals(4, run("status", "--socket", directory + "/none.sock"));
    assertTrue(errors.contains("no daemon answers on"), errors);
    assertEquals(4, run("status", "-n", "no-such-vm-here"));
  }

  @Test
  void aCaptureMakesANewFileForItsOwnerOnly() throws IOException {
    Path file = directory.resolve("both.pcapng");
    assertEquals(0, run("capture", file.toString(), "--socket", socket));
    assertEquals(100, Files.size(file));
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    assertEquals(1, run("capture", file.toString(), "--socket", socket));
    assertTrue(errors.contains("exists already"), errors);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "run", "home-agent", "check", "status", "report", "prepare", "show", "capture", "pki", "pki init",
        "pki issue", "pki revoke", "demo"
      })
  void everyCommandExplainsItself(String command) {
    assertEquals(0, run((command + " --help").split(" ")), () -> errors);
    assertTrue(output.startsWith("Usage: kagemusha " + command), output);
    assertEquals("", errors);
  }

  @Test
  void theVersionIsTold() {
    assertEquals(0, run("--version"));
    assertTrue(output.startsWith("kagemusha "), output);
    assertEquals(0, run("--help"));
    assertTrue(output.contains("home-agent") && output.contains("Exit status:"), output);
  }
}
