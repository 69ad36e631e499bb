package org.kagemusha.daemon.demo;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/** What a daemon says about its fresh keys, and how tests meddle with them. */
final class Grants {

  private Grants() {}

  /** What {@code show sa json} has. */
  static List<JsonObject> of(DaemonProcess daemon) throws IOException {
    List<JsonObject> all = new ArrayList<>();
    for (JsonElement one : JsonParser.parseString(daemon.ask("show sa json")).getAsJsonArray()) {
      all.add(one.getAsJsonObject());
    }
    return all;
  }

  /** The SPIs of all grants that are held. */
  static List<Long> spis(DaemonProcess daemon) throws IOException {
    return of(daemon).stream().map(Grants::spi).toList();
  }

  /** The SPIs of the grants in a state. */
  static List<Long> spis(DaemonProcess daemon, String state) throws IOException {
    return of(daemon).stream()
        .filter(one -> one.get("state").getAsString().equals(state))
        .map(Grants::spi)
        .toList();
  }

  /** How many bindings a home agent has in force. */
  static int bound(DaemonProcess agent) throws IOException {
    return Laboratory.object(agent.ask("status json")).get("binding_count").getAsInt();
  }

  /** The SPI in force, when both ends agree on it. */
  static long agreed(DaemonProcess node, DaemonProcess agent)
      throws IOException, InterruptedException {
    Laboratory.eventually(
        "both ends use the same keys",
        () ->
            spis(node, "in-force").size() == 1
                && spis(agent, "in-force").equals(spis(node, "in-force")));
    return spis(agent, "in-force").get(0);
  }

  /** Waits until a daemon has what an arriving guest would need. */
  static void prepared(DaemonProcess daemon) throws IOException, InterruptedException {
    Laboratory.eventually("prepared", () -> isPrepared(daemon));
  }

  /** Waits for a line of a daemon's log that has all of some words. */
  static void logged(DaemonProcess daemon, String... words)
      throws IOException, InterruptedException {
    Laboratory.eventually(
        daemon.log().getFileName() + " has a line with " + String.join(", ", words),
        () -> !lines(daemon, words).isEmpty());
  }

  /** The lines of a daemon's log that have all of some words. */
  static List<String> lines(DaemonProcess daemon, String... words) throws IOException {
    return Files.readString(daemon.log()).lines()
        .filter(line -> List.of(words).stream().allMatch(line::contains))
        .toList();
  }

  private static boolean isPrepared(DaemonProcess daemon) {
    try {
      daemon.ask("prepare");
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static long spi(JsonObject grant) {
    return grant.get("spi_out").getAsLong();
  }
}
