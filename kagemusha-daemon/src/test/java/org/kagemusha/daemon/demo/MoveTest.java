package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The main job: the guest moves A → B → A, its sessions go on, and tshark finds the wire clean. */
@Tag("netns")
class MoveTest {

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"none, off", "signalling, optimistic", "manual, strict", "disabled, off", "required, off"})
  void sessionsSurviveAndTheWireIsClean(DemoProtection protection, String dad) throws Exception {
    Wire[] foreign = new Wire[1];
    DemoReport report =
        new Demo(
                new DemoOptions(protection, dad, 1, 3500, false),
                new PrintStream(System.out),
                topology ->
                    foreign[0] =
                        Wire.tap(
                            topology.foreignRouter(), "foreign", directory.resolve("foreign.pcap")))
            .run();
    try (Wire wire = foreign[0]) {
      assertTrue(report.survived(), report.toString());
      for (MoveReport move : report.moves()) {
        assertEquals(0, move.duplicated(), move.toString());
        assertTrue(move.firstPacketMs().fromGuest() >= 0, move.toString());
        assertTrue(move.firstPacketMs().toGuest() >= 0, move.toString());
      }
      assertEquals(List.of(), wire.packets(Wire.FAULTY));
      assertEquals(List.of(), wire.packets(Wire.UNWANTED_ERRORS));
      assertFalse(wire.packets("ipv6").isEmpty());
      String clearPayload = "ipv6.nxt == 41 && !esp";
      switch (protection) {
        case none -> {
          assertFalse(wire.packets("mip6.mhtype == 5").isEmpty());
          assertFalse(wire.packets(clearPayload).isEmpty());
          assertEquals(List.of(), wire.packets("esp"));
        }
        case signalling, disabled -> {
          assertEquals(List.of(), wire.packets("mip6.mhtype == 5"));
          assertFalse(wire.packets("esp").isEmpty());
          assertFalse(wire.packets(clearPayload).isEmpty());
        }
        default -> {
          assertEquals(List.of(), wire.packets("mip6.mhtype == 5"));
          assertEquals(List.of(), wire.packets(clearPayload));
          assertFalse(wire.packets("esp").size() < 100);
        }
      }
    }
  }
}
