package org.kagemusha.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import java.io.IOException;
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

/** The command line against a control socket in the same process. */
@Timeout(60)
class MainTest {

  @TempDir Path directory;
  private CommandLineFixture cli;

  @BeforeEach
  void open() throws IOException {
    cli =
        new CommandLineFixture(
            directory,
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
    cli.close();
  }

  @ParameterizedTest
  @CsvSource({
    "status,status[]", "status --json,status[json]", "show binding,show[binding]",
    "show sa --json,'show[sa, json]'", "show counters,show[counters]",
    "show neighbours,show[neighbours]", "prepare,prepare[]", "arrived,arrived[]", "left,left[]",
    "home,home[]", "reload,reload[]"
  })
  void verbsReachTheDaemon(String line, String answer) {
    String[] words = (line + " --socket " + cli.socket()).split(" ");
    assertEquals(0, cli.run(words), cli::errors);
    assertEquals(answer + "\n", cli.output());
  }

  @Test
  void aRefusalIsStatusOne() {
    assertEquals(1, cli.run("release", "--socket", cli.socket()));
    assertEquals("the VM is at home\n", cli.errors());
  }

  @ParameterizedTest
  @CsvSource({"''", "sing", "show nothing", "status --yaml", "check", "capture x --seconds 0",
    "report --moves 0", "report --moves 17"})
  void wrongUsageIsStatusTwo(String line) {
    assertEquals(2, cli.run(line.isEmpty() ? new String[0] : line.split(" ")));
    assertTrue(!cli.errors().isEmpty());
  }

  @Test
  void aWrongConfigurationIsStatusThree() throws IOException {
    Path file = directory.resolve("vm1.toml");
    Files.writeString(file, "[vm]\nnaem = \"x\"\n");
    assertEquals(3, cli.run("check", file.toString()));
    assertTrue(
        cli.errors().contains(file + ":2: [vm] naem: unknown key; did you mean \"name\"?"),
        cli.errors());
    assertEquals(3, cli.run("run", file.toString()));
    assertEquals(3, cli.run("home-agent", directory.resolve("none.toml").toString()));
  }

  @Test
  void checkTellsWhatIsRight() throws IOException {
    Path file = directory.resolve("vm1.toml");
    Files.writeString(
        file,
        "[vm]\nmac = \"52:54:00:12:34:10\"\nhome-address = \"2001:db8::10\"\n[home]\n"
            + "prefix = \"2001:db8::/64\"\nagent = \"2001:db8::1\"\n"
            + "[protection]\nsignalling = \"none\"\ninsecure = true\n");
    assertEquals(0, cli.run("check", file.toString()));
    assertEquals(file + ": ok: VM vm1 with 1 home address(es)\n", cli.output());
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
    assertEquals(3, cli.run("check", vm.toString()));
    assertTrue(cli.errors().startsWith(vm + ": "), cli.errors());
    assertEquals("", cli.output());
    Path agent = directory.resolve("home-agent.toml");
    Files.writeString(
        agent,
        "[home-agent]\naddress = \"2001:db8::1\"\nprefix = \"2001:db8::/64\"\n"
            + "[tap]\nbridge = \"br-home\"\n[controller]\nca = \"" + missing + "\"\n");
    assertEquals(3, cli.run("check", agent.toString()));
    assertTrue(cli.errors().startsWith(agent + ": "), cli.errors());
  }

  @Test
  void withoutADaemonItIsStatusFour() {
    assertEquals(4, cli.run("status", "--socket", directory + "/none.sock"));
    assertTrue(cli.errors().contains("no daemon answers on"), cli.errors());
    assertEquals(4, cli.run("status", "-n", "no-such-vm-here"));
  }

  @Test
  void aCaptureMakesANewFileForItsOwnerOnly() throws IOException {
    Path file = directory.resolve("both.pcapng");
    assertEquals(0, cli.run("capture", file.toString(), "--socket", cli.socket()));
    assertEquals(100, Files.size(file));
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    assertEquals(1, cli.run("capture", file.toString(), "--socket", cli.socket()));
    assertTrue(cli.errors().contains("exists already"), cli.errors());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "run", "home-agent", "check", "status", "report", "prepare", "show", "capture", "pki", "pki init",
        "pki issue", "pki revoke", "demo"
      })
  void everyCommandExplainsItself(String command) {
    assertEquals(0, cli.run((command + " --help").split(" ")), cli::errors);
    assertTrue(cli.output().startsWith("Usage: kagemusha " + command), cli.output());
    assertEquals("", cli.errors());
  }

  @Test
  void theVersionIsTold() {
    assertEquals(0, cli.run("--version"));
    assertTrue(cli.output().startsWith("kagemusha "), cli.output());
    assertEquals(0, cli.run("--help"));
    assertTrue(cli.output().contains("home-agent"), cli.output());
    assertTrue(cli.output().contains("Exit status:"), cli.output());
  }
}
