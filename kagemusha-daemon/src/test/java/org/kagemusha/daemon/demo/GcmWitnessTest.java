package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * An independent AES-GCM with extended sequence numbers, scapy's, opens all that both ends send
 * under fresh keys, and both ends open what it seals.
 */
@Tag("netns")
class GcmWitnessTest {

  /** Ahead of what the sender will use meanwhile, and inside of every replay window behind it. */
  private static final int AHEAD = 30;

  private static final String FROM_GUEST = "0x4747";
  private static final String TO_GUEST = "0x4748";

  @TempDir Path directory;
  private Path keys;
  private Laboratory laboratory;
  private Topology topology;

  @ParameterizedTest
  @CsvSource({"none, aes-gcm-128", "udp, aes-gcm-256"})
  void rfc4106_s3_anIndependentEndOpensAndSeals(String encapsulation, String algorithm)
      throws Exception {
    keys = directory.resolve("esp_sa");
    try (Laboratory made = new Laboratory(directory, DemoProtection.required, "off")) {
      laboratory = made;
      topology = made.topology;
      made.configuration.set("b", "tunnel", "encapsulation", "\"" + encapsulation + "\"");
      made.configuration.set("b", "provisioning", "algorithms", "[\"" + algorithm + "\"]");
      final Wire wire = tap(topology.foreignRouter(), "foreign", "foreign.pcap");
      made.homeAgent();
      made.bootGuestAtHome();
      DaemonProcess b = made.daemonB();
      exportKeys("b");
      made.guestToB();
      Laboratory.eventually(
          "the guest is reached abroad",
          () ->
              made.pingFromGuest("-c", "1", "-W", "1", Topology.CORRESPONDENT)
                  .contains(" 0% packet loss"));
      Laboratory.awaitState(b, "registered");
      pings("-c", "20", "-i", "0.02");
      pings("-c", "5", "-i", "0.02", "-s", "1300");
      wire.stop();

      String careOf = Laboratory.text(b.ask("status json"), "care_of");
      List<JsonObject> packets = opened(directory.resolve("foreign.pcap"));
      boolean udp = encapsulation.equals("udp");
      assertTrue(payload(packets, Topology.HOME_ADDRESS, Topology.CORRESPONDENT) >= 26);
      assertTrue(payload(packets, Topology.CORRESPONDENT, Topology.HOME_ADDRESS) >= 26);
      isSignalling(packets, "update", careOf, udp);
      isSignalling(packets, "acknowledgement", careOf, udp);
      packets.forEach(packet -> assertEquals(udp, packet.get("udp").getAsBoolean()));
      numberFromOne(packets);

      opensWhatScapySeals(b, careOf, udp, packets.get(packets.size() - 1).get("spi").getAsLong());
    }
  }

  /** Every packet opens, and what is inside belongs to this guest. */
  private List<JsonObject> opened(Path capture) throws Exception {
    List<JsonObject> packets = new ArrayList<>();
    ScapyPeer witness =
        laboratory.keep(
            ScapyPeer.start(
                topology.foreignRouter(), "gcm_witness.py", "open", capture.toString(),
                keys.toString()));
    witness.await("end", told -> packets.add(told));
    assertFalse(packets.isEmpty());
    for (JsonObject packet : packets) {
      assertEquals("esp", packet.get("event").getAsString(), packet.toString());
      assertNull(packet.get("failed"), packet.toString());
      if (packet.get("next_header").getAsInt() == 41) {
        assertEquals(packet.get("octets"), packet.get("length"), packet.toString());
      } else {
        assertTrue(packet.has("message"), packet.toString());
      }
    }
    return packets;
  }

  private static long payload(List<JsonObject> packets, String source, String destination) {
    return packets.stream()
        .filter(p -> p.has("source") && p.get("source").getAsString().equals(source))
        .filter(p -> p.get("destination").getAsString().equals(destination))
        .count();
  }

  /** RFC 3776 §3.1 natively; in UDP the home address is inside, and the addresses stay outside. */
  private static void isSignalling(
      List<JsonObject> packets, String message, String careOf, boolean udp) {
    List<JsonObject> found =
        packets.stream()
            .filter(p -> p.has("message") && p.get("message").getAsString().equals(message))
            .toList();
    assertFalse(found.isEmpty(), message);
    boolean update = message.equals("update");
    for (JsonObject one : found) {
      String text = one.toString();
      assertEquals(
          Topology.HOME_ADDRESS, one.get(udp ? "hoa" : "hoa_outside").getAsString(), text);
      assertFalse(one.has(udp ? "hoa_outside" : "hoa"), text);
      assertEquals(
          careOf, one.get(update ? "source_outer" : "destination_outer").getAsString(), text);
      assertEquals(
          JsonParser.parseString(udp ? "[17]" : update ? "[60,50]" : "[43,50]"),
          one.get("headers"), text);
      if (update) {
        assertEquals(careOf, one.getAsJsonArray("care_of").get(0).getAsString(), text);
        assertEquals(udp ? 60 : 135, one.get("next_header").getAsInt(), text);
      } else {
        assertEquals(0, one.get("status").getAsInt(), text);
        assertEquals(udp ? 43 : 135, one.get("next_header").getAsInt(), text);
      }
    }
  }

  /** RFC 4303 §3.3.3: "The first packet sent using a given SA will have a sequence number of 1". */
  private static void numberFromOne(List<JsonObject> packets) {
    Map<String, Long> last = new HashMap<>();
    for (JsonObject packet : packets) {
      String way = packet.get("destination_outer").getAsString() + " " + packet.get("spi");
      long number = packet.get("sequence").getAsLong();
      assertEquals(last.getOrDefault(way, 0L) + 1, number, packet.toString());
      last.put(way, number);
    }
  }

  private void opensWhatScapySeals(DaemonProcess b, String careOf, boolean udp, long spi)
      throws Exception {
    Wire guest = tap(topology.guest(), "eth0", "guest.pcap");
    Wire correspondent = tap(topology.correspondent(), "eth0", "correspondent.pcap");
    JsonObject association = association(b, spi);
    seal(
        topology.hypervisorB(), careOf, Topology.HOME_AGENT, spi,
        association.get("last_sequence_out").getAsLong() + AHEAD, udp,
        request(Topology.HOME_ADDRESS, Topology.CORRESPONDENT, FROM_GUEST));
    seal(
        topology.homeAgent(), Topology.HOME_AGENT, careOf, spi,
        association.get("highest_sequence_in").getAsLong() + AHEAD, udp,
        request(Topology.CORRESPONDENT, Topology.HOME_ADDRESS, TO_GUEST));
    // What the real ends send meanwhile is still in the window; and it comes after the sealed ones.
    pings("-c", "3", "-i", "0.1");

    String echo = "icmpv6.echo.identifier == ";
    assertEquals(1, correspondent.packets("icmpv6.type == 128 && " + echo + FROM_GUEST).size());
    assertEquals(1, guest.packets("icmpv6.type == 129 && " + echo + FROM_GUEST).size());
    assertEquals(1, guest.packets("icmpv6.type == 128 && " + echo + TO_GUEST).size());
    assertEquals(1, correspondent.packets("icmpv6.type == 129 && " + echo + TO_GUEST).size());
    assertEquals(List.of(), guest.packets(Wire.FAULTY));
    assertEquals(List.of(), correspondent.packets(Wire.FAULTY));
  }

  private static String request(String source, String destination, String identifier) {
    return "IPv6(src='" + source + "', dst='" + destination + "') / ICMPv6EchoRequest(id="
        + identifier + ", seq=1, data=b'sealed by scapy')";
  }

  private void seal(
      String namespace, String source, String destination, long spi, long sequence, boolean udp,
      String inner)
      throws Exception {
    laboratory
        .keep(
            ScapyPeer.start(
                namespace, "gcm_witness.py", "seal", keys.toString(), source, destination,
                Long.toString(spi), Long.toString(sequence), udp ? "4500" : "0", inner))
        .await("sent");
  }

  private static JsonObject association(DaemonProcess daemon, long spi) throws IOException {
    JsonArray all = JsonParser.parseString(daemon.ask("show sa json")).getAsJsonArray();
    for (JsonElement one : all) {
      if (one.getAsJsonObject().get("spi_out").getAsLong() == spi) {
        return one.getAsJsonObject();
      }
    }
    throw new AssertionError("no SPI " + spi + " in " + all);
  }

  /** As an operator does it: the command writes the table as long as it captures. */
  private void exportKeys(String daemon) throws IOException, InterruptedException {
    Process capture =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                System.getProperty("java.class.path"), "org.kagemusha.daemon.Main", "capture",
                "--socket", laboratory.configuration.socket(daemon).toString(), "--keys",
                keys.toString(), directory.resolve("both.pcapng").toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("capture.log").toFile())
            .start();
    laboratory.keep((Closeable) capture::destroy);
    Laboratory.eventually("keys are told", () -> Files.exists(keys) && Files.size(keys) > 0);
  }

  private void pings(String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("-W", "2", Topology.CORRESPONDENT));
    String said = laboratory.pingFromGuest(all.toArray(String[]::new));
    assertTrue(said.contains(" 0% packet loss"), said);
  }

  private Wire tap(String namespace, String device, String file) throws IOException {
    return laboratory.keep(Wire.tap(namespace, device, directory.resolve(file)));
  }
}
