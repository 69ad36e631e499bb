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
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.daemon.config.FileErrors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was learned, kept for the next start in a file of JSON.
 *
 * @param <T> a record of values that are written as people write them
 */
final class JsonStore<T> {

  private static final Logger log = LoggerFactory.getLogger(JsonStore.class);

  private final Class<T> type;
  private final T nothing;
  private final Path file;
  private final Executor writer;
  private volatile String saved = "";
  private volatile T seen;

  /** Loaded when there is something to read or to write. */
  private static final class Json {
    private static final Gson GSON =
        new GsonBuilder()
            .setPrettyPrinting()
            .registerTypeAdapter(Ipv6Address.class, new AsText<>(Ipv6Address::parse))
            .registerTypeAdapter(Ipv6Prefix.class, new AsText<>(Ipv6Prefix::parse))
            .registerTypeAdapter(MacAddress.class, new AsText<>(MacAddress::parse))
            .create();
  }

  /**
   * Reads and writes nothing yet.
   *
   * @param nothing what says that nothing was learned, which is no reason for a file
   */
  JsonStore(Class<T> type, T nothing, Path file, Executor writer) {
    this.type = type;
    this.nothing = nothing;
    this.file = file;
    this.writer = writer;
  }

  /** What was saved, or null if nothing was, or it is not understood any more. */
  T load() {
    String text = String.join("\n", DurableFile.readLines(file));
    try {
      saved = text;
      return text.isEmpty() ? null : Json.GSON.fromJson(text, type);
    } catch (RuntimeException e) {
      log.warn("file is not understood, and what it says not used file={}", file);
      return null;
    }
  }

  /** What is known without being saved: it need not be, as long as it is this object. */
  void known(T value) {
    seen = value;
  }

  /**
   * Saves if something is new, which the same object never is; returns before it is written.
   *
   * @param value null: leaves what was saved
   */
  void save(T value) {
    if (value == null || value == seen || value == nothing && saved.isEmpty()) {
      return;
    }
    seen = value;
    String text = Json.GSON.toJson(value);
    if (text.equals(saved)) {
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
            seen = null;
            log.warn("not saved file={} cause={}", file, FileErrors.reason(e));
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
