package org.kagemusha.daemon.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.kagemusha.daemon.config.FileErrors;
import org.kagemusha.daemon.observe.MoveReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code report}. */
@Command(
    name = "report",
    description = "Show where each millisecond of the last moves went.")
public final class ReportCommand implements Callable<Integer> {

  private static final Gson GSON =
      new GsonBuilder().setPrettyPrinting().serializeNulls().disableHtmlEscaping().create();
  private static final int MOST = 16;

  @Mixin private SocketOptions socket;

  @Spec private CommandSpec spec;

  @Option(
      names = "--moves",
      paramLabel = "N",
      defaultValue = "1",
      description = "how many moves, the latest ones: 1 to 16; default: 1")
  private int moves;

  @Option(names = "--json", description = "as JSON, with stable names")
  private boolean json;

  @Option(
      names = "--source",
      paramLabel = "FILE",
      description =
          "what `report --json --moves 16` printed on the host that the VM came from, or - for"
              + " standard input: both make one timeline")
  private Path source;

  @Override
  public Integer call() {
    PrintWriter errors = spec.commandLine().getErr();
    if (moves < 1 || moves > MOST) {
      errors.println("--moves is 1 to " + MOST);
      return ExitCode.USAGE;
    }
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    int status = Asking.ask(socket, "report json " + moves, answer, errors);
    if (status != ExitCode.OK) {
      return status;
    }
    JsonObject report =
        JsonParser.parseString(answer.toString(StandardCharsets.UTF_8)).getAsJsonObject();
    if (source != null && !merge(report, errors)) {
      return ExitCode.FAILED;
    }
    spec.commandLine().getOut()
        .print(json ? GSON.toJson(report) + "\n" : MoveReport.text(report));
    spec.commandLine().getOut().flush();
    return ExitCode.OK;
  }

  private boolean merge(JsonObject report, PrintWriter errors) {
    try {
      String text =
          source.toString().equals("-")
              ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8)
              : Files.readString(source);
      if (MoveReport.merge(report, JsonParser.parseString(text).getAsJsonObject()) == 0) {
        errors.println("no departure there that belongs to an arrival here");
      }
      return true;
    } catch (CharacterCodingException | RuntimeException e) {
      errors.println(source + " is not what report --json prints");
    } catch (IOException e) {
      errors.println("cannot read " + source + ": " + FileErrors.reason(e));
    }
    return false;
  }
}
