package org.kagemusha.tap.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netns.NetworkNamespace;

class KernelQuietTest {

  private static final Ipv6Address ONE = Ipv6Address.parse("2001:db8:3000::2");
  private static final Ipv6Address OTHER = Ipv6Address.parse("2001:db8:3000::3");

  @Test
  void writesOneStatementPerLineAndAddressesInOrder() {
    assertEquals(
        """
        table ip6 kagemusha_web1 {
        }
        delete table ip6 kagemusha_web1
        table ip6 kagemusha_web1 {
          chain output {
            type filter hook output priority filter; policy accept;
            meta l4proto != ipv6-icmp accept
            ip6 saddr { 2001:db8:3000::2, 2001:db8:3000::3 } icmpv6 type { destination-unreachable,\
         parameter-problem } meta skuid 0-4294967294 accept
            ip6 saddr { 2001:db8:3000::2, 2001:db8:3000::3 } icmpv6 type parameter-problem\
         icmpv6 code 0 @th,112,8 135 accept
            ip6 saddr { 2001:db8:3000::2, 2001:db8:3000::3 } icmpv6 type { destination-unreachable,\
         parameter-problem } @th,112,8 { 41, 43, 50, 60, 135 } drop
          }
        }
        """,
        KernelQuiet.installScript("kagemusha_web1", List.of(OTHER, ONE, ONE), 0, ""));
    assertThrows(IllegalArgumentException.class,
        () -> KernelQuiet.installScript("kagemusha_web1", List.of(), 0, ""));
  }

  @Test
  @Tag("netns")
  void fromAnEntranceNothingComesInAndOnlyWhatIsEncapsulatedGoesOn() {
    try (NetworkNamespace namespace = NetworkNamespace.create()) {
      KernelQuiet quiet = new KernelQuiet("vm-1");
      quiet.entrance("kge0");
      namespace.run(() -> {
        quiet.install(List.of(ONE, OTHER));
        return null;
      });
      String rules = namespace.exec("nft", "list", "table", "ip6", quiet.table());
      assertTrue(rules.contains("type filter hook input priority raw; policy accept;"), rules);
      assertTrue(rules.contains("iifname \"kge0\" drop"), rules);
      assertTrue(
          rules.contains(
              "iifname \"kge0\" ip6 saddr != { 2001:db8:3000::2, 2001:db8:3000::3 } drop"),
          rules);
    }
  }

  /** Counts how often the tool is run. */
  private static final class CountedTool extends NftTool {
    private int runs;

    @Override
    void run(String script) throws KernelException {
      runs++;
      super.run(script);
    }
  }

  @Test
  @Tag("netns")
  void whatIsThereIsNotInstalledAgain() {
    CountedTool tool = new CountedTool();
    KernelQuiet quiet = new KernelQuiet("vm-1", tool);
    try (NetworkNamespace namespace = NetworkNamespace.create()) {
      installBoth(namespace, quiet);
      assertEquals(2, tool.runs);
      namespace.exec("nft", "add table ip6 another");
      installBoth(namespace, quiet);
      assertEquals(2, tool.runs, "the very rules are there");
      namespace.run(() -> {
        quiet.install(List.of(ONE));
        return null;
      });
      assertEquals(3, tool.runs, "others are wanted");
      namespace.exec("nft", "flush ruleset");
      installBoth(namespace, quiet);
      assertEquals(5, tool.runs, "both were gone");
      String before = namespace.exec("nft", "list", "table", "ip6", quiet.table());
      namespace.exec("nft", "flush", "chain", "ip6", quiet.table(), "output");
      installBoth(namespace, quiet);
      assertEquals(6, tool.runs, "one was emptied");
      assertEquals(before, namespace.exec("nft", "list", "table", "ip6", quiet.table()));
      namespace.run(() -> {
        quiet.unguard();
        quiet.remove();
        return null;
      });
      installBoth(namespace, quiet);
      assertEquals(10, tool.runs, "both were taken away by ourselves");
    }
  }

  private static void installBoth(NetworkNamespace namespace, KernelQuiet quiet) {
    namespace.run(() -> {
      quiet.install(List.of(ONE, OTHER));
      quiet.guard(List.of(ONE), List.of(OTHER), List.of(256L));
      return null;
    });
  }

  @Test
  void namesOfTablesAreSafeAndDiffer() {
    assertEquals("kagemusha_web1", KernelQuiet.tableName("web1"));
    assertEquals("kagemusha_vm_2d1", KernelQuiet.tableName("vm-1"));
    assertNotEquals(KernelQuiet.tableName("vm-1"), KernelQuiet.tableName("vm_1"));
    assertNotEquals(KernelQuiet.tableName("vm_2d1"), KernelQuiet.tableName("vm-1"));
    assertTrue(KernelQuiet.tableName("a { }; ä\n").matches("[a-z0-9_]+"));
  }

  @Test
  void saysThatNftablesIsMissing() {
    KernelQuiet quiet =
        new KernelQuiet("x", new NftTool() {
          @Override
          String command() {
            return "/nonexistent/nft";
          }
        });
    KernelException e =
        assertThrows(KernelException.class, () -> quiet.install(List.of(ONE)));
    assertEquals(Errno.ENOENT, e.errno());
    assertTrue(e.getMessage().contains("install the package nftables"), e.getMessage());
  }

  @Test
  @Tag("netns")
  void installsReplacesAndRemovesItsTables() {
    try (NetworkNamespace namespace = NetworkNamespace.create()) {
      namespace.exec("nft", "add table ip6 foreign");
      KernelQuiet quiet = new KernelQuiet("vm-1");
      namespace.run(() -> {
        quiet.remove();
        quiet.install(List.of(ONE));
        quiet.install(List.of(OTHER));
        quiet.guard(List.of(ONE), List.of(OTHER, ONE), List.of(0xffff_ffffL, 256L));
        quiet.guard(List.of(ONE, OTHER), List.of(OTHER), List.of());
        return null;
      });
      String rules = namespace.exec("nft", "list", "ruleset");
      assertTrue(rules.contains("table ip6 kagemusha_vm_2d1"), rules);
      assertTrue(rules.contains("table bridge kagemusha_vm_2d1"), rules);
      assertEquals(3, rules.split("drop").length, rules);
      namespace.run(() -> {
        quiet.remove();
        quiet.unguard();
        quiet.remove();
        return null;
      });
      rules = namespace.exec("nft", "list", "ruleset");
      assertFalse(rules.contains("kagemusha"), rules);
      assertTrue(rules.contains("table ip6 foreign"), rules);
    }
  }
}
