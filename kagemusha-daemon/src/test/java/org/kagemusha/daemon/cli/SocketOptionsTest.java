package org.kagemusha.daemon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SocketOptionsTest {

  @TempDir Path directory;

  @Test
  void theOnlyDaemonIsTheDefault() throws IOException {
    IOException none =
        assertThrows(IOException.class, () -> SocketOptions.choose(directory, null, null));
    assertTrue(none.getMessage().contains("no daemon runs here"));
    Path first = Files.createFile(directory.resolve("vm1.sock"));
    Files.createFile(directory.resolve("vm1.sock.lock"));
    assertEquals(first, SocketOptions.choose(directory, null, null));
    Files.createFile(directory.resolve("vm2.sock"));
    IOException several =
        assertThrows(IOException.class, () -> SocketOptions.choose(directory, null, null));
    assertTrue(several.getMessage().endsWith("vm1, vm2"), several.getMessage());
  }

  @Test
  void aNameOrAPathChooses() throws IOException {
    assertEquals(
        directory.resolve("vm2.sock"), SocketOptions.choose(directory, null, "vm2"));
    assertEquals(
        Path.of("/x/y.sock"), SocketOptions.choose(directory, Path.of("/x/y.sock"), "vm2"));
  }
}
