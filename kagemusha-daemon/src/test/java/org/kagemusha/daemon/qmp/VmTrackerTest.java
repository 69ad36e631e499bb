package org.kagemusha.daemon.qmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** The sequences of a VMM, as QEMU 7.2 says them, and what is made of them. */
class VmTrackerTest {

  private final HeardVmm vmm = new HeardVmm();
  private final VmTracker tracker =
      new VmTracker("vm1", vmm, LoggerFactory.getLogger(VmTrackerTest.class));

  private static JsonObject data(String key, String value) {
    JsonObject object = new JsonObject();
    object.addProperty(key, value);
    return object;
  }

  /** Status words in lower case, MIGRATION's words behind a colon, other events as they are. */
  private List<String> after(String... words) {
    for (String word : words) {
      if (word.startsWith(":")) {
        tracker.onEvent("MIGRATION", data("status", word.substring(1)));
      } else if (word.startsWith("SHUTDOWN ")) {
        tracker.onEvent("SHUTDOWN", data("reason", word.substring(9)));
      } else if (word.equals(word.toUpperCase(java.util.Locale.ROOT))) {
        tracker.onEvent(word, new JsonObject());
      } else {
        tracker.onStatus(word);
      }
    }
    return vmm.heard;
  }

  @Test
  void sourceOfAMigrationPausesAndFences() {
    assertEquals(
        List.of("arrived", "paused", "left"),
        after(
            "running", ":setup", ":active", "STOP", ":device", ":completed", "postmigrate",
            "SHUTDOWN host-signal"));
  }

  @Test
  void vmThatMayBeStoppedAtAnyMomentIsToldOf() {
    after("running", ":setup");
    assertTrue(vmm.isMigrating());
    after(":active", ":cancelling", ":cancelled");
    assertFalse(vmm.isMigrating());
    after(":setup", ":active", ":failed");
    assertFalse(vmm.isMigrating());
    // A snapshot in the background.
    after(":setup", ":active", ":completed");
    assertFalse(vmm.isMigrating());
    after(":setup");
    tracker.onClosed("closed");
    assertFalse(vmm.isMigrating());
    after("running", ":setup", "STOP");
    assertTrue(vmm.isMigrating());
    tracker.onClosed("closed");
    assertFalse(vmm.isMigrating());
  }

  @Test
  void vmThatIsAwaitedIsNotAboutToStop() {
    after("inmigrate", ":setup", ":active");
    assertFalse(vmm.isMigrating());
  }

  @Test
  void endOfAMigrationCountsOnceTheRunStateHasFollowed() {
    after("running", "STOP", ":completed");
    assertTrue(tracker.isHandingOver());
    after("finish-migrate");
    assertTrue(tracker.isHandingOver());
    assertEquals(List.of("arrived", "paused", "left"), after("postmigrate"));
    assertFalse(tracker.isHandingOver());
  }

  @Test
  void sourceThatEndsBeforeItsRunStateIsKnownIsFenced() {
    after("running", "STOP", ":completed");
    tracker.onClosed("the VMM closed its socket");
    assertEquals(List.of("arrived", "paused", "left"), vmm.heard);
  }

  @Test
  void destinationArrivesAtResumeAndStaysAtItsOwnEndOfTheMigration() {
    assertEquals(
        List.of("expected", "arrived"),
        after("inmigrate", ":setup", ":active", "RESUME", ":completed", "running").subList(0, 2));
    assertEquals(VmTracker.Vm.RUNNING, tracker.vm());
    assertFalse(vmm.heard.contains("left"));
  }

  @Test
  void destinationThatIsStartedByHandArrivesWhenItIs() {
    assertEquals(List.of("expected"), after("inmigrate", ":active", ":completed"));
    assertEquals(List.of("expected", "arrived"), after("RESUME"));
  }

  @ParameterizedTest
  @ValueSource(strings = {":failed", ":cancelled", "SHUTDOWN host-signal"})
  void destinationOfAnAbortedMigrationNeverArrives(String end) {
    after("inmigrate", ":active", end);
    assertEquals(2, vmm.heard.size());
    assertTrue(vmm.heard.get(1).startsWith("not coming: "), vmm.heard.toString());
    assertEquals(VmTracker.Vm.UNKNOWN, tracker.vm());
  }

  @Test
  void destinationWhoseVmmEndsNeverArrives() {
    after("inmigrate");
    tracker.onClosed("the VMM closed its socket");
    assertEquals(List.of("expected", "not coming: the VMM closed its socket"), vmm.heard);
  }

  @Test
  void failedMigrationGoesOnAtTheSource() {
    assertEquals(
        List.of("arrived", "paused", "arrived"),
        after("running", ":active", "STOP", ":failed", "RESUME"));
  }

  @Test
  void cancelledMigrationThatNeverStoppedTheVmIsNothing() {
    assertEquals(
        List.of("arrived"), after("running", ":active", ":cancelling", ":cancelled"));
  }

  @Test
  void migrationThatIsTakenBackAfterItsEndIsAnArrival() {
    assertEquals(
        List.of("arrived", "paused", "left", "arrived"),
        after("running", "STOP", ":completed", "postmigrate", "RESUME"));
  }

  @Test
  void snapshotIsNotAMigration() {
    assertEquals(
        List.of("arrived", "paused", "arrived"),
        after("running", ":setup", "STOP", ":completed", "save-vm", "RESUME"));
    assertFalse(tracker.isHandingOver());
  }

  @Test
  void postCopyIsFencedAtItsEnd() {
    assertEquals(
        List.of("arrived", "paused", "left"),
        after(
            "running", ":active", ":postcopy-active", "STOP", ":completed", "postmigrate"));
  }

  @Test
  void vmThatWasMigratedBeforeTheDaemonAskedIsFenced() {
    assertEquals(List.of("left"), after("postmigrate"));
  }

  @Test
  void connectionInTheMiddleOfAMoveLearnsOfThePause() {
    assertEquals(List.of("paused", "left"), after("finish-migrate", "postmigrate"));
  }

  @Test
  void vmThatHasNotRunYetIsNotHere() {
    assertEquals(List.of("arrived"), after("prelaunch", "RESUME"));
  }

  @Test
  void shutdownOfARunningVmReleases() {
    assertEquals(List.of("arrived", "released"), after("running", "SHUTDOWN guest-shutdown"));
  }

  @Test
  void endOfAStoppedVmmFences() {
    assertEquals(List.of("arrived", "paused", "left"), after("running", "STOP",
        "SHUTDOWN host-qmp-quit"));
  }

  @Test
  void unknownWordsAreNothing() {
    assertEquals(List.of(), after("suspended", "never-heard", ":never-heard", "BALLOON_CHANGE",
        "RTC_CHANGE", "JOB_STATUS_CHANGE"));
  }

  /** Only RESUME and a run state of running may say that the VM is here. */
  @Test
  void noOrderOfOtherWordsMakesAnArrival() {
    List<String> words =
        new ArrayList<>(
            Arrays.asList(
                "STOP", "STOP", ":setup", ":active", ":completed", ":completed", ":failed",
                ":cancelled", "SHUTDOWN host-signal", "paused", "inmigrate", "postmigrate",
                "finish-migrate", "prelaunch", "shutdown"));
    Random random = new Random(7);
    for (int i = 0; i < 2_000; i++) {
      java.util.Collections.shuffle(words, random);
      after(words.toArray(new String[0]));
    }
    assertFalse(vmm.heard.contains("arrived"));
    assertEquals("arrived", after("RESUME").get(vmm.heard.size() - 1));
  }
}
