package org.kagemusha.daemon.service;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells root the ESP keys while a capture runs, those that come during it included. All calls are
 * the loop's thread's.
 */
final class KeyExport {

  private static final Logger log = LoggerFactory.getLogger(KeyExport.class);

  private final Supplier<List<String>> lines;

  /** What each client was told already. */
  private final Map<Channel, Set<String>> clients = new LinkedHashMap<>();

  /**
   * @param lines the key table as it is now, a line each with its line feed
   */
  KeyExport(Supplier<List<String>> lines) {
    this.lines = lines;
  }

  /** Tells a client the keys, and each new one, for some seconds or until it goes. */
  void start(Channel client, int seconds) {
    log.warn("esp keys exported seconds={}: who reads them can read the traffic", seconds);
    clients.put(client, new HashSet<>());
    client
        .closeFuture()
        .addListener(
            done -> {
              clients.remove(client);
              log.info("esp key export ended");
            });
    client.eventLoop().schedule(() -> client.close(), seconds, TimeUnit.SECONDS);
    publish();
  }

  /** Tells the clients what is new; cheap while there are none. */
  void publish() {
    if (clients.isEmpty()) {
      return;
    }
    List<String> now = lines.get();
    clients.forEach((client, told) -> tell(client, told, now));
  }

  private static void tell(Channel client, Set<String> told, List<String> now) {
    StringBuilder fresh = new StringBuilder();
    for (String line : now) {
      if (told.add(line)) {
        fresh.append(line);
      }
    }
    if (fresh.length() > 0) {
      client.writeAndFlush(Unpooled.copiedBuffer(fresh, StandardCharsets.US_ASCII));
    }
  }
}
