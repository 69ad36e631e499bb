package org.kagemusha.daemon.config;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;

/** Where the metrics page may be served: on a Unix-domain socket, or over TCP on the loopback. */
public record MetricsAddress(SocketAddress address) {

  private static final String UNIX = "unix:";

  /**
   * Reads {@code 127.0.0.1:9100}, {@code [::1]:9100} or {@code unix:/run/metrics.sock}.
   *
   * @throws IllegalArgumentException for anything else, another address of the host included
   */
  public static MetricsAddress parse(String text) {
    if (text.startsWith(UNIX)) {
      return new MetricsAddress(
          UnixDomainSocketAddress.of(OperatingConfig.absolute(text.substring(UNIX.length()))));
    }
    int colon = text.lastIndexOf(':');
    String host = colon < 0 ? "" : text.substring(0, colon);
    if (!host.equals("127.0.0.1") && !host.equals("[::1]") && !host.equals("localhost")) {
      throw new IllegalArgumentException("not a loopback address: " + text);
    }
    int port = Integer.parseInt(text.substring(colon + 1));
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("no port: " + port);
    }
    String literal = host.equals("localhost") ? "127.0.0.1" : host;
    return new MetricsAddress(new InetSocketAddress(literal.replaceAll("[\\[\\]]", ""), port));
  }
}
