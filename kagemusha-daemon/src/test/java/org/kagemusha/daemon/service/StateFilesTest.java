package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.neighbor.HomeRouter;
import org.kagemusha.core.neighbor.HomeRouter.PrefixInformation;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;

class StateFilesTest {

  @TempDir Path directory;

  @Test
  void aReservationIsShownWhenItIsOnTheDisk() {
    Deque<Runnable> later = new ArrayDeque<>();
    Path file = directory.resolve("vm1.sequence");
    FileSequenceStore store = new FileSequenceStore(file, later::add);
    store.reserve(1000, 50);
    assertEquals(0, store.load(1000));
    later.pop().run();
    assertEquals(50, store.load(1000));
    store.reserve(-1, 0x7fff_ffff_ffffL);
    later.pop().run();
    // What a process killed here leaves behind.
    FileSequenceStore next = new FileSequenceStore(file, later::add);
    assertEquals(50, next.load(1000));
    assertEquals(0x7fff_ffff_ffffL, next.load(-1));
    assertEquals(0, next.load(7));
  }

  @Test
  void theReservationsOfAHomeAgentsAssociationsCostOneWriteTogether() {
    Deque<Runnable> later = new ArrayDeque<>();
    FileSequenceStore store = new FileSequenceStore(directory.resolve("agent"), later::add);
    for (int spi = 1; spi <= 20_000; spi++) {
      store.reserve(spi, 10L * spi);
    }
    assertEquals(1, later.size());
    later.pop().run();
    assertEquals(10, store.load(1));
    assertEquals(200_000, store.load(20_000));
    store.reserve(1, 20);
    assertEquals(1, later.size());
    later.pop().run();
    assertEquals(20, store.load(1));
    assertEquals(20, new FileSequenceStore(directory.resolve("agent"), later::add).load(1));
  }

  @Test
  void aReservationNeverGoesBack() {
    FileSequenceStore store = new FileSequenceStore(directory.resolve("x"), Runnable::run);
    store.reserve(1, 100);
    store.reserve(1, 60);
    assertEquals(100, store.load(1));
  }

  @Test
  void aStoreThatCannotBeWrittenShowsNothing() {
    FileSequenceStore store =
        new FileSequenceStore(directory.resolve("none/vm1.sequence"), Runnable::run);
    store.reserve(1, 100);
    assertEquals(0, store.load(1));
  }

  @Test
  void aStoreThatCannotBeWrittenForAWhileIsWrittenWhenItIsAskedLater() throws Exception {
    Path file = directory.resolve("full/vm1.sequence");
    long[] nowNs = {5};
    FileSequenceStore store = new FileSequenceStore(file, Runnable::run, () -> nowNs[0]);
    store.reserve(1, 100);
    store.reserve(2, 200);
    Files.createDirectory(file.getParent());
    nowNs[0] += 999_999_999;
    assertEquals(0, store.load(1));
    assertFalse(Files.exists(file));
    nowNs[0]++;
    store.load(1);
    assertEquals(100, store.load(1));
    assertEquals(200, store.load(2));
    assertEquals(200, new FileSequenceStore(file, Runnable::run).load(2));
  }

  @Test
  void aSpoiledLineDoesNotHideTheOthers() throws Exception {
    Path file = directory.resolve("x");
    Files.writeString(file, "nonsense\n5 6\n7\n-3 1\n");
    assertEquals(6, new FileSequenceStore(file, Runnable::run).load(5));
  }

  @Test
  void filesAreForTheirOwnerOnlyAndLeaveNoRest() throws Exception {
    Path file = directory.resolve("state");
    DurableFile.write(file, "one");
    DurableFile.write(file, "two");
    assertEquals("two", Files.readString(file));
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    try (var all = Files.list(directory)) {
      assertEquals(List.of(file), all.toList());
    }
  }

  @Test
  void theHomeRouterSurvivesARestart() {
    HomeRouter router =
        new HomeRouter(
            Ipv6Address.parse("fe80::1"), MacAddress.parse("02:00:00:00:00:01"), 64, 0x20, 1800, 0,
            1000,
            List.of(
                new PrefixInformation(
                    Ipv6Prefix.parse("2001:db8:2000::/64"), 0xe0, 0xffff_ffffL, 604_800,
                    Ipv6Address.parse("2001:db8:2000::1"))),
            List.of(new byte[] {25, 1, 0, 0, 0, 0, 0, 9}));
    Path file = directory.resolve("vm1.router.json");
    JsonStore<HomeRouter> store = new JsonStore<>(HomeRouter.class, null, file, Runnable::run);
    assertNull(store.load());
    store.save(null);
    assertFalse(Files.exists(file));
    store.save(router);
    HomeRouter loaded = new JsonStore<>(HomeRouter.class, null, file, Runnable::run).load();
    assertEquals(router.linkLocal(), loaded.linkLocal());
    assertEquals(router.mac(), loaded.mac());
    assertEquals(router.prefixes(), loaded.prefixes());
    assertArrayEquals(router.rawOptions().get(0), loaded.rawOptions().get(0));
  }

  @Test
  void whatIsNotChangedIsNotWritten() throws Exception {
    int[] writes = {0};
    JsonStore<HomeRouter> store =
        new JsonStore<>(HomeRouter.class, null, directory.resolve("r"), task -> {
          writes[0]++;
          task.run();
        });
    HomeRouter router =
        new HomeRouter(Ipv6Address.parse("fe80::1"), null, 64, 0, 0, 0, 0, List.of(), List.of());
    store.save(router);
    store.save(router);
    assertEquals(1, writes[0]);
  }

  @Test
  void aRouterFileThatIsSpoiledIsNoRouter() throws Exception {
    Path file = directory.resolve("r");
    for (String text : List.of("{", "[]", "{\"linkLocal\": \"2001:db8::1\"}", "null", "7")) {
      Files.writeString(file, text);
      assertNull(new JsonStore<>(HomeRouter.class, null, file, Runnable::run).load(), text);
    }
  }

  @Test
  void addressesMadeFromTheSecretAreThisHosts() throws Exception {
    HostSecret secret = HostSecret.of(directory);
    assertArrayEquals(secret.octets(), HostSecret.of(directory).octets());
    MacAddress mac = secret.stationMac("km-vm1");
    assertEquals(mac, HostSecret.of(directory).stationMac("km-vm1"));
    assertNotEquals(mac, secret.stationMac("km-vm2"));
    assertNotEquals(mac, secret.portMac("km-vm1"));
    assertFalse(mac.isGroup());
    assertFalse(secret.portMac("km-vm1").isGroup());
    HostSecret other = HostSecret.of(Files.createDirectory(directory.resolve("other")));
    assertNotEquals(mac, other.stationMac("km-vm1"));
    assertTrue((mac.bits() >>> 40 & 2) != 0);
  }
}
