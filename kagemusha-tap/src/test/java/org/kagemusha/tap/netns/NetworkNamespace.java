package org.kagemusha.tap.netns;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;

/**
 * A network namespace with its loopback up and no duplicate address detection, removed on close
 * with all that is in it. {@link #run} executes code inside of it: what is opened there (sockets,
 * tap devices, netlink) stays of that namespace wherever it is used afterwards.
 */
public final class NetworkNamespace implements AutoCloseable {

  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final long TIMEOUT_SECONDS = 60;

  private final String name;

  private NetworkNamespace(String name) {
    this.name = name;
  }

  /** Creates a namespace of a new name. */
  public static NetworkNamespace create() {
    return create("kgm" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet());
  }

  /** Creates a namespace of this name. */
  public static NetworkNamespace create(String name) {
    command(List.of("ip", "netns", "add", name));
    NetworkNamespace namespace = new NetworkNamespace(name);
    namespace.ip("link set lo up");
    namespace.sysctl("net.ipv6.conf.default.accept_dad", "0");
    return namespace;
  }

  /** Joins two namespaces by a pair of Ethernet interfaces, up, without link-local addresses. */
  public static void connect(
      NetworkNamespace one, String nameInOne, NetworkNamespace other, String nameInOther) {
    one.ip("link add " + nameInOne + " type veth peer name " + nameInOther
        + " netns " + other.name);
    one.ip("link set " + nameInOne + " addrgenmode none up");
    other.ip("link set " + nameInOther + " addrgenmode none up");
  }

  /** The name, for {@code ip netns exec}. */
  public String name() {
    return name;
  }

  /** Runs {@code ip} inside, with arguments separated by blanks; gives what it printed. */
  public String ip(String arguments) {
    List<String> command = new ArrayList<>(List.of("ip", "-n", name));
    command.addAll(List.of(arguments.split(" ")));
    return command(command);
  }

  /** Adds an address that is usable at once. */
  public void address(String device, String addressAndLength) {
    ip("-6 addr add " + addressAndLength + " dev " + device + " nodad");
  }

  /** Sets a kernel parameter inside. */
  public void sysctl(String key, String value) {
    exec("sysctl", "-qw", key + "=" + value);
  }

  /** Runs a command inside and gives what it printed; fails where it fails. */
  public String exec(String... command) {
    List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", name));
    all.addAll(List.of(command));
    return command(all);
  }

  /** Starts a command inside; its error output goes to ours. */
  public Process start(String... command) {
    List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", name));
    all.addAll(List.of(command));
    try {
      return new ProcessBuilder(all).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs a script of scapy inside, everything of {@code scapy.all} imported; gives its output. */
  public String scapy(String script) {
    String preamble = "import logging; logging.getLogger('scapy').setLevel(logging.ERROR)\n"
        + "from scapy.all import *\n";
    return exec("/usr/bin/python3", "-c", preamble + script);
  }

  /** Executes code on a thread of its own that has entered the namespace and ends afterwards. */
  public <T> T run(Callable<T> code) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                enter();
                result.complete(code.call());
              } catch (Throwable e) {
                result.completeExceptionally(e);
              }
            },
            "netns-" + name);
    thread.start();
    try {
      return result.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (Exception e) {
      throw new IllegalStateException("inside of " + name, e);
    }
  }

  /** Removes the namespace. */
  @Override
  public void close() {
    command(List.of("ip", "netns", "del", name));
  }

  private void enter() throws KernelException {
    String path = "/var/run/netns/" + name;
    int fd = Libc.open(path, Constants.O_RDONLY | Constants.O_CLOEXEC);
    if (fd < 0) {
      throw KernelException.last("open", path);
    }
    int result = Libc.setns(fd, Constants.CLONE_NEWNET);
    if (result < 0) {
      throw KernelException.last("setns", path);
    }
    Libc.close(fd);
  }

  private static String command(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int status = process.waitFor();
      if (status != 0) {
        throw new IllegalStateException(command + " ended with " + status + ": " + output);
      }
      return output;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
