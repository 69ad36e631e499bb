package org.kagemusha.daemon.qmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real QEMUs, with machines of nothing: what they say of a VM that is stopped, and moved. */
@Timeout(60)
class QemuMonitorTest {

  private static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");

  @TempDir Path directory;

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final List<Host> hosts = new ArrayList<>();

  /** One QEMU, our client at one of its monitors, and an operator at the other. */
  private final class Host {
    final HeardVmm vmm = new HeardVmm();
    final Process qemu;
    final QmpLink link;
    final SocketChannel operator;
    final BufferedReader answers;

    Host(String name, String... arguments) throws Exception {
      List<String> command =
          new ArrayList<>(
              List.of(
                  QEMU.toString(), "-M", "none", "-m", "16", "-nodefaults", "-display", "none",
                  "-serial", "none", "-monitor", "none", "-qmp",
                  "unix:" + directory + "/" + name + ".qmp,server=on,wait=off", "-qmp",
                  "unix:" + directory + "/" + name + ".operator,server=on,wait=off"));
      command.addAll(List.of(arguments));
      link =
          new QmpLink(
              group.next(), name, directory.resolve(name + ".qmp"), vmm, System::nanoTime);
      // The client is there before its VMM.
      group.submit(
              () -> {
                link.start();
                link.hurry();
              })
          .get();
      qemu =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve(name + ".log").toFile())
              .start();
      hosts.add(this);
      operator = connect(directory.resolve(name + ".operator"));
      answers =
          new BufferedReader(Channels.newReader(operator, StandardCharsets.UTF_8));
      answers.readLine();
      command("{\"execute\": \"qmp_capabilities\", \"id\": 1}");
    }

    private SocketChannel connect(Path path) throws Exception {
      while (true) {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
          channel.connect(UnixDomainSocketAddress.of(path));
          return channel;
        } catch (IOException e) {
          channel.close();
          if (!qemu.isAlive()) {
            throw new IOException("QEMU has ended", e);
          }
          Thread.onSpinWait();
        }
      }
    }

    /** Waits for the answer: QEMU has done it then, or has begun to. */
    void command(String line) throws IOException {
      assertEquals("{\"return\": {}, \"id\": 1}", answer(line));
    }

    private String answer(String line) throws IOException {
      Channels.newOutputStream(operator).write((line + "\n").getBytes(StandardCharsets.UTF_8));
      String answer = answers.readLine();
      while (!answer.contains("\"id\": 1")) {
        answer = answers.readLine();
      }
      return answer;
    }

    /** QEMU refuses while a migration is neither done nor given up. */
    void commandWhenMigrationHasEnded(String line) throws IOException {
      String answer = answer(line);
      while (answer.contains("not finalized")) {
        answer = answer(line);
      }
      assertEquals("{\"return\": {}, \"id\": 1}", answer);
    }

    void migrate(String uri) throws IOException {
      command(
          "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"" + uri + "\"}, \"id\": 1}");
    }

    void end() throws Exception {
      operator.close();
      qemu.destroy();
      qemu.waitFor();
    }
  }

  @BeforeEach
  void needsQemu() {
    assumeTrue(Files.isExecutable(QEMU));
  }

  @AfterEach
  void end() throws Exception {
    for (Host host : hosts) {
      group.submit(host.link::close).get();
      host.end();
    }
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).get();
  }

  @Test
  void stopAndContinueAreAPauseAndAnArrival() throws Exception {
    Host host = new Host("a", "-S");
    host.command("{\"execute\": \"cont\", \"id\": 1}");
    assertEquals(List.of("arrived"), host.vmm.await(1));
    host.command("{\"execute\": \"stop\", \"id\": 1}");
    host.command("{\"execute\": \"cont\", \"id\": 1}");
    assertEquals(List.of("arrived", "paused", "arrived"), host.vmm.await(3));
    long agoMs = System.currentTimeMillis() - host.vmm.toldUnixUs() / 1000;
    assertTrue(agoMs >= -1 && agoMs < 60_000, agoMs + " ms ago");
    host.command("{\"execute\": \"quit\", \"id\": 1}");
    assertEquals("released", host.vmm.await(4).get(3));
  }

  @Test
  void migrationArrivesThereAndFencesHere() throws Exception {
    Host source = new Host("a");
    assertEquals(List.of("arrived"), source.vmm.await(1));
    Path stream = directory.resolve("stream");
    Host destination = new Host("b", "-incoming", "unix:" + stream);
    assertEquals(List.of("expected"), destination.vmm.await(1));
    source.migrate("unix:" + stream);
    assertEquals(List.of("arrived", "paused", "left"), source.vmm.await(3));
    assertEquals(List.of("expected", "arrived"), destination.vmm.await(2));
    // The destination's own end of the migration, and all that follows, is no departure.
    destination.command("{\"execute\": \"stop\", \"id\": 1}");
    assertEquals(List.of("expected", "arrived", "paused"), destination.vmm.await(3));
  }

  @Test
  void migrationThatFailsLeavesTheVmHere() throws Exception {
    // Its memory does not fit into a pipe: that of 16 MiB did, and the migration was complete
    // where QEMU wrote it before "false" had ended.
    Host source = new Host("a", "-m", "1024");
    assertEquals(List.of("arrived"), source.vmm.await(1));
    source.migrate("exec:false");
    source.command("{\"execute\": \"stop\", \"id\": 1}");
    source.commandWhenMigrationHasEnded("{\"execute\": \"cont\", \"id\": 1}");
    // QEMU itself may have stopped it before, and let it go on.
    assertEquals(-1, source.vmm.awaitReturn().indexOf("left"));
  }

  @Test
  void destinationWhoseSourceIsGoneNeverArrives() throws Exception {
    Path stream = directory.resolve("stream");
    Host destination = new Host("b", "-incoming", "unix:" + stream);
    assertEquals(List.of("expected"), destination.vmm.await(1));
    while (!Files.exists(stream)) {
      Thread.onSpinWait();
    }
    SocketChannel source = SocketChannel.open(StandardProtocolFamily.UNIX);
    source.connect(UnixDomainSocketAddress.of(stream));
    source.close();
    List<String> heard = destination.vmm.await(2);
    assertEquals(2, heard.size());
    assertEquals("not coming", heard.get(1).substring(0, 10));
  }
}
