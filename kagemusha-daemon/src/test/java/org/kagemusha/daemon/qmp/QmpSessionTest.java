package org.kagemusha.daemon.qmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.node.NodeEngine;

/** The client's side of QMP, with a fake clock. The greeting and answers are those of QEMU 7.2. */
class QmpSessionTest {

  private static final String GREETING =
      "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7},"
          + " \"package\": \"Debian 1:7.2\"}, \"capabilities\": [\"oob\"]}}";
  private static final long SECOND = 1_000_000_000L;

  private final List<String> sent = new ArrayList<>();
  private final List<String> told = new ArrayList<>();
  private final QmpSession session =
      new QmpSession(
          sent::add,
          new QmpSession.Listener() {
            @Override
            public void onReady(String version) {
              told.add("ready " + version);
            }

            @Override
            public void onStatus(String status) {
              told.add("status " + status);
            }

            @Override
            public void onTimestamp(String name, long unixUs) {
              told.add("at " + unixUs);
            }

            @Override
            public void onEvent(String name, JsonObject data) {
              told.add("event " + name + " " + data);
            }
          },
          0);
  private long now;

  private void line(String text) throws QmpException {
    session.onLine(text, now);
  }

  private String executed(int index) {
    return JsonParser.parseString(sent.get(index)).getAsJsonObject().get("execute").getAsString();
  }

  private void negotiate() throws QmpException {
    line(GREETING);
    line("{\"return\": {}, \"id\": \"capabilities\"}");
  }

  @Test
  void negotiatesAsksForMigrationEventsAndForTheStatus() throws Exception {
    negotiate();
    line("{\"return\": {}, \"id\": \"events\"}");
    line("{\"return\": {\"status\": \"inmigrate\", \"running\": false}, \"id\": \"status\"}");
    assertEquals(3, sent.size());
    assertEquals("qmp_capabilities", executed(0));
    assertEquals("migrate-set-capabilities", executed(1));
    assertTrue(sent.get(1).contains("{\"capability\":\"events\",\"state\":true}"));
    assertEquals("query-status", executed(2));
    assertEquals(List.of("ready 7.2.22", "status inmigrate"), told);
    assertFalse(session.isSilentAboutMigration());
    assertEquals(NodeEngine.NEVER, session.nextDeadlineNs());
  }

  @Test
  void eventsComeAtAnyTimeAfterTheNegotiation() throws Exception {
    negotiate();
    line("{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"RESUME\"}");
    line("{\"event\": \"MIGRATION\", \"data\": {\"status\": \"active\"}}");
    assertEquals(
        List.of(
            "ready 7.2.22", "at 1000002", "event RESUME {}", "event MIGRATION {\"status\":\"active\"}"),
        told);
  }

  @Test
  void monitorThatDoesNotTellOfMigrationsIsKept() throws Exception {
    negotiate();
    line(
        "{\"id\": \"events\", \"error\": {\"class\": \"GenericError\", \"desc\": \"There's a"
            + " migration process in progress\"}}");
    line("{\"return\": {\"status\": \"running\"}, \"id\": \"status\"}");
    assertTrue(session.isSilentAboutMigration());
    assertEquals(List.of("ready 7.2.22", "status running"), told);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense", "HTTP/1.1 400 Bad Request", "[]", "7", "{\"event\": \"RESUME\"}", "{", "{}",
        "{\"QMP\": 1}", "\"QMP\""
      })
  void whatDoesNotGreetAsQmpIsRefused(String line) {
    QmpException refused = assertThrows(QmpException.class, () -> line(line));
    assertTrue(refused.getMessage().contains("\""), refused.getMessage());
    assertEquals(List.of(), sent);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nonsense | not a JSON object: \"nonsense\"",
        "{\"x\": 1} | neither an event nor an answer: \"{\"x\": 1}\"",
        "{\"event\": {}} | an event without a name: \"{\"event\": {}}\"",
        "{\"return\": {}} | an answer to nothing that was asked: \"\"",
        "{\"error\": {\"desc\": \"JSON parse error\"}} | an answer to nothing that was asked:"
            + " \"JSON parse error\"",
        "{\"error\": {\"desc\": \"no\"}, \"id\": \"status\"} | does not answer query-status:"
            + " \"no\"",
        "{\"return\": [], \"id\": \"status\"} | does not answer query-status: \"{}\""
      })
  void whatIsNotQmpLaterIsRefusedToo(String line, String reason) throws Exception {
    negotiate();
    assertEquals(
        reason, assertThrows(QmpException.class, () -> line(line)).getMessage());
  }

  @Test
  void refusalOfTheNegotiationIsTold() throws Exception {
    line(GREETING);
    QmpException refused =
        assertThrows(
            QmpException.class,
            () -> line("{\"error\": {\"desc\": \"not today\"}, \"id\": \"capabilities\"}"));
    assertEquals("refuses qmp_capabilities: \"not today\"", refused.getMessage());
  }

  @Test
  void whatIsToldOfALineIsShortAndPlain() {
    QmpException refused =
        assertThrows(QmpException.class, () -> line("\u001b[31m" + "x".repeat(50_000)));
    assertTrue(refused.getMessage().length() < 120, refused.getMessage());
    assertFalse(refused.getMessage().contains("\u001b"));
  }

  @Test
  void deepNestingIsRefusedAndNothingElse() {
    assertThrows(QmpException.class, () -> line("[".repeat(60_000)));
  }

  @Test
  void emptyLinesArePassedOver() throws Exception {
    line("");
    line(GREETING);
    line(" ");
    assertEquals(1, sent.size());
  }

  @Test
  void greetingThatDoesNotComeIsOverdue() throws Exception {
    assertEquals(5 * SECOND, session.nextDeadlineNs());
    session.onDeadline(5 * SECOND - 1);
    QmpException overdue =
        assertThrows(QmpException.class, () -> session.onDeadline(5 * SECOND));
    assertEquals(
        "no greeting within 5 s; QEMU serves one client of a monitor at a time",
        overdue.getMessage());
  }

  @Test
  void eachAnswerHasItsTime() throws Exception {
    now = 4 * SECOND;
    negotiate();
    now = 8 * SECOND;
    line("{\"return\": {}, \"id\": \"events\"}");
    session.onDeadline(13 * SECOND - 1);
    assertThrows(QmpException.class, () -> session.onDeadline(13 * SECOND));
  }

  @Test
  void whereNothingIsAskedNothingIsOverdue() throws Exception {
    negotiate();
    line("{\"return\": {}, \"id\": \"events\"}");
    line("{\"return\": {\"status\": \"running\"}, \"id\": \"status\"}");
    session.onDeadline(1_000_000 * SECOND);
    session.askStatus(1_000_000 * SECOND);
    assertEquals(1_000_005 * SECOND, session.nextDeadlineNs());
  }
}
