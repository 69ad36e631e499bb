package org.kagemusha.daemon.provision;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.kagemusha.core.provisioning.Grant;

/** What became of an attempt. */
final class Outcome implements ControllerClient.Listener {

  record Failed(String reason, int retryAfterSeconds, String thread) {}

  private final CompletableFuture<Grant> result = new CompletableFuture<>();
  private final CompletableFuture<Failed> failure = new CompletableFuture<>();

  @Override
  public void onGranted(Grant grant) {
    result.complete(grant);
    failure.completeExceptionally(new AssertionError("granted"));
  }

  @Override
  public void onFailed(String reason, int retryAfterSeconds) {
    failure.complete(new Failed(reason, retryAfterSeconds, Thread.currentThread().getName()));
    result.completeExceptionally(new AssertionError(reason));
  }

  Grant granted() throws Exception {
    return result.get(30, TimeUnit.SECONDS);
  }

  Failed failed() throws Exception {
    return failure.get(30, TimeUnit.SECONDS);
  }

  boolean isSettled() {
    return result.isDone();
  }
}
