package org.kagemusha.tap.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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
  void writesAddressesInOrder() {
    String both = KernelQuiet.set(List.of(OTHER, ONE, ONE));
    assertEquals("{ 2001:db8:3000::2, 2001:db8:3000::3 }", both);
    assertEquals(
        List.of(
            "ip6 saddr " + both
                + " icmpv6 type parameter-problem icmpv6 code 0 @th,112,8 135 accept",
            "ip6 saddr " + both + " @th,112,8 { 41, 43, 50, 60, 135 } goto drops"),
        KernelQuiet.errorRules(both, 0));
    assertThrows(
        IllegalArgumentException.class, () -> new KernelQuiet("x").install(List.of()));
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
      String rules = namespace.exec("nft", "list", "table", "ip6", "kagemusha-vm-1");
      assertTrue(rules.contains("type filter hook input priority raw; policy accept;"), rules);
      assertTrue(rules.contains("iifname \"kge0\" drop"), rules);
      assertTrue(
          rules.contains(
              "iifname \"kge0\" ip6 saddr != { 2001:db8:3000::2, 2001:db8:3000::3 } drop"),
          rules);
      namespace.run(() -> {
        quiet.remove();
        return null;
      });
      assertEquals("", namespace.exec("nft", "list", "ruleset"));
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
      String before = list(namespace);
      for (String chain : List.of("of-vm-1", "output", "drops")) {
        namespace.exec("nft", "flush", "chain", "ip6", "kagemusha", chain);
        assertNotEquals(before, list(namespace));
        final int runs = tool.runs;
        installBoth(namespace, quiet);
        assertEquals(runs + 1, tool.runs, chain + " was emptied");
        assertEquals(before, list(namespace));
      }
      final int runs = tool.runs;
      namespace.run(() -> {
        quiet.unguard();
        quiet.remove();
        return null;
      });
      installBoth(namespace, quiet);
      assertEquals(runs + 4, tool.runs, "both were taken away by ourselves");
    }
  }

  private static String list(NetworkNamespace namespace) {
    return namespace.exec("nft", "list", "table", "ip6", "kagemusha");
  }

  private static void installBoth(NetworkNamespace namespace, KernelQuiet quiet) {
    namespace.run(() -> {
      quiet.install(List.of(ONE, OTHER));
      quiet.guard(List.of(ONE), List.of(OTHER), List.of(256L));
      return null;
    });
  }

  @Test
  @Tag("netns")
  void aNameIsAWordToTheTool() {
    for (String name : List.of("", "a b", "a\n", "a;", "a\"", "ä", "a".repeat(101))) {
      assertThrows(IllegalArgumentException.class, () -> new KernelQuiet(name), name);
    }
    try (NetworkNamespace namespace = NetworkNamespace.create()) {
      for (String name : List.of("1", "drop", "a.b_c-d", "-", ".", "_", "9".repeat(100))) {
        KernelQuiet quiet = new KernelQuiet(name);
        quiet.entrance("kge0");
        installBoth(namespace, quiet);
        assertTrue(list(namespace).contains("jump of-" + name + " comment"), list(namespace));
      }
    }
  }

  /** A chain at a hook costs each packet of the host, so the daemons have one for all of them. */
  @Test
  @Tag("netns")
  void allDaemonsHaveOneChainAtEachHook() {
    try (NetworkNamespace namespace = NetworkNamespace.create()) {
      KernelQuiet one = new KernelQuiet("vm-1");
      KernelQuiet other = new KernelQuiet("vm-2");
      installBoth(namespace, one);
      String alone = namespace.exec("nft", "list", "ruleset");
      installBoth(namespace, other);
      String rules = namespace.exec("nft", "list", "ruleset");
      assertEquals(2, rules.split("hook ", -1).length - 1, rules);
      assertEquals(4, rules.split("jump of-vm-", -1).length - 1, rules);
      remove(namespace, other);
      assertEquals(alone, namespace.exec("nft", "list", "ruleset"));
      installBoth(namespace, other);
      remove(namespace, one);
      rules = namespace.exec("nft", "list", "ruleset");
      assertFalse(rules.contains("vm-1"), rules);
      assertEquals(2, rules.split("jump of-vm-2", -1).length - 1, rules);
      remove(namespace, other);
      assertEquals("", namespace.exec("nft", "list", "ruleset"));
    }
  }

  @Test
  @Tag("netns")
  void daemonsThatComeAndGoAtTheSameTimeLoseNoRules() {
    try (NetworkNamespace namespace = NetworkNamespace.create()) {
      KernelQuiet stays = new KernelQuiet("stays");
      Runnable coming =
          () -> {
            for (int i = 0; i < 5; i++) {
              installBoth(namespace, stays);
              String rules = list(namespace);
              assertTrue(rules.contains("jump of-stays"), rules);
              assertTrue(rules.contains("meta l4proto != ipv6-icmp accept"), rules);
              remove(namespace, stays);
            }
            installBoth(namespace, stays);
          };
      List<CompletableFuture<Void>> all = new ArrayList<>();
      all.add(CompletableFuture.runAsync(coming));
      for (String name : List.of("a", "b", "c")) {
        KernelQuiet goes = new KernelQuiet(name);
        all.add(
            CompletableFuture.runAsync(
                () -> {
                  for (int i = 0; i < 5; i++) {
                    installBoth(namespace, goes);
                    remove(namespace, goes);
                  }
                }));
      }
      all.forEach(CompletableFuture::join);
      String rules = namespace.exec("nft", "list", "ruleset");
      assertEquals(2, rules.split("jump of-", -1).length - 1, rules);
      assertEquals(2, rules.split("jump of-stays", -1).length - 1, rules);
      remove(namespace, stays);
      assertEquals("", namespace.exec("nft", "list", "ruleset"));
    }
  }

  private static void remove(NetworkNamespace namespace, KernelQuiet quiet) {
    namespace.run(() -> {
      quiet.unguard();
      quiet.remove();
      return null;
    });
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
      assertTrue(rules.contains("table ip6 kagemusha"), rules);
      assertTrue(rules.contains("table bridge kagemusha"), rules);
      assertEquals(3, rules.split("goto drops").length, rules);
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
