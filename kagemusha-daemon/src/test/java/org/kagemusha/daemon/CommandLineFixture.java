package org.kagemusha.daemon;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.kagemusha.daemon.control.ControlCommands;
import org.kagemusha.daemon.control.ControlServer;
import org.kagemusha.daemon.loop.PacketLoop;

/** The command line, and what it finds behind a control socket in the same process. */
final class CommandLineFixture implements AutoCloseable {

  private final PacketLoop loop = new PacketLoop("test", cause -> { });
  private final ControlServer server;
  private final String socket;
  private String output;
  private String errors;

  CommandLineFixture(Path directory, ControlCommands commands) throws IOException {
    socket = directory + "/vm1.sock";
    server = ControlServer.open(loop.eventLoop(), Path.of(socket), commands);
  }

  String socket() {
    return socket;
  }

  /** Runs the program in this process; returns its exit status. */
  int run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status = Main.run(new PrintWriter(out), new PrintWriter(err), arguments);
    output = out.toString();
    errors = err.toString();
    return status;
  }

  /** What the last run wrote to standard output. */
  String output() {
    return output;
  }

  /** What it wrote to standard error. */
  String errors() {
    return errors;
  }

  @Override
  public void close() throws IOException {
    server.close();
    loop.close();
  }
}
