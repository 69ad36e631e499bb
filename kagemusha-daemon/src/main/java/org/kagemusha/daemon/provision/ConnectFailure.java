package org.kagemusha.daemon.provision;

import io.netty.channel.ConnectTimeoutException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.NoRouteToHostException;
import java.util.Locale;

/** Why there is no connection, in one line. */
final class ConnectFailure {

  private ConnectFailure() {}

  /**
   * In words.
   *
   * @param source the local address that was wanted, or null
   */
  static String words(Throwable failure, InetAddress source) {
    String text = String.valueOf(failure.getMessage());
    String lower = text.toLowerCase(Locale.ROOT);
    if (failure instanceof ConnectTimeoutException || lower.contains("timed out")) {
      return "no answer in time to the connection: it is down, or something between drops TCP";
    }
    if (failure instanceof BindException || lower.contains("cannot assign requested address")) {
      return source == null
          ? "this host has no address to connect from"
          : "this host does not have the address " + source.getHostAddress() + " (yet)";
    }
    if (failure instanceof NoRouteToHostException
        || lower.contains("unreachable")
        || lower.contains("no route")) {
      return "no route to it: " + text;
    }
    if (lower.contains("refused")) {
      return "connection refused: no controller listens there";
    }
    return failure instanceof ConnectException ? text : "cannot connect: " + text;
  }
}
