package org.kagemusha.daemon.qmp;

import com.google.gson.JsonObject;
import java.util.Locale;
import org.slf4j.Logger;

/**
 * What the VMM's words mean for where the VM is. Both ends of a migration say MIGRATION completed,
 * and the destination says it after RESUME; so it counts only where the VM was stopped, and only
 * after QEMU's run state confirmed it (a snapshot ends with the same word). A RESUME always means
 * that the VM runs here, whatever was said before.
 */
final class VmTracker {

  /** Where the VM is, as far as its VMM has told. */
  enum Vm {
    /** Nothing was told, or the VM has not run yet. */
    UNKNOWN,
    /** QEMU waits for the VM to come by migration. */
    INCOMING,
    /** It runs here. */
    RUNNING,
    /** It was stopped here, and may go on here or elsewhere. */
    PAUSED,
    /** It was handed over. */
    LEFT,
    /** It was shut down. */
    DOWN;

    /** As in log lines. */
    String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final String name;
  private final VmmListener listener;
  private final Logger log;
  private Vm vm = Vm.UNKNOWN;
  private boolean handedOver;

  /**
   * @param name the VM's, in log lines
   */
  VmTracker(String name, VmmListener listener, Logger log) {
    this.name = name;
    this.listener = listener;
    this.log = log;
  }

  /** Where the VM is. */
  Vm vm() {
    return vm;
  }

  /**
   * Whether the VM seems to have been handed over, and the run state must confirm it. QEMU tells of
   * the end of a migration a moment before its run state changes.
   */
  boolean isHandingOver() {
    return handedOver;
  }

  /** A run state, of QMP's {@code RunState}. */
  void onStatus(String status) {
    switch (status) {
      case "running" -> here(status);
      case "inmigrate" -> become(Vm.INCOMING, status, listener::expected);
      case "postmigrate" -> gone(status);
      case "shutdown" -> down(status, false);
      case "paused", "finish-migrate", "save-vm", "restore-vm", "io-error", "watchdog",
          "guest-panicked", "internal-error", "debug", "colo" -> stopped(status);
      default -> log.debug("vmm status vm={} status={}", name, QmpSession.echo(status));
    }
    handedOver &= status.equals("finish-migrate");
  }

  /** An event; those that are not of interest are passed over. */
  void onEvent(String event, JsonObject data) {
    switch (event) {
      case "RESUME" -> here(event);
      case "STOP" -> stopped(event);
      case "MIGRATION" -> onMigration(QmpSession.text(data, "status"));
      case "SHUTDOWN" -> down(event, QmpSession.text(data, "reason").startsWith("guest-"));
      default -> { }
    }
  }

  private void onMigration(String status) {
    switch (status) {
      case "completed" -> {
        handedOver = vm == Vm.PAUSED;
        if (!handedOver) {
          // A snapshot, of which the VM knows nothing.
          listener.migrating(false);
        }
      }
      case "failed", "cancelled" -> {
        log.info("vmm migration vm={} status={} state={}", name, status, vm.text());
        handedOver = false;
        listener.migrating(false);
        if (vm == Vm.INCOMING) {
          notComing("migration " + status);
        }
      }
      case "setup", "active", "pre-switchover", "device" -> {
        if (vm == Vm.RUNNING) {
          listener.migrating(true);
        }
      }
      default -> log.debug("vmm migration vm={} status={}", name, QmpSession.echo(status));
    }
  }

  /** The connection has ended; {@code reason} is for a log line. */
  void onClosed(String reason) {
    if (handedOver) {
      handedOver = false;
      gone("migration completed");
    } else if (vm == Vm.INCOMING) {
      notComing(reason);
    } else if (vm == Vm.RUNNING || vm == Vm.PAUSED) {
      // Of a migration, or of its going on, nothing more is heard.
      listener.migrating(false);
    }
  }

  private void notComing(String reason) {
    become(Vm.UNKNOWN, reason, () -> listener.notComing(reason));
  }

  private void here(String by) {
    handedOver = false;
    become(Vm.RUNNING, by, listener::arrived);
  }

  /** Before it ran here, a VM that does not run is not paused: it has not come. */
  private void stopped(String by) {
    if (vm == Vm.RUNNING || vm == Vm.UNKNOWN && !by.equals("restore-vm")) {
      become(Vm.PAUSED, by, listener::paused);
    }
  }

  private void gone(String by) {
    if (vm != Vm.LEFT) {
      become(Vm.LEFT, by, listener::left);
    }
  }

  /** A VM that ran here until its end has no use for its binding; of others it is not known. */
  private void down(String by, boolean byGuest) {
    Vm before = vm;
    switch (before) {
      case RUNNING -> become(Vm.DOWN, by, listener::released);
      case PAUSED -> become(Vm.DOWN, by, byGuest ? listener::released : listener::left);
      case INCOMING -> notComing(by);
      default -> { }
    }
  }

  /**
   * Another state, perhaps the same: first what is to be done is told, and then the log.
   *
   * @param told of it
   */
  private void become(Vm now, String by, Runnable told) {
    Vm before = vm;
    vm = now;
    told.run();
    if (now != before) {
      log.info("vmm state vm={} state={} was={} by={}", name, now.text(), before.text(), by);
    }
  }
}
