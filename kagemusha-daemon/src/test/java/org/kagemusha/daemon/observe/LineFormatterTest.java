package org.kagemusha.daemon.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.TimeZone;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LineFormatterTest {

  private static LogRecord record(Level level, String message) {
    LogRecord record = new LogRecord(level, message);
    record.setInstant(Instant.parse("2026-01-02T03:04:05.678Z"));
    record.setLoggerName("org.kagemusha.test");
    return record;
  }

  @ParameterizedTest
  @CsvSource({"SEVERE,3", "WARNING,4", "INFO,6", "FINE,7"})
  void theJournalGetsPriorities(String level, int priority) {
    assertEquals(
        "<" + priority + ">bu sent seq=7\n",
        new LineFormatter(true, () -> TimeZone.getTimeZone("UTC"))
            .format(record(Level.parse(level), "bu sent seq=7")));
  }

  @Test
  void aTerminalGetsTimeAndLevel() {
    assertEquals(
        "2026-01-02 03:04:05.678 warning ba received status=129\n",
        new LineFormatter(false, () -> TimeZone.getTimeZone("UTC"))
            .format(record(Level.WARNING, "ba received status=129")));
  }

  @ParameterizedTest
  @CsvSource({
    "Asia/Kolkata,2026-01-02 08:34:05.678", "America/New_York,2026-01-01 22:04:05.678",
    "Europe/Berlin,2026-01-02 04:04:05.678"
  })
  void aTerminalGetsLocalTime(String zone, String time) {
    assertEquals(
        time + " info    ba received\n",
        new LineFormatter(false, () -> TimeZone.getTimeZone(zone))
            .format(record(Level.INFO, "ba received")));
  }

  @Test
  void daylightSavingCounts() {
    LogRecord record = record(Level.INFO, "ba received");
    record.setInstant(Instant.parse("2026-07-01T22:00:00Z"));
    assertEquals(
        "2026-07-02 00:00:00.000 info    ba received\n",
        new LineFormatter(false, () -> TimeZone.getTimeZone("Europe/Berlin")).format(record));
  }

  @Test
  void aRecordCannotForgeAnotherLine() {
    String line =
        new LineFormatter(true, () -> TimeZone.getTimeZone("UTC"))
            .format(record(Level.INFO, "name=x\n<0>panic\u2028\u001b[31m"));
    assertEquals("<6>name=x?<0>panic??[31m\n", line);
  }

  @Test
  void everyLineOfAStackTraceHasItsPriority() {
    LogRecord record = record(Level.SEVERE, "failed");
    record.setThrown(new IllegalStateException("because"));
    String text = new LineFormatter(true, () -> TimeZone.getTimeZone("UTC")).format(record);
    assertTrue(text.lines().count() > 2);
    assertTrue(text.lines().allMatch(line -> line.startsWith("<3>")), text);
  }

  @Test
  void linesOfTheAuditAreNeverHeldBack() {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    Handler handler = LogSetup.handler(stream, true, () -> 0);
    for (int i = 0; i < 100; i++) {
      LogRecord record = record(Level.INFO, "grant host=hv-" + i);
      record.setLoggerName("audit");
      handler.publish(record);
    }
    assertEquals(100, stream.toString(StandardCharsets.UTF_8).lines().count());
  }

  @Test
  void repeatedLinesAreHeldBackAndCounted() {
    AtomicLong nowNs = new AtomicLong();
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    Handler handler = LogSetup.handler(stream, true, nowNs::get);
    for (int i = 0; i < 100; i++) {
      handler.publish(record(Level.INFO, "binding refused hoa=2001:db8::" + i));
    }
    handler.publish(record(Level.INFO, "something else hoa=1"));
    assertEquals(RepeatFilter.BURST + 1, stream.toString(StandardCharsets.UTF_8).lines().count());
    stream.reset();
    nowNs.addAndGet(RepeatFilter.INTERVAL_NS);
    handler.publish(record(Level.INFO, "binding refused hoa=2001:db8::1"));
    handler.publish(record(Level.INFO, "binding refused hoa=2001:db8::2"));
    String text = stream.toString(StandardCharsets.UTF_8);
    assertTrue(text.startsWith("<6>binding refused hoa=2001:db8::1 suppressed=80\n"), text);
    assertFalse(text.endsWith("suppressed=80\n"), text);
  }

  @Test
  void manyKindsOfLinesDoNotFillTheMemory() {
    RepeatFilter filter = new RepeatFilter(() -> 0);
    for (int i = 0; i < 100_000; i++) {
      assertTrue(filter.isLoggable(record(Level.INFO, "kind " + i + " x=1")));
    }
  }
}
