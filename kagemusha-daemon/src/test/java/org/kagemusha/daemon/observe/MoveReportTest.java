package org.kagemusha.daemon.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.mobility.ForwardedPackets;
import org.kagemusha.core.mobility.Milestone;
import org.kagemusha.core.mobility.MoveRecord;
import org.kagemusha.core.mobility.MoveRecord.Moment;

/** The report as it is read by people and by machines. */
class MoveReportTest {

  private static final long ZERO_US = 1_795_262_400_250_118L;

  private static MoveRecord arrival(long zeroUs) {
    return new MoveRecord(
        1, true, "qmp", "foreign", Milestone.VMM_RESUME, zeroUs,
        List.of(
            new Moment(Milestone.VMM_RESUME, 0),
            new Moment(Milestone.ARRIVED, 391),
            new Moment(Milestone.BINDING_UPDATE, 702),
            new Moment(Milestone.FIRST_PACKET_UP, 934),
            new Moment(Milestone.ACKNOWLEDGEMENT, 2816),
            new Moment(Milestone.FIRST_PACKET_DOWN, 3120)),
        null);
  }

  private static MoveRecord departure(long zeroUs, ForwardedPackets packets) {
    return new MoveRecord(
        4, false, null, "foreign", Milestone.VMM_STOP, zeroUs,
        List.of(
            new Moment(Milestone.VMM_STOP, 0),
            new Moment(Milestone.PAUSED, 472),
            new Moment(Milestone.LEFT, 122_524)),
        packets);
  }

  private static String golden(String name) throws IOException {
    try (InputStream input = MoveReportTest.class.getResourceAsStream(name)) {
      return new String(input.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static JsonObject here() {
    return MoveReport.json("vm1", List.of(arrival(ZERO_US)), 16);
  }

  @Test
  void oneHostsReport() throws IOException {
    JsonObject report =
        MoveReport.json(
            "vm1",
            List.of(
                arrival(ZERO_US),
                departure(ZERO_US + 60_000_000, new ForwardedPackets(12, 12, 0, 0, 0))),
            16);
    assertEquals(golden("moves.txt"), MoveReport.text(report));
    assertEquals(
        golden("moves.json"), new GsonBuilder().setPrettyPrinting().create().toJson(report) + "\n");
  }

  @Test
  void bothHostsInOneTimeline() throws IOException {
    JsonObject source =
        MoveReport.json(
            "vm1",
            List.of(
                departure(ZERO_US - 90_000_000, null),
                departure(ZERO_US - 11_874, new ForwardedPackets(12, 11, 1, 0, 0))),
            16);
    JsonObject report = here();
    assertEquals(1, MoveReport.merge(report, source));
    assertEquals(golden("merged.txt"), MoveReport.text(report));
    JsonObject spans =
        report.getAsJsonArray("moves").get(0).getAsJsonObject().getAsJsonObject("spans_ms");
    assertEquals(11.874, spans.get("pause").getAsDouble(), 0.0001);
  }

  @Test
  void aClockThatIsAheadIsToldAndOtherMovesAreNotTaken() {
    JsonObject report = here();
    assertEquals(
        1,
        MoveReport.merge(
            report, MoveReport.json("vm1", List.of(departure(ZERO_US + 5000, null)), 16)));
    assertTrue(
        MoveReport.text(report).contains("which is at least 5.000 ms ahead of this host's"),
        MoveReport.text(report));
    MoveRecord failed =
        new MoveRecord(
            1, false, null, "home", Milestone.PAUSED, ZERO_US,
            List.of(new Moment(Milestone.PAUSED, 0), new Moment(Milestone.RESUMED, 900)), null);
    JsonObject alone = here();
    assertEquals(
        0, MoveReport.merge(alone, MoveReport.json("vm1", List.of(failed), 16)));
    assertEquals(here(), alone);
    assertEquals(
        0,
        MoveReport.merge(
            here(),
            MoveReport.json("vm1", List.of(departure(ZERO_US - 601_000_000L, null)), 16)));
  }

  @Test
  void anArrivalTellsWhatThePreviousHostSent() {
    MoveRecord move = arrival(ZERO_US);
    MoveRecord forwarded =
        new MoveRecord(
            1, true, "qmp", "foreign", move.zero(), ZERO_US, move.moments(),
            new ForwardedPackets(0, 0, 0, 12, 3));
    assertTrue(
        MoveReport.text(MoveReport.json("vm1", List.of(forwarded), 1))
            .endsWith("\npackets: 12 received, 3 held\n"));
  }

  @Test
  void onlyTheLatestAndOnlyWhatIsKnown() {
    MoveRecord bare =
        new MoveRecord(
            2, true, "hook", "home", Milestone.ARRIVED, ZERO_US,
            List.of(new Moment(Milestone.ARRIVED, 0)), null);
    JsonObject report = MoveReport.json("vm1", List.of(arrival(ZERO_US), bare), 1);
    assertEquals(1, report.getAsJsonArray("moves").size());
    String text = MoveReport.text(report);
    assertFalse(text.contains("ms:"), text);
    assertFalse(text.contains("packets"), text);
    assertEquals("no move so far\n", MoveReport.text(MoveReport.json("vm1", List.of(), 1)));
  }
}
