package org.kagemusha.daemon.qmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.daemon.LogLines;

/** The edge against a monitor that behaves badly, with real sockets. */
@Timeout(60)
class QmpLinkTest {

  private static final String GREETING = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n";

  @TempDir Path directory;

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final HeardVmm vmm = new HeardVmm();
  private final LogLines log = new LogLines(QmpLink.class);
  private Path path;
  private ServerSocketChannel server;
  private QmpLink link;

  @BeforeEach
  void prepare() {
    path = directory.resolve("vm1.qmp");
    link = new QmpLink(group.next(), "vm1", path, vmm, System::nanoTime);
  }

  @AfterEach
  void end() throws Exception {
    log.close();
    group.submit(link::close).get();
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).get();
    if (server != null) {
      server.close();
    }
  }

  private void listen() throws IOException {
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
  }

  private void start() throws Exception {
    group.submit(link::start).get();
  }

  private void hurry() throws Exception {
    group.submit(link::hurry).get();
  }

  private static void write(SocketChannel client, String text) throws IOException {
    Channels.newOutputStream(client).write(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Plays the monitor until the client has been told the status. */
  private static BufferedReader serve(SocketChannel client, String status) throws IOException {
    write(client, GREETING);
    BufferedReader asked =
        new BufferedReader(
            Channels.newReader(client, StandardCharsets.UTF_8));
    assertTrue(asked.readLine().contains("qmp_capabilities"));
    write(client, "{\"return\": {}, \"id\": \"capabilities\"}\r\n");
    assertTrue(asked.readLine().contains("migrate-set-capabilities"));
    assertTrue(asked.readLine().contains("query-status"));
    write(
        client,
        "{\"return\": {}, \"id\": \"events\"}\r\n{\"return\": {\"status\": \"" + status
            + "\"}, \"id\": \"status\"}\r\n");
    return asked;
  }

  @Test
  void socketThatAppearsLaterIsFound() throws Exception {
    start();
    assertEquals(
        "qmp waits vm=vm1 socket=" + path + " reason=\"no VMM listens on it yet\"",
        log.await("qmp waits"));
    listen();
    hurry();
    try (SocketChannel client = server.accept()) {
      serve(client, "inmigrate");
      write(client, "{\"event\": \"RESUME\"}\r\n");
      assertEquals(List.of("expected", "arrived"), vmm.await(2));
    }
    String waits = "qmp waits vm=vm1 socket=" + path + " reason=\"no";
    assertTrue(log.all().stream().noneMatch(line -> line.startsWith(waits)));
  }

  @Test
  void socketThatADeadVmmLeftBehindIsAMissingOne() throws Exception {
    listen();
    server.close();
    assertTrue(Files.exists(path));
    start();
    assertTrue(log.await("qmp waits").contains("no VMM listens on it yet"));
  }

  @Test
  void pathThatCanNeverBeASocketIsAFailure() throws Exception {
    Path file = Files.createFile(directory.resolve("file"));
    link = new QmpLink(group.next(), "vm1", file.resolve("vm1.qmp"), vmm, System::nanoTime);
    start();
    assertTrue(log.await("qmp failed").contains("Not a directory"));
  }

  @Test
  void migrationThatEndsWithItsConnectionFences() throws Exception {
    listen();
    start();
    try (SocketChannel client = server.accept()) {
      BufferedReader asked = serve(client, "running");
      write(client, "{\"event\": \"STOP\"}\r\n");
      write(
          client,
          "{\"event\": \"MIGRATION\", \"data\": {\"status\": \"completed\"}}\r\n");
      assertTrue(asked.readLine().contains("query-status"));
    }
    assertEquals(List.of("arrived", "paused", "left"), vmm.await(3));
  }

  @Test
  void connectionThatEndsInTheMiddleOfAMoveChangesNothing() throws Exception {
    listen();
    start();
    try (SocketChannel client = server.accept()) {
      serve(client, "running");
      write(client, "{\"event\": \"STOP\"}\r\n");
      assertEquals(List.of("arrived", "paused"), vmm.await(2));
    }
    assertTrue(log.await("qmp waits").contains("the VMM closed it"));
    hurry();
    try (SocketChannel client = server.accept()) {
      serve(client, "running");
      assertEquals(List.of("arrived", "paused", "arrived"), vmm.await(3));
    }
  }

  @Test
  void nonsenseIsToldOnceAndTriedAgain() throws Exception {
    listen();
    start();
    for (int i = 0; i < 2; i++) {
      try (SocketChannel client = server.accept()) {
        write(client, "220 mail.example ESMTP\r\n");
        assertEquals(-1, Channels.newInputStream(client).read());
      }
      hurry();
    }
    assertEquals(
        "qmp failed vm=vm1 socket=" + path + " reason=\"not a JSON object: \"220 mail.example"
            + " ESMTP\"\"",
        log.await("qmp failed"));
    try (SocketChannel client = server.accept()) {
      serve(client, "running");
      assertEquals(List.of("arrived"), vmm.await(1));
    }
    assertTrue(log.all().stream().noneMatch(line -> line.startsWith("qmp failed")));
  }

  @Test
  void hugeLineEndsTheConnection() throws Exception {
    listen();
    start();
    try (SocketChannel client = server.accept()) {
      write(client, "{\"QMP\": \"");
      String chunk = "x".repeat(1 << 15);
      try {
        for (int i = 0; i < 64; i++) {
          write(client, chunk);
        }
      } catch (IOException e) {
        // The client has closed, as it should.
      }
      assertTrue(log.await("qmp failed").contains("a line of more than 65536 octets"));
    }
  }

  @Test
  void monitorThatClosesBeforeItServesIsTold() throws Exception {
    listen();
    start();
    server.accept().close();
    assertTrue(log.await("qmp failed").contains("closed before it served"));
  }
}
