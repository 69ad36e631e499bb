package org.kagemusha.daemon.cli;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A subcommand that asks the running daemon to do something. */
abstract class ControlVerb implements Callable<Integer> {

  @Mixin private SocketOptions socket;

  @Spec private CommandSpec spec;

  /** The line to send. */
  abstract String request();

  @Override
  public Integer call() {
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    int status = Asking.ask(socket, request(), answer, spec.commandLine().getErr());
    spec.commandLine().getOut().print(answer.toString(StandardCharsets.UTF_8));
    spec.commandLine().getOut().flush();
    return status;
  }
}
