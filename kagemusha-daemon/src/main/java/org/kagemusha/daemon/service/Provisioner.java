package org.kagemusha.daemon.service;

import io.netty.util.concurrent.ScheduledFuture;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.provisioning.Grant;
import org.kagemusha.core.provisioning.ProvisionedKeys;
import org.kagemusha.core.provisioning.ProvisioningRequest;
import org.kagemusha.core.provisioning.ProvisioningSchedule;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.daemon.config.VmConfig;
import org.kagemusha.daemon.loop.PacketLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a mobile node supplied with fresh keys, so that a VM that arrives never waits for them:
 * asks its Home Agent Controller at the start, when the VM has left, before keys run out, and
 * whenever the engine doubts that the home agent knows them. For the loop's thread.
 */
final class Provisioner implements AutoCloseable {

  /** Where to ask; answers on any thread, once. */
  interface Attempt {
    /** Asks one time, within some seconds. */
    void ask(ProvisioningRequest request, Consumer<Grant> granted, Failure failed);
  }

  /** Takes why there are no keys. */
  interface Failure {
    /** The reason, and when the controller wants to be asked again: seconds, or 0. */
    void failed(String reason, int retryAfterSeconds);
  }

  private static final Logger log = LoggerFactory.getLogger(Provisioner.class);

  /** How long to wait after a grant that this node's policy refuses. */
  private static final int POLICY_RETRY_SECONDS = 60;

  /** How long the home agent and this node believe replaced keys. */
  private static final long GRACE_NS = TimeUnit.SECONDS.toNanos(5);

  private final PacketLoop loop;
  private final ProvisionedKeys keys;
  private final ProvisioningSchedule schedule =
      new ProvisioningSchedule(new SplittableRandom());
  private final Consumer<Grant> onInstalled;
  private Attempt attempt;
  private VmConfig config;
  private Ipv6Address careOf;
  private ScheduledFuture<?> timer;
  private long armedNs = NodeEngine.NEVER;
  private String lastFailure = "no answer yet";
  private boolean closed;

  /**
   * @param onInstalled told on the loop after each grant that was installed
   */
  Provisioner(
      VmConfig config,
      PacketLoop loop,
      SecurityAssociationDatabase inbound,
      Attempt attempt,
      Consumer<Grant> onInstalled) {
    this.config = config;
    this.loop = loop;
    this.attempt = attempt;
    this.onInstalled = onInstalled;
    keys = new ProvisionedKeys(inbound, GRACE_NS, this::onWanted);
    keys.policy(config.protection().payload());
  }

  ProvisionedKeys keys() {
    return keys;
  }

  /** What went wrong last, for whoever waits for keys. */
  String lastFailure() {
    return lastFailure;
  }

  /** Applies a changed configuration; keys that are held stay. */
  void config(VmConfig changed, Attempt newAttempt) {
    boolean otherScope = changed.protection().payload() != config.protection().payload();
    config = changed;
    attempt = newAttempt;
    keys.policy(changed.protection().payload());
    if (otherScope) {
      want("configuration");
    } else if (keys.current() == null) {
      // The operator may just have removed what every attempt failed of.
      wantNow();
    }
  }

  /** The care-of address that requests name, or null. */
  void careOf(Ipv6Address address) {
    careOf = address;
  }

  /** Asks at once, whatever failed before: somebody waits. */
  void wantNow() {
    schedule.urgent(System.nanoTime());
    step();
  }

  /** Asks as soon as may be. */
  void want(String reason) {
    want(reason, 0);
  }

  private void want(String reason, long waitNs) {
    log.info("keys wanted vm={} reason={}", config.name(), reason);
    schedule.wanted(System.nanoTime() + waitNs);
    step();
  }

  private void onWanted(String reason, long waitNs) {
    // The engine is at work: what follows may change its keys.
    loop.execute(() -> want(reason, waitNs));
  }

  private void step() {
    long nowNs = System.nanoTime();
    if (!closed && schedule.isDue(nowNs)) {
      schedule.started();
      try {
        attempt.ask(
            request(),
            grant -> loop.execute(() -> granted(grant)),
            (reason, retryAfter) -> loop.execute(() -> failed(reason, retryAfter)));
      } catch (IllegalArgumentException e) {
        failed("the request cannot be made: " + e.getMessage(), POLICY_RETRY_SECONDS);
      }
    }
    arm(nowNs);
  }

  private ProvisioningRequest request() {
    return new ProvisioningRequest(
        config.provisioning().mobileNodeId(), config.homeAddresses(), careOf,
        config.protection().payload() != PayloadProtection.DISABLED,
        config.provisioning().suites());
  }

  private void granted(Grant grant) {
    long nowNs = System.nanoTime();
    if (closed) {
      grant.destroy();
      return;
    }
    ProvisionedKeys.Installed result = keys.install(grant, nowNs);
    if (result != ProvisionedKeys.Installed.OK) {
      grant.destroy();
      failed(result.reason(), POLICY_RETRY_SECONDS);
      return;
    }
    schedule.succeeded(keys.renewalNs());
    log.info(
        "keys granted vm={} spi=0x{} suite={} payload={} valid={}s",
        config.name(), Integer.toHexString(grant.spi()),
        grant.suite().encryption().configurationName(),
        grant.payloadProtected() ? "esp" : "clear", grant.validitySeconds());
    onInstalled.accept(grant);
    step();
  }

  private void failed(String reason, int retryAfterSeconds) {
    if (closed) {
      return;
    }
    long nowNs = System.nanoTime();
    lastFailure = reason;
    schedule.failed(retryAfterSeconds, nowNs);
    long seconds = (Math.max(0, schedule.nextNs() - nowNs) + 999_999_999L) / 1_000_000_000L;
    Grant held = keys.current();
    log.warn(
        "keys not granted vm={} reason=\"{}\" retry={}s held={}",
        config.name(), reason, seconds, held == null ? "none" : "still-valid");
    step();
  }

  private void arm(long nowNs) {
    long nextNs = closed ? NodeEngine.NEVER : schedule.nextNs();
    if (nextNs == armedNs) {
      return;
    }
    armedNs = nextNs;
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
    if (nextNs != NodeEngine.NEVER) {
      timer =
          loop.eventLoop()
              .schedule(
                  () -> {
                    armedNs = NodeEngine.NEVER;
                    step();
                  },
                  Math.max(0, nextNs - nowNs), TimeUnit.NANOSECONDS);
    }
  }

  /** Asks no more and ends all keys; on the loop. */
  @Override
  public void close() {
    closed = true;
    arm(System.nanoTime());
    keys.destroy();
  }
}
