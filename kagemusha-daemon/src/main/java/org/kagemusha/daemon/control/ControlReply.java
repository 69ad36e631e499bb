package org.kagemusha.daemon.control;

import io.netty.channel.Channel;
import java.util.function.Consumer;

/**
 * The answer to a request.
 *
 * @param ok whether it was done
 * @param body text after {@code ok}, or the reason
 * @param stream takes the connection after {@code ok} and closes it in the end; else null
 * @param rootOnly whether it is a secret that only root may have
 */
public record ControlReply(
    boolean ok, String body, Consumer<Channel> stream, boolean rootOnly) {

  /** Done, nothing to tell. */
  public static ControlReply done() {
    return new ControlReply(true, "", null, false);
  }

  /** Done; the text ends in a line feed. */
  public static ControlReply done(String body) {
    return new ControlReply(true, body, null, false);
  }

  /** Not done; the reason may have several lines. */
  public static ControlReply error(String reason) {
    return new ControlReply(false, reason, null, false);
  }

  /** Goes on for a while. */
  public static ControlReply stream(Consumer<Channel> stream) {
    return new ControlReply(true, "", stream, false);
  }

  /** Goes on for a while, with what only root may have. */
  public static ControlReply secretStream(Consumer<Channel> stream) {
    return new ControlReply(true, "", stream, true);
  }

  /** The text on the socket. */
  String text() {
    return ok ? "ok\n" + body : "error: " + body.strip() + "\n";
  }
}
