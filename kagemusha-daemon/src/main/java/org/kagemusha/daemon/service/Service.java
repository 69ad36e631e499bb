package org.kagemusha.daemon.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.kagemusha.core.node.Counters;
import org.kagemusha.daemon.config.ConfigException;
import org.kagemusha.daemon.config.OperatingConfig;
import org.kagemusha.daemon.control.ControlCommands;
import org.kagemusha.daemon.control.ControlReply;
import org.kagemusha.daemon.control.ControlServer;
import org.kagemusha.daemon.control.InstanceLock;
import org.kagemusha.daemon.loop.PacketLoop;
import org.kagemusha.daemon.observe.Capture;
import org.kagemusha.daemon.observe.MetricsPage;
import org.kagemusha.daemon.observe.MetricsServer;
import org.kagemusha.daemon.observe.ServiceNotifier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A daemon of either role from its start to its end. What is opened is closed in the reverse order,
 * also when the start fails half-way.
 */
public abstract class Service implements ControlCommands {

  private static final Logger log = LoggerFactory.getLogger(Service.class);

  private final String name;
  private final OperatingConfig operating;
  private final CompletableFuture<Boolean> ended = new CompletableFuture<>();
  private final CompletableFuture<Void> started = new CompletableFuture<>();
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final Counters counters = new Counters();
  private final Verbs verbs;
  private PacketLoop loop;
  private Edge edge;
  private volatile boolean rehearsed;
  private Capture capture;
  private final KeyExport keyExport = new KeyExport(() -> espKeys());
  private ServiceNotifier notifier;

  Service(String name, OperatingConfig operating) {
    this.name = name;
    this.operating = operating;
    this.verbs = new Verbs(this);
  }

  /**
   * Serves until {@link #stop}, SIGTERM or SIGINT.
   *
   * @return whether the end was wanted
   * @throws IOException if the start failed; nothing is left behind then
   */
  public final boolean run() throws IOException {
    try {
      takeSignals();
      opened(InstanceLock.take(operating.socket()));
      Files.createDirectories(operating.stateDirectory());
      edge = opened(new Edge());
      loop = opened(new PacketLoop("kagemusha-" + name, this::onBroken));
      notifier = new ServiceNotifier(loop.eventLoop(), System.getenv());
      start();
      opened(ControlServer.open(loop.eventLoop(), operating.socket(), this));
      if (operating.metrics() != null) {
        MetricsPage page = new MetricsPage(name, counters);
        gauges(page);
        opened(MetricsServer.open(loop.eventLoop(), operating.metrics(), page));
      }
      loop.execute(() -> notifier.ready(statusLine()));
      started.complete(null);
      log.info("ready name={} socket={}", name, operating.socket());
      practise();
      boolean wanted = ended.join();
      if (wanted) {
        new Patience(loop, this::mayStop).await();
      }
      log.info("stopping name={}", name);
      notifier.stopping();
      return wanted;
    } catch (IllegalStateException e) {
      // What failed on the loop while this thread waited for it.
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw e;
    } finally {
      closeAll();
    }
  }

  /**
   * Practises a move on a thread of its own, and then gives back the memory that the start took.
   * The compiler takes longer for it than the whole start: who waits for READY need not wait for
   * it.
   */
  private void practise() {
    Thread thread =
        new Thread(
            () -> {
              try {
                rehearse();
              } catch (RuntimeException e) {
                log.error("rehearsal failed name={}", name, e);
              }
              System.gc();
              schedule();
              rehearsed = true;
            },
            "rehearsal");
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Not sooner: the start and the rehearsal are more than the thread may do in real time. Never
   * where it waits for others, which it could keep from running.
   */
  private void schedule() {
    try {
      String refusal =
          !operating.realTime() ? "configured"
              : operating.cipherThreads() > 1 ? "cipher-threads"
                  : loop.realTime();
      if (refusal == null) {
        log.info("scheduling name={} real-time=true", name);
      } else {
        log.info("scheduling name={} real-time=false cause={}", name, refusal);
      }
    } catch (IllegalStateException e) {
      log.debug("ended before it was practised name={}", name);
    }
  }

  /** Whether nobody loses anything if the daemon ends now; on the loop. */
  boolean mayStop() {
    return true;
  }

  /**
   * Does what the role does most, with made-up peers, so that it is compiled. On its own thread.
   */
  abstract void rehearse();

  /** Whether {@link #rehearse} is over. */
  final boolean isRehearsed() {
    return rehearsed;
  }

  /** From the first moment on: a hook's signal that finds no handler would end the process. */
  private void takeSignals() {
    Signals.on("TERM", this::stop);
    Signals.on("INT", this::stop);
    onSignal("HUP", () -> reload(this::logReload));
    onSignals();
  }

  /** Does something when a signal comes, as soon as the start is over. */
  final void onSignal(String signal, Runnable action) {
    Signals.on(signal, () -> started.thenRun(action));
  }

  /** Ends {@link #run} in order; from any thread. */
  public final void stop() {
    ended.complete(true);
  }

  /** Opens what the role needs, gives the loop its engine. */
  abstract void start() throws IOException;

  /** Adds the role's own values to the metrics page. */
  abstract void gauges(MetricsPage page);

  /** Takes the role's own signals. */
  void onSignals() {}

  /** One line for {@code systemctl status}; on the loop. */
  abstract String statusLine();

  /** Does a verb of the role, or answers null if it has no such verb; on the loop. */
  abstract ControlReply roleVerb(String verb, List<String> arguments);

  /**
   * Does a verb of the role that takes its time; on the loop.
   *
   * @return false if the role has no such verb
   */
  boolean roleVerbLater(String verb, List<String> arguments, Consumer<ControlReply> answer) {
    return false;
  }

  /** The ESP keys as lines of {@link org.kagemusha.daemon.observe.EspKeyTable}; on the loop. */
  abstract List<String> espKeys();

  /** The verbs of the role, for {@code help}. */
  abstract String roleVerbs();

  /**
   * Reads the configuration again; on the edge thread.
   *
   * @return what is to be done on the loop, which gives what a restart is needed for
   */
  abstract Callable<List<String>> readAgain() throws ConfigException;

  @Override
  public final void execute(
      String verb, List<String> arguments, Consumer<ControlReply> answer) {
    verbs.execute(verb, arguments, answer);
  }

  /** Reads the configuration again and applies it as a whole, or not at all; from any thread. */
  final void reload(Consumer<ControlReply> answer) {
    loop.execute(() -> notifier.reloading());
    edge.executor()
        .execute(
            () -> {
              ControlReply reply;
              try {
                var apply = readAgain();
                List<String> restart = loop.call(apply);
                reply =
                    ControlReply.done(
                        restart.isEmpty()
                            ? ""
                            : "a restart is needed for: " + String.join(", ", restart) + "\n");
                log.info("reloaded name={} restart-needed={}", name, restart);
              } catch (ConfigException e) {
                e.problems().forEach(problem -> log.error("{}", problem));
                reply = ControlReply.error("nothing was changed:\n" + e.getMessage());
              } catch (RuntimeException | Error e) {
                // Whatever it is, the service manager and the client wait for an answer.
                log.error("reload failed", e);
                reply = ControlReply.error("reload failed: " + e.getMessage());
              }
              loop.execute(() -> notifier.reloaded());
              answer.accept(reply);
            });
  }

  private void logReload(ControlReply reply) {
    log.debug("reload by signal ok={}", reply.ok());
  }

  private void onBroken(Throwable cause) {
    ended.complete(false);
  }

  /** Does something on the loop again and again; what it throws is logged and ends nothing. */
  final void every(long seconds, Runnable work) {
    loop.eventLoop()
        .scheduleAtFixedRate(() -> attempt(work), seconds, seconds, TimeUnit.SECONDS);
  }

  /**
   * Work that follows whatever the loop does, some seconds later and once for all of it: a loop
   * that sleeps is not woken.
   *
   * @return to be called after each wake-up of the loop, on it; cheap
   */
  final Runnable following(long seconds, Runnable work) {
    return new Runnable() {
      private boolean due;

      @Override
      public void run() {
        if (!due) {
          due = true;
          loop.eventLoop().schedule(this::follow, seconds, TimeUnit.SECONDS);
        }
      }

      private void follow() {
        due = false;
        attempt(work);
      }
    };
  }

  private void attempt(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      log.error("routine failed name={}", name, e);
    }
  }

  /** Ends {@link #run} as a failure, to be started again by the service manager. */
  final void fail(String reason) {
    if (ended.complete(false)) {
      log.error("ending name={} cause={}", name, reason);
    }
  }

  /** Keeps something to be closed in the end. */
  final <T extends AutoCloseable> T opened(T resource) {
    opened.push(resource);
    return resource;
  }

  private void closeAll() {
    try {
      if (loop != null) {
        loop.retire();
      }
    } catch (RuntimeException e) {
      log.warn("not closed in order cause={}", e.getMessage());
    }
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        log.warn("not closed in order cause={}", e.getMessage());
      }
    }
    log.info("stopped name={}", name);
  }

  final String name() {
    return name;
  }

  final Counters counters() {
    return counters;
  }

  final PacketLoop loop() {
    return loop;
  }

  final Edge edge() {
    return edge;
  }

  final Capture capture() {
    return capture;
  }

  final KeyExport keyExport() {
    return keyExport;
  }

  final ServiceNotifier notifier() {
    return notifier;
  }

  final void capture(Capture newCapture) {
    capture = newCapture;
  }

  final Path stateFile(String suffix) {
    return operating.stateDirectory().resolve(name + suffix);
  }

  final Path stateDirectory() {
    return operating.stateDirectory();
  }
}
