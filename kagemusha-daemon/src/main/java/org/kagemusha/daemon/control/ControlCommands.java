package org.kagemusha.daemon.control;

import java.util.List;
import java.util.function.Consumer;

/** What a daemon does on request. */
@FunctionalInterface
public interface ControlCommands {

  /**
   * Does what a verb asks for; called on the packet loop.
   *
   * @param answer takes the reply once, now or later, on any thread
   */
  void execute(String verb, List<String> arguments, Consumer<ControlReply> answer);
}
