package org.kagemusha.core.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.simulation.World.CORRESPONDENT;
import static org.kagemusha.core.simulation.World.HOME_ADDRESS;
import static org.kagemusha.core.simulation.World.MS;
import static org.kagemusha.core.simulation.World.SECOND;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.homeagent.HomeAgentSettings.Dad;

/** A VM moves from its home link to a foreign network and back, with real engines at all places. */
class MoveSimulationTest {

  private static void assertNoDuplicates(World world) {
    assertEquals(List.of(), world.guest.duplicates);
    assertEquals(List.of(), world.correspondent.duplicates);
  }

  private static int bindings(World world) {
    return world.homeAgent.status(world.schedule.nowNs()).bindings();
  }

  /** No station was without counters for longer than that since a time. */
  private static void assertGaps(String when, World world, long from, long largest) {
    long until = world.schedule.nowNs();
    for (Station station : List.of(world.guest, world.correspondent)) {
      long gap = station.longestGapNs(from, until);
      assertTrue(
          gap <= largest,
          () -> when + ": " + gap / 1000 + " us at " + station.address + world.describe());
    }
  }

  @ParameterizedTest
  @CsvSource({"false,false", "true,false", "true,true"})
  void theSessionsSurviveTheMoveThereAndBack(boolean signalling, boolean payload) {
    World world = new World(Dad.OFF, signalling, payload, 1);
    world.run(5 * SECOND);
    assertEquals(0, bindings(world));
    long left = world.schedule.nowNs();
    world.moveAbroad();
    world.run(20 * SECOND);
    assertEquals(1, bindings(world));
    // One period of the counters, two crossings and what the bridges take.
    assertGaps("away", world, left, 32 * MS);
    long back = world.schedule.nowNs();
    world.moveHome(true);
    world.run(30 * SECOND);
    assertEquals(0, bindings(world));
    assertGaps("home", world, back, 32 * MS);
    assertNoDuplicates(world);
  }

  @Test
  void strictDadCostsASecondAndNoMore() {
    World world = new World(Dad.STRICT, true, true, 1);
    world.run(5 * SECOND);
    long left = world.schedule.nowNs();
    world.moveAbroad();
    world.run(20 * SECOND);
    assertEquals(1, bindings(world));
    assertGaps("away", world, left, 1_050 * MS);
  }

  @Test
  void optimisticDadCostsNothing() {
    World world = new World(Dad.OPTIMISTIC, true, true, 1);
    world.run(5 * SECOND);
    long left = world.schedule.nowNs();
    world.moveAbroad();
    world.run(20 * SECOND);
    assertEquals(1, bindings(world));
    assertGaps("away", world, left, 32 * MS);
  }

  @Test
  void aHostThatWasNotToldThatTheVmLeftDoesNotStealTheBindingBack() {
    World world = new World(Dad.OFF, true, false, 3);
    world.run(5 * SECOND);
    world.moveAbroad();
    world.run(40 * SECOND);
    world.moveHome(false);
    world.run(SECOND);
    assertEquals(0, bindings(world));
    // Longer than the binding would have lasted: B never refreshes.
    for (int i = 0; i < 120; i++) {
      world.run(SECOND);
      assertEquals(0, bindings(world));
    }
    long until = world.schedule.nowNs();
    assertGaps("home", world, until - 100 * SECOND, 20 * MS);
  }

  @Test
  void movesAgainAndAgain() {
    World world = new World(Dad.OFF, true, true, 4);
    world.run(5 * SECOND);
    for (int i = 0; i < 10; i++) {
      long left = world.schedule.nowNs();
      world.moveAbroad();
      world.run(15 * SECOND);
      assertEquals(1, bindings(world));
      assertGaps("away " + i, world, left, 32 * MS);
      long back = world.schedule.nowNs();
      world.moveHome(true);
      world.run(15 * SECOND);
      assertEquals(0, bindings(world));
      assertGaps("home " + i, world, back, 32 * MS);
    }
    assertNoDuplicates(world);
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14, 15, 16, 17, 18})
  void itRecoversFromLossAndReordering(long seed) {
    World world = new World(seed % 2 == 0 ? Dad.OFF : Dad.STRICT, true, seed % 3 == 0, seed);
    world.run(5 * SECOND);
    world.loss = 0.3;
    world.jitterNs = 30 * MS;
    world.moveAbroad();
    world.run(60 * SECOND);
    world.loss = 0;
    world.run(35 * SECOND);
    long settled = world.schedule.nowNs();
    world.run(5 * SECOND);
    assertEquals(1, bindings(world), "seed " + seed);
    assertGaps("seed " + seed, world, settled, 60 * MS);
    world.moveHome(true);
    world.run(10 * SECOND);
    settled = world.schedule.nowNs();
    world.run(5 * SECOND);
    assertEquals(0, bindings(world), "seed " + seed);
    assertGaps("seed " + seed, world, settled, 20 * MS);
  }

  @Test
  void theGuestsNeighboursAreFoundAtOnceAfterTheReturn() {
    World world = new World(Dad.OFF, true, false, 5);
    world.run(5 * SECOND);
    world.moveAbroad();
    world.run(15 * SECOND);
    assertEquals(World.TAP_MAC, world.correspondent.neighbors.get(HOME_ADDRESS));
    world.moveHome(true);
    world.run(SECOND);
    assertEquals(World.GUEST_MAC, world.correspondent.neighbors.get(HOME_ADDRESS));
    assertEquals(World.CORRESPONDENT_MAC, world.guest.neighbors.get(CORRESPONDENT));
  }
}
