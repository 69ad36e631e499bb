package org.kagemusha.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.mobility.ForwardedPackets;
import org.kagemusha.core.mobility.Milestone;
import org.kagemusha.core.mobility.MoveRecord;
import org.kagemusha.core.mobility.MoveRecord.Moment;
import org.kagemusha.daemon.control.ControlReply;
import org.kagemusha.daemon.observe.MoveReport;

/** {@code report} on the host where a VM arrived, with what the host that it left has told. */
@Timeout(60)
class ReportCommandTest {

  private static final long ZERO_US = 1_795_262_400_250_118L;
  private static final MoveRecord ARRIVAL =
      new MoveRecord(
          3, true, "qmp", "foreign", Milestone.VMM_RESUME, ZERO_US,
          List.of(
              new Moment(Milestone.VMM_RESUME, 0),
              new Moment(Milestone.ARRIVED, 391),
              new Moment(Milestone.FIRST_PACKET_DOWN, 3120)),
          null);
  private static final MoveRecord DEPARTURE =
      new MoveRecord(
          4, false, null, "home", Milestone.VMM_STOP, ZERO_US - 11_874,
          List.of(new Moment(Milestone.VMM_STOP, 0), new Moment(Milestone.LEFT, 12_000)),
          new ForwardedPackets(12, 11, 1, 0, 0));

  @TempDir Path directory;
  private CommandLineFixture cli;

  @BeforeEach
  void open() throws IOException {
    cli =
        new CommandLineFixture(
            directory,
            (verb, arguments, answer) -> {
              assertEquals("report", verb);
              assertEquals("json", arguments.get(0));
              answer.accept(ControlReply.done(report(ARRIVAL)));
            });
  }

  @AfterEach
  void close() throws IOException {
    cli.close();
  }

  private static String report(MoveRecord... moves) {
    return MoveReport.json("vm1", List.of(moves), 16) + "\n";
  }

  private String file(String text) throws IOException {
    return Files.writeString(directory.resolve("source.json"), text).toString();
  }

  private int run(String... more) {
    List<String> words = new ArrayList<>(List.of("report", "--socket", cli.socket()));
    words.addAll(List.of(more));
    return cli.run(words.toArray(String[]::new));
  }

  private static List<String> events(JsonObject move) {
    List<String> events = new ArrayList<>();
    for (JsonElement element : move.getAsJsonArray("events")) {
      JsonObject event = element.getAsJsonObject();
      events.add(event.get("host").getAsString() + " " + event.get("event").getAsString());
    }
    return events;
  }

  @Test
  void bothHostsRecordsMakeOneTimeline() throws IOException {
    String source = file(report(DEPARTURE));
    assertEquals(0, run("--source", source, "--json"), cli::errors);
    assertEquals("", cli.errors());
    JsonArray moves =
        JsonParser.parseString(cli.output()).getAsJsonObject().getAsJsonArray("moves");
    assertEquals(1, moves.size());
    JsonObject move = moves.get(0).getAsJsonObject();
    assertEquals(
        List.of(
            "source vmm-stop", "here vmm-resume", "source left", "here arrived",
            "here first-packet-down"),
        events(move));
    assertEquals(4, move.getAsJsonObject("source").get("number").getAsInt());
    assertEquals(
        11, move.getAsJsonObject("source").getAsJsonObject("packets").get("forwarded").getAsInt());
    assertEquals(
        11.874, move.getAsJsonObject("spans_ms").get("pause").getAsDouble(), 0.0001);
    assertEquals(0, run("--source", source));
    assertTrue(
        cli.output().contains("packets at the source: 12 kept, 11 forwarded, 1 dropped"),
        cli.output());
    assertTrue(cli.output().contains("pause 11.874"), cli.output());
  }

  @Test
  void sourceMayComeByStandardInput() {
    InputStream before = System.in;
    try {
      System.setIn(
          new ByteArrayInputStream(report(DEPARTURE).getBytes(StandardCharsets.UTF_8)));
      assertEquals(0, run("--source", "-"), cli::errors);
    } finally {
      System.setIn(before);
    }
    assertTrue(cli.output().contains("packets at the source: 12 kept"), cli.output());
  }

  @Test
  void departureThatBelongsToNoArrivalIsToldAndTheReportShownWithout() throws IOException {
    assertEquals(0, run("--source", file(report(ARRIVAL))));
    assertEquals("no departure there that belongs to an arrival here\n", cli.errors());
    assertTrue(cli.output().startsWith("move 3: arrival, by qmp"), cli.output());
    assertFalse(cli.output().contains("source"), cli.output());
  }

  @Test
  void fileThatCannotBeReadIsStatusOne() throws IOException {
    String missing = directory + "/none.json";
    assertEquals(1, run("--source", missing));
    assertEquals("cannot read " + missing + ": no such file or directory\n", cli.errors());
    assertEquals("", cli.output());
    assertEquals(1, run("--source", directory.toString()));
    assertEquals("cannot read " + directory + ": Is a directory\n", cli.errors());
    Path binary =
        Files.write(directory.resolve("binary"), new byte[] {(byte) 0xc3, (byte) 0x28});
    assertEquals(1, run("--source", binary.toString()));
    assertEquals(binary + " is not what report --json prints\n", cli.errors());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "move 3: arrival, by qmp", "{\"moves\": [", "[]", "null", "7", "{}",
        "{\"name\": \"vm1\", \"moves\": 1}", "{\"name\": \"vm1\", \"moves\": [{}]}",
        "{\"moves\": [{\"zero_unix_us\": \"soon\"}]}"
      })
  void fileThatIsNoReportIsStatusOneAndNothingIsShown(String text) throws IOException {
    String source = file(text);
    assertEquals(1, run("--source", source));
    assertEquals(source + " is not what report --json prints\n", cli.errors());
    assertEquals("", cli.output());
  }
}
