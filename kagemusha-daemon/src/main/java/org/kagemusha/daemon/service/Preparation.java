package org.kagemusha.daemon.service;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.kagemusha.daemon.control.ControlReply;
import org.kagemusha.daemon.loop.PacketLoop;

/**
 * The verb {@code prepare}: answers when everything is there that an arriving VM would have to wait
 * for, or says what is missing. For the loop's thread.
 */
final class Preparation {

  private static final long LOOK_AGAIN_MS = 20;
  private static final long LONGEST_NS = TimeUnit.SECONDS.toNanos(10);

  private final PacketLoop loop;
  private final Supplier<String> missing;
  private final Supplier<String> ready;

  /**
   * @param missing what is not there yet, or null
   * @param ready the answer when nothing is missing
   */
  Preparation(PacketLoop loop, Supplier<String> missing, Supplier<String> ready) {
    this.loop = loop;
    this.missing = missing;
    this.ready = ready;
  }

  /** Waits ten seconds at most. */
  void await(Consumer<ControlReply> answer) {
    look(System.nanoTime() + LONGEST_NS, answer);
  }

  private void look(long untilNs, Consumer<ControlReply> answer) {
    String lacking = missing.get();
    if (lacking == null) {
      answer.accept(ControlReply.done(ready.get() + "\n"));
    } else if (System.nanoTime() - untilNs >= 0) {
      answer.accept(ControlReply.error("not prepared: " + lacking));
    } else {
      loop.eventLoop()
          .schedule(() -> look(untilNs, answer), LOOK_AGAIN_MS, TimeUnit.MILLISECONDS);
    }
  }
}
