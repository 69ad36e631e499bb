package org.kagemusha.daemon.service;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.TypeAdapter;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.kagemusha.core.neighbor.HomeRouter;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.daemon.config.FileErrors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What was learned of the home router, kept for the next start in a file of JSON. */
final class HomeRouterStore {

  private static final Logger log = LoggerFactory.getLogger(HomeRouterStore.class);

  private final Path file;
  private final Executor writer;
  private final Gson gson =
      new GsonBuilder()
          .setPrettyPrinting()
          .registerTypeAdapter(Ipv6Address.class, new AsText<>(Ipv6Address::parse))
          .registerTypeAdapter(Ipv6Prefix.class, new AsText<>(Ipv6Prefix::parse))
          .registerTypeAdapter(MacAddress.class, new AsText<>(MacAddress::parse))
          .create();
  private volatile String saved = "";

  HomeRouterStore(Path file, Executor writer) {
    this.file = file;
    this.writer = writer;
  }

  /** What was saved, or null if nothing was, or it is not understood any more. */
  HomeRouter load() {
    String text = String.join("\n", DurableFile.readLines(file));
    try {
      saved = text;
      return text.isEmpty() ? null : gson.fromJson(text, HomeRouter.class);
    } catch (RuntimeException e) {
      log.warn("home router file is not understood file={}", file);
      return null;
    }
  }

  /** Saves if something is new; returns before it is written. */
  void save(HomeRouter router) {
    String text = router == null ? "" : gson.toJson(router);
    if (text.isEmpty() || text.equals(saved)) {
      return;
    }
    saved = text;
    writer.execute(
        () -> {
          try {
            DurableFile.write(file, text);
          } catch (IOException e) {
            // The next look tries again, and by then the disk may have room.
            saved = "";
            log.warn("home router not saved file={} cause={}", file, FileErrors.reason(e));
          }
        });
  }

  /** A value in the form in which people write it. */
  private static final class AsText<T> extends TypeAdapter<T> {

    private final Function<String, T> parse;

    AsText(Function<String, T> parse) {
      this.parse = parse;
    }

    @Override
    public void write(JsonWriter writer, T value) throws IOException {
      writer.value(value == null ? null : value.toString());
    }

    @Override
    public T read(JsonReader reader) throws IOException {
      if (reader.peek() == JsonToken.NULL) {
        reader.nextNull();
        return null;
      }
      return parse.apply(reader.nextString());
    }
  }
}
