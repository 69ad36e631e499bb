package org.kagemusha.daemon.service;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;

/** A QMP monitor that says what a test wants. */
final class PlayedVmm implements AutoCloseable {

  private final ServerSocketChannel server;
  private SocketChannel client;

  PlayedVmm(Path socket) throws IOException {
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
  }

  /** Waits for the daemon, and answers what it asks in the beginning. */
  void greet(String status) throws IOException {
    client = server.accept();
    say("{\"QMP\": {\"version\": {}, \"capabilities\": []}}");
    BufferedReader asked =
        new BufferedReader(Channels.newReader(client, StandardCharsets.UTF_8));
    asked.readLine();
    say("{\"return\": {}, \"id\": \"capabilities\"}");
    asked.readLine();
    asked.readLine();
    say("{\"return\": {}, \"id\": \"events\"}");
    state(status);
  }

  private void say(String line) throws IOException {
    Channels.newOutputStream(client).write((line + "\r\n").getBytes(StandardCharsets.UTF_8));
  }

  /** An answer to the question for the run state. */
  void state(String status) throws IOException {
    say("{\"return\": {\"status\": \"" + status + "\"}, \"id\": \"status\"}");
  }

  /** As QEMU tells it, with its time. */
  void event(String name) throws IOException {
    Instant now = Instant.now();
    say(
        "{\"timestamp\": {\"seconds\": " + now.getEpochSecond() + ", \"microseconds\": "
            + now.getNano() / 1000 + "}, \"event\": \"" + name + "\"}");
  }

  /** An event of a migration, without its time. */
  void migration(String status) throws IOException {
    say("{\"event\": \"MIGRATION\", \"data\": {\"status\": \"" + status + "\"}}");
  }

  @Override
  public void close() throws IOException {
    if (client != null) {
      client.close();
    }
    server.close();
  }
}
