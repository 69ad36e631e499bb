package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Payload passes in clear where the home agent said so, authenticated, and never by default. */
@Tag("netns")
class OpportunisticTest {

  private static final String CLEAR = "ipv6.nxt == 41";

  @TempDir Path directory;

  private Laboratory laboratory;

  @Test
  void rfc6618_s5_6_4_onlyTheControllersWordLeavesPayloadInClear() throws Exception {
    try (Laboratory made = new Laboratory(directory, DemoProtection.opportunistic, "off")) {
      laboratory = made;
      made.configuration.set("ha", "protection", "payload", "\"disabled\"");
      made.configuration.set("ha", "controller", "association-lifetime", "\"10s\"");
      final DaemonProcess agent = made.homeAgent();
      made.bootGuestAtHome();
      block();
      try (Canary canary = new Canary(made.topology)) {
        // Somebody on the way keeps B from its controller: that must not gain him the payload.
        final Path start = directory.resolve("start.pcap");
        final Wire wireAtStart = tap(start);
        final DaemonProcess b = made.daemonB();
        made.guestToB();
        Grants.logged(b, "keys not granted");
        canary.sing(100);
        ClearTraffic.assertNone(wireAtStart, start);

        final Wire disabled = tap(directory.resolve("disabled.pcap"));
        unblock();
        canary.heard("in clear", 50);
        assertFalse(disabled.packets(CLEAR).isEmpty());
        assertEquals(List.of(), disabled.packets("mip6.mhtype"));

        block();
        Laboratory.eventually(
            "the keys have run out",
            () -> Grants.of(b).isEmpty() && Grants.of(agent).isEmpty());
        final Path expired = directory.resolve("expired.pcap");
        final Wire wireExpired = tap(expired);
        canary.sing(100);
        ClearTraffic.assertNone(wireExpired, expired);

        made.configuration.set("ha", "protection", "payload", "\"opportunistic\"");
        made.configuration.rewriteHomeAgent();
        agent.ask("reload");
        final Path esp = directory.resolve("esp.pcap");
        final Wire wireWithEsp = tap(esp);
        unblock();
        canary.heard("in ESP", 50);
        ClearTraffic.assertNone(wireWithEsp, esp);
      }
    }
  }

  private Wire tap(Path file) throws IOException {
    return laboratory.keep(Wire.tap(laboratory.topology.foreignRouter(), "foreign", file));
  }

  private void block() throws IOException {
    nft("add", "table", "ip6", "block");
    nft("add", "chain", "ip6", "block", "forward", "{ type filter hook forward priority 0; }");
    nft("add", "rule", "ip6", "block", "forward", "tcp", "dport", "7872", "drop");
  }

  private void unblock() throws IOException {
    nft("delete", "table", "ip6", "block");
  }

  private void nft(String... arguments) throws IOException {
    String[] command = new String[arguments.length + 1];
    command[0] = "nft";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    Laboratory.exec(laboratory.topology.foreignRouter(), command);
  }
}
