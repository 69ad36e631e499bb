package org.kagemusha.daemon.service;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import java.util.List;
import java.util.function.Consumer;
import org.kagemusha.daemon.control.ControlCommands;
import org.kagemusha.daemon.control.ControlReply;
import org.kagemusha.daemon.observe.BuildVersion;
import org.kagemusha.daemon.observe.Capture;
import org.kagemusha.daemon.observe.CountersReport;

/** The verbs of the control socket that both roles have; the others are the role's. */
final class Verbs implements ControlCommands {

  private static final String SECONDS_ALLOWED = "seconds are 1 to " + Capture.LONGEST_SECONDS;

  private final Service service;

  Verbs(Service service) {
    this.service = service;
  }

  /** JSON as it is answered. */
  static ControlReply json(JsonElement element) {
    return ControlReply.done(Json.GSON.toJson(element) + "\n");
  }

  /** Loaded when somebody asks for JSON. */
  private static final class Json {
    private static final Gson GSON =
        new GsonBuilder().setPrettyPrinting().serializeNulls().disableHtmlEscaping().create();
  }

  @Override
  public void execute(String verb, List<String> arguments, Consumer<ControlReply> answer) {
    switch (verb) {
      case "reload" -> service.reload(answer);
      case "capture" -> answer.accept(capture(arguments));
      case "keys" -> answer.accept(keys(arguments));
      case "version" -> answer.accept(ControlReply.done(BuildVersion.text() + "\n"));
      case "help" -> answer.accept(
          ControlReply.done(
              "status [json]\nshow binding|neighbours|sa|counters [json]\n"
                  + service.roleVerbs() + "reload\ncapture SECONDS\nkeys SECONDS\nversion\nhelp\n"));
      default -> {
        if (!service.roleVerbLater(verb, arguments, answer)) {
          answer.accept(other(verb, arguments));
        }
      }
    }
  }

  private ControlReply other(String verb, List<String> arguments) {
    if (verb.equals("show") && !arguments.isEmpty() && arguments.get(0).equals("counters")) {
      return isJson(arguments, 1)
          ? json(CountersReport.json(service.counters()))
          : ControlReply.done(CountersReport.text(service.counters()));
    }
    ControlReply reply = service.roleVerb(verb, arguments);
    return reply != null
        ? reply
        : ControlReply.error("unknown request; the verb help lists what this daemon does");
  }

  /** Says whether the word at an index asks for JSON. */
  static boolean isJson(List<String> arguments, int index) {
    return arguments.size() > index && arguments.get(index).equals("json");
  }

  private static int seconds(List<String> arguments) {
    try {
      int seconds = arguments.isEmpty() ? 3600 : Integer.parseInt(arguments.get(0));
      return seconds > Capture.LONGEST_SECONDS ? 0 : seconds;
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private ControlReply keys(List<String> arguments) {
    int seconds = seconds(arguments);
    return seconds < 1
        ? ControlReply.error(SECONDS_ALLOWED)
        : ControlReply.secretStream(client -> service.keyExport().start(client, seconds));
  }

  private ControlReply capture(List<String> arguments) {
    Capture capture = service.capture();
    int seconds = seconds(arguments);
    if (seconds < 1) {
      return ControlReply.error(SECONDS_ALLOWED);
    }
    if (capture.isActive()) {
      return ControlReply.error("another capture is running");
    }
    return ControlReply.stream(client -> capture.start(client, seconds));
  }
}
