package org.kagemusha.daemon.control;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.daemon.loop.PacketLoop;

@Timeout(60)
class ControlServerTest {

  private static final String SECRET = "a key\n";
  private static final String LARGE = "x".repeat(1023) + "\n";

  @TempDir Path directory;
  private PacketLoop loop;
  private ControlServer server;
  private Path socket;

  @BeforeEach
  void open() throws IOException {
    loop = new PacketLoop("test", cause -> { });
    socket = directory.resolve("vm1.sock");
    server =
        ControlServer.open(
            loop.eventLoop(),
            socket,
            (verb, arguments, answer) -> {
              switch (verb) {
                case "echo" -> answer.accept(
                    ControlReply.done(String.join(",", arguments) + "\n"));
                case "large" -> answer.accept(ControlReply.done(LARGE.repeat(4096)));
                case "later" -> loop.eventLoop().schedule(
                    () -> answer.accept(ControlReply.done("at last\n")), 1, TimeUnit.MILLISECONDS);
                case "stream" -> answer.accept(
                    ControlReply.stream(
                        client ->
                            client
                                .writeAndFlush(
                                    Unpooled.wrappedBuffer(new byte[] {0, 1, (byte) 0xff}))
                                .addListener(ChannelFutureListener.CLOSE)));
                case "secret" -> answer.accept(
                    ControlReply.secretStream(
                        client ->
                            client
                                .writeAndFlush(Unpooled.copiedBuffer(SECRET, US_ASCII))
                                .addListener(ChannelFutureListener.CLOSE)));
                case "fail" -> throw new IllegalStateException("a bug");
                default -> answer.accept(ControlReply.error("no such verb: " + verb));
              }
            });
  }

  @AfterEach
  void close() throws IOException {
    server.close();
    loop.close();
  }

  private String ask(String request) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    String refused = new ControlClient(socket).ask(request, body);
    return refused == null ? body.toString(StandardCharsets.UTF_8) : "refused: " + refused;
  }

  private SocketChannel connect() throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channel.connect(UnixDomainSocketAddress.of(socket));
    return channel;
  }

  @Test
  void answersOneRequestAndCloses() throws IOException {
    assertEquals("a,b\n", ask("echo  a\tb "));
    assertEquals("at last\n", ask("later"));
    assertEquals("refused: no such verb: sing", ask("sing a song"));
    assertEquals("refused: no such verb:", ask("").strip());
    assertEquals("refused: internal error, see the log", ask("fail"));
  }

  @Test
  void streamsOctetsAsTheyAre() throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    assertNull(new ControlClient(socket).ask("stream", body));
    assertEquals(3, body.size());
    assertEquals(0xff, body.toByteArray()[2] & 0xff);
  }

  @Test
  void aClientThatClosedItsDirectionStillGetsAllOfALargeAnswer() throws IOException {
    try (SocketChannel channel = connect()) {
      channel.write(ByteBuffer.wrap("large\n".getBytes(StandardCharsets.UTF_8)));
      channel.shutdownOutput();
      InputStream answer = Channels.newInputStream(channel);
      assertEquals(3 + 4096 * 1024, answer.readAllBytes().length);
    }
  }

  @Test
  void aLineTooLongIsRefused() throws IOException {
    assertEquals("refused: request longer than 512 octets", ask("echo " + "a".repeat(600)));
  }

  @Test
  void aClientThatSaysNothingAndLeavesHarmsNobody() throws IOException {
    try (SocketChannel channel = connect()) {
      channel.shutdownOutput();
      assertEquals(-1, Channels.newInputStream(channel).read());
    }
    connect().close();
    assertEquals("x\n", ask("echo x"));
  }

  @Test
  void manyClientsAtATimeAreServedUpToALimit() throws IOException {
    List<SocketChannel> clients = new ArrayList<>();
    try {
      for (int i = 0; i < ControlServer.MOST_CLIENTS; i++) {
        clients.add(connect());
      }
      try (SocketChannel oneTooMany = connect()) {
        assertEquals(-1, Channels.newInputStream(oneTooMany).read());
      }
      for (SocketChannel client : clients) {
        client.write(ByteBuffer.wrap("echo me\n".getBytes(StandardCharsets.UTF_8)));
        String answer =
            new String(
                Channels.newInputStream(client).readAllBytes(), StandardCharsets.UTF_8);
        assertEquals("ok\nme\n", answer);
      }
    } finally {
      for (SocketChannel client : clients) {
        client.close();
      }
    }
  }

  @Test
  void onlyOwnerAndGroupMayOpenTheSocket() throws IOException {
    assertEquals(
        "rw-rw----", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
  }

  @Test
  void aSocketLeftBehindIsReplacedAndTheEndRemovesIt() throws IOException {
    ControlServer second =
        ControlServer.open(
            loop.eventLoop(), socket, (verb, arguments, answer) ->
                answer.accept(ControlReply.done("second\n")));
    assertEquals("second\n", ask("x"));
    second.close();
    assertFalse(Files.exists(socket));
    assertThrows(IOException.class, () -> ask("x"));
  }

  @Test
  void aSecondDaemonIsRefusedUntilTheFirstEnds() throws IOException {
    InstanceLock first = InstanceLock.take(socket);
    IOException refused = assertThrows(IOException.class, () -> InstanceLock.take(socket));
    assertTrue(refused.getMessage().contains("another daemon already serves"));
    first.close();
    InstanceLock.take(socket).close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"socat", "nc", "perl", "python3"})
  void theShellClientSpeaksThroughEachTool(String tool) throws Exception {
    Path bin = Files.createDirectory(directory.resolve("bin"));
    Path found = onPath(tool);
    assumeTrue(
        found != null && (!tool.equals("nc") || isUnixCapable(found)));
    wrap(bin, "cat", onPath("cat"));
    wrap(bin, "grep", onPath("grep"));
    wrap(bin, tool, found);
    assertEquals("0:a,b\n:", run(bin, "echo", "a", "b"));
    assertEquals("1::kagemusha-ctl: no such verb: sing\n", run(bin, "sing"));
    assertTrue(run(bin, "large").length() > 4096 * 1024);
  }

  /** Being allowed to command the daemon is not being allowed to read the traffic. */
  @Test
  void aSecretIsForRootAlone() throws Exception {
    boolean root = (Integer) Files.getAttribute(socket, "unix:uid") == 0;
    assertEquals(root ? SECRET : "refused: only root may have that", ask("secret"));
    assumeTrue(root && Files.isExecutable(Path.of("/usr/bin/setpriv")));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
    String ask =
        "import socket, sys\n"
            + "s = socket.socket(socket.AF_UNIX)\n"
            + "s.connect(sys.argv[1])\n"
            + "s.sendall(b'secret\\n')\n"
            + "sys.stdout.write(s.makefile().read())\n";
    Process nobody =
        new ProcessBuilder(
                "/usr/bin/setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", "-c",
                ask, socket.toString())
            .redirectErrorStream(true)
            .start();
    String answer = new String(nobody.getInputStream().readAllBytes(), US_ASCII);
    assertEquals(0, nobody.waitFor(), answer);
    assertEquals("error: only root may have that\n", answer);
  }

  @Test
  void theShellClientTellsWhenNobodyAnswers() throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder("sh", ctl(), "-s", directory + "/none.sock", "status");
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(4, process.waitFor(), output);
    assertTrue(output.contains("no daemon serves"), output);
  }

  /** A search path with nothing else on it; the tool itself has the usual one. */
  private static void wrap(Path bin, String tool, Path found) throws IOException {
    String path = System.getenv("PATH");
    Files.writeString(
        bin.resolve(tool), "#!/bin/sh\nPATH='" + path + "' exec " + found + " \"$@\"\n");
    Files.setPosixFilePermissions(
        bin.resolve(tool), PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private String run(Path bin, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("/bin/sh", ctl(), "-s", socket.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("PATH", bin.toString());
    Path errors = directory.resolve("errors");
    builder.redirectError(errors.toFile());
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return process.waitFor() + ":" + output + ":" + Files.readString(errors);
  }

  private static String ctl() {
    return Path.of("..", "etc", "kagemusha-ctl").toAbsolutePath().normalize().toString();
  }

  private static boolean isUnixCapable(Path nc) throws Exception {
    Process process = new ProcessBuilder(nc.toString(), "-h").redirectErrorStream(true).start();
    String help = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return help.matches("(?s).*-[A-Za-z0-9]*U.*");
  }

  private static Path onPath(String command) {
    for (String place : System.getenv("PATH").split(":")) {
      Path candidate = Path.of(place, command);
      if (Files.isExecutable(candidate)) {
        return candidate;
      }
    }
    return null;
  }
}
