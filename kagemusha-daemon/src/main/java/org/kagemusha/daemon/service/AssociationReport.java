package org.kagemusha.daemon.service;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Locale;
import org.kagemusha.daemon.config.AssociationConfig;
import org.kagemusha.daemon.observe.TextTable;

/** The security associations for {@code show sa}: everything but the keys. */
final class AssociationReport {

  private AssociationReport() {}

  static String text(List<KeyRing.Held> associations) {
    TextTable table =
        new TextTable()
            .row("purpose", "home address", "spi out", "spi in", "encryption", "integrity", "esn",
                "window", "sent", "received", "last seq out", "highest seq in");
    for (KeyRing.Held held : associations) {
      AssociationConfig config = held.config();
      table.row(
          purpose(config), config.homeAddress(), Integer.toUnsignedString(config.spiOut()),
          Integer.toUnsignedString(config.spiIn()), config.encryption().configurationName(),
          config.integrity().configurationName(),
          config.extendedSequenceNumbers() ? "yes" : "no", config.replayWindow(),
          held.pair().outbound().packets(), held.pair().inbound().packets(),
          held.pair().outbound().lastSequence(), held.pair().inbound().highestSequence());
    }
    return table.toString();
  }

  static JsonArray json(List<KeyRing.Held> associations) {
    JsonArray all = new JsonArray();
    for (KeyRing.Held held : associations) {
      AssociationConfig config = held.config();
      JsonObject one = new JsonObject();
      one.addProperty("purpose", purpose(config));
      one.addProperty("home_address", config.homeAddress().toString());
      one.addProperty("spi_out", Integer.toUnsignedLong(config.spiOut()));
      one.addProperty("spi_in", Integer.toUnsignedLong(config.spiIn()));
      one.addProperty("encryption", config.encryption().configurationName());
      one.addProperty("integrity", config.integrity().configurationName());
      one.addProperty("extended_sequence_numbers", config.extendedSequenceNumbers());
      one.addProperty("replay_window", config.replayWindow());
      one.addProperty("packets_sent", held.pair().outbound().packets());
      one.addProperty("packets_received", held.pair().inbound().packets());
      one.addProperty("last_sequence_out", held.pair().outbound().lastSequence());
      one.addProperty("highest_sequence_in", held.pair().inbound().highestSequence());
      one.addProperty("engine", held.pair().outbound().engineName());
      all.add(one);
    }
    return all;
  }

  private static String purpose(AssociationConfig config) {
    return config.purpose().name().toLowerCase(Locale.ROOT);
  }
}
