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

  private static final Gson GSON =
      new GsonBuilder().setPrettyPrinting().serializeNulls().disableHtmlEscaping().create();

  private final Service service;

  Verbs(Service service) {
    this.service = service;
  }

  /** JSON as it is answered. */
  static ControlReply json(JsonElement element) {
    return ControlReply.done(GSON.toJson(element) + "\n");
  }

  @Override
  public void execute(String verb, List<String> arguments, Consumer<ControlReply> answer) {
    switch (verb) {
      case "reload" -> service.reload(answer);
      case "capture" -> answer.accept(capture(arguments));
      case "version" -> answer.accept(ControlReply.done(BuildVersion.text() + "\n"));
      case "help" -> answer.accept(
          ControlReply.done(
              "status [json]\nshow binding|neighbours|sa|counters [json]\n"
                  + service.roleVerbs() + "reload\ncapture SECONDS\nversion\nhelp\n"));
      default -> answer.accept(other(verb, arguments));
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

  private ControlReply capture(List<String> arguments) {
    Capture capture = service.capture();
    int seconds;
    try {
      seconds = arguments.isEmpty() ? 3600 : Integer.parseInt(arguments.get(0));
    } catch (NumberFormatException e) {
      seconds = 0;
    }
    if (seconds < 1 || seconds > Capture.LONGEST_SECONDS) {
      return ControlReply.error("seconds are 1 to " + Capture.LONGEST_SECONDS);
    }
    if (capture.isActive()) {
      return ControlReply.error("another capture is running");
    }
    int chosen = seconds;
    return ControlReply.stream(client -> capture.start(client, chosen));
  }
}
