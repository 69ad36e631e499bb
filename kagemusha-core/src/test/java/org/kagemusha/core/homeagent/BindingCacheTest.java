package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_CARE_OF;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;

class BindingCacheTest {

  private final BindingCache cache = new BindingCache();

  private BindingCacheEntry bound(int identifier, Ipv6Address careOf) {
    BindingCacheEntry entry =
        new BindingCacheEntry(new Ipv6Address(HOME_ADDRESS.high(), identifier));
    cache.add(entry);
    cache.bind(entry, careOf, null);
    return entry;
  }

  private List<BindingCacheEntry> at(Ipv6Address careOf) {
    List<BindingCacheEntry> entries = new ArrayList<>();
    BindingCacheEntry entry = cache.atCareOf(careOf.high(), careOf.low());
    for (; entry != null; entry = entry.nextAtCareOf) {
      entries.add(entry);
    }
    return entries;
  }

  @Test
  void findsEveryEntryAtACareOfAddress() {
    BindingCacheEntry a = bound(1, CARE_OF);
    BindingCacheEntry b = bound(2, CARE_OF);
    BindingCacheEntry c = bound(3, CARE_OF);
    assertEquals(List.of(c, b, a), at(CARE_OF));
    cache.move(b, OTHER_CARE_OF, 0);
    assertEquals(List.of(c, a), at(CARE_OF));
    assertEquals(List.of(b), at(OTHER_CARE_OF));
    cache.remove(c);
    assertEquals(List.of(a), at(CARE_OF));
    cache.remove(a);
    assertEquals(List.of(), at(CARE_OF));
    assertEquals(1, cache.bound());
    assertEquals(1, cache.live());
    assertEquals(1, cache.size());
  }

  @Test
  void aLinkLocalAddressIsClaimedOnce() {
    BindingCacheEntry a = bound(1, CARE_OF);
    BindingCacheEntry b = new BindingCacheEntry(new Ipv6Address(HOME_ADDRESS.high() + 1, 1));
    cache.add(b);
    assertTrue(cache.claimLinkLocal(a));
    assertTrue(cache.claimLinkLocal(a));
    assertFalse(cache.claimLinkLocal(b));
    assertSame(a, cache.ofLinkLocal(0xfe80L << 48, 1));
    cache.remove(b);
    assertSame(a, cache.ofLinkLocal(0xfe80L << 48, 1));
    cache.remove(a);
    assertNull(cache.ofLinkLocal(0xfe80L << 48, 1));
  }

  @Test
  void deadlinesComeInOrderWhateverIsScheduledAndCancelled() {
    Random random = new Random(7);
    DeadlineQueue queue = new DeadlineQueue();
    List<BindingCacheEntry> model = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      if (model.isEmpty() || random.nextInt(4) > 0) {
        BindingCacheEntry entry =
            model.isEmpty() || random.nextBoolean()
                ? new BindingCacheEntry(new Ipv6Address(1, i))
                : model.get(random.nextInt(model.size()));
        if (!model.contains(entry)) {
          model.add(entry);
        }
        queue.schedule(entry, random.nextInt(1000));
      } else {
        queue.cancel(model.remove(random.nextInt(model.size())));
      }
      long earliest =
          model.stream().mapToLong(e -> e.deadlineNs).min().orElse(NodeEngine.NEVER);
      assertEquals(earliest, queue.earliestNs());
    }
    long[] expected = model.stream().mapToLong(e -> e.deadlineNs).sorted().toArray();
    for (long deadline : expected) {
      assertNull(queue.due(deadline - 1));
      BindingCacheEntry due = queue.due(deadline);
      assertEquals(deadline, due.deadlineNs);
      queue.cancel(due);
    }
    assertEquals(NodeEngine.NEVER, queue.earliestNs());
  }
}
