package org.kagemusha.daemon.control;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Asks a daemon over its control socket. */
public final class ControlClient {

  private final Path socket;

  /** For a daemon's socket. */
  public ControlClient(Path socket) {
    this.socket = socket;
  }

  /**
   * Sends a request and copies what follows {@code ok}.
   *
   * @param request verb and arguments
   * @param body takes the octets after the first line
   * @return null if it was done, else the daemon's reason
   * @throws IOException if no daemon answers
   */
  public String ask(String request, OutputStream body) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      ByteBuffer line = ByteBuffer.wrap((request + "\n").getBytes(StandardCharsets.UTF_8));
      while (line.hasRemaining()) {
        channel.write(line);
      }
      InputStream answer = Channels.newInputStream(channel);
      String first = firstLine(answer);
      if (first.equals("ok")) {
        answer.transferTo(body);
        return null;
      }
      String rest = new String(answer.readAllBytes(), StandardCharsets.UTF_8);
      String reason = first.startsWith("error: ") ? first.substring(7) : "unclear answer: " + first;
      return (reason + "\n" + rest).strip();
    }
  }

  private static String firstLine(InputStream answer) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int octet = answer.read();
    while (octet >= 0 && octet != '\n') {
      line.write(octet);
      octet = answer.read();
    }
    if (octet < 0 && line.size() == 0) {
      throw new IOException("the daemon closed the connection without an answer");
    }
    return line.toString(StandardCharsets.UTF_8);
  }
}
