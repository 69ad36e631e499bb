package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.mobility.EncapsulationMemory;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

class JsonStoreTest {

  private static final EncapsulationMemory LEARNED =
      new EncapsulationMemory(
          List.of(
              new EncapsulationMemory.Path(
                  Ipv6Address.parse("2001:db8:2000::1"), Ipv6Prefix.parse("2001:db8:a::/64"),
                  true, 1_800_000_000_000L)));

  @TempDir Path directory;
  private final Deque<Runnable> later = new ArrayDeque<>();

  private JsonStore<EncapsulationMemory> store(Path file) {
    return new JsonStore<>(
        EncapsulationMemory.class, EncapsulationMemory.NONE, file, later::add);
  }

  @Test
  void whatWasLearnedIsThereAfterARestart() throws Exception {
    Path file = directory.resolve("vm1.json");
    JsonStore<EncapsulationMemory> store = store(file);
    assertNull(store.load());
    store.save(LEARNED);
    assertFalse(Files.exists(file), "who saves does not wait for the disk");
    later.pop().run();
    assertTrue(Files.readString(file).contains("\"2001:db8:a::/64\""));
    JsonStore<EncapsulationMemory> next = store(file);
    assertEquals(LEARNED, next.load());
    next.save(LEARNED);
    assertTrue(later.isEmpty(), "nothing is new");
    next.save(null);
    assertTrue(later.isEmpty());
    next.save(EncapsulationMemory.NONE);
    later.pop().run();
    assertEquals(EncapsulationMemory.NONE, store(file).load());
  }

  @Test
  void nothingLearnedAndWhatIsKnownAnywayIsNoReasonForAFile() {
    Path file = directory.resolve("vm1.json");
    JsonStore<EncapsulationMemory> store = store(file);
    store.save(EncapsulationMemory.NONE);
    store.known(LEARNED);
    store.save(LEARNED);
    assertTrue(later.isEmpty());
    store.save(new EncapsulationMemory(LEARNED.paths()));
    later.pop().run();
    assertEquals(LEARNED, store(file).load());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{", "[]", "7", "{\"paths\": null}", "{}", "\u0000", "{\"paths\": [null]}",
        "{\"paths\": [{\"homeAgent\": \"no address\"}]}", "{\"paths\": [{}]}"
      })
  void whatIsNotUnderstoodIsNotUsed(String text) throws Exception {
    Path file = directory.resolve("vm1.json");
    Files.writeString(file, text);
    JsonStore<EncapsulationMemory> store = store(file);
    assertNull(store.load());
    store.save(LEARNED);
    later.pop().run();
    assertEquals(LEARNED, store(file).load());
  }

  @Test
  void aFullDiskIsTriedAgain() throws Exception {
    Path file = directory.resolve("none").resolve("vm1.json");
    JsonStore<EncapsulationMemory> store = store(file);
    store.save(LEARNED);
    later.pop().run();
    Files.createDirectory(file.getParent());
    store.save(LEARNED);
    later.pop().run();
    assertEquals(LEARNED, store(file).load());
  }
}
