package org.kagemusha.tap.netns;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;

/**
 * Runs code inside a named network namespace: on a thread of its own, which enters the namespace
 * and ends with the code. What the code opens (sockets, tap devices, netlink) stays of that
 * namespace wherever it is used afterwards.
 */
public final class NamespaceCall {

  private static final String DIRECTORY = "/var/run/netns/";

  private NamespaceCall() {}

  /**
   * Executes code inside a namespace and returns its result.
   *
   * @param namespace a name that {@code ip netns} knows
   * @param code may throw; an IOException or unchecked exception is passed on as it is
   * @throws IOException if the namespace cannot be entered, or the code fails
   */
  public static <T> T in(String namespace, Callable<T> code) throws IOException {
    FutureTask<T> task =
        new FutureTask<>(
            () -> {
              enter(namespace);
              return code.call();
            });
    new Thread(task, "netns-" + namespace).start();
    try {
      return task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("inside " + namespace + ": interrupted", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof IOException failure) {
        throw failure;
      }
      if (cause instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IOException("inside " + namespace, cause);
    }
  }

  private static void enter(String namespace) throws KernelException {
    String path = DIRECTORY + namespace;
    int descriptor = Libc.open(path, Constants.O_RDONLY | Constants.O_CLOEXEC);
    if (descriptor < 0) {
      throw KernelException.last("open", path);
    }
    try {
      if (Libc.setns(descriptor, Constants.CLONE_NEWNET) < 0) {
        throw KernelException.last("setns", path);
      }
    } finally {
      Libc.close(descriptor);
    }
  }
}
