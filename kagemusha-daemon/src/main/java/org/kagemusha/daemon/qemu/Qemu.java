package org.kagemusha.daemon.qemu;

import java.io.Closeable;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A QEMU with a virtual machine in it, or waiting for one to come: one processor in software
 * emulation, and a virtio network card at a tap.
 */
public final class Qemu implements Closeable {

  /** The emulator of Debian's {@code qemu-system-x86}. */
  public static final Path PROGRAM = Path.of("/usr/bin/qemu-system-x86_64");

  /**
   * Not a multiple of 256 KiB, KiB: of memory that is one, QEMU before 8.2.2 loses track in
   * software emulation of what the guest writes during a migration, and the guest goes on with
   * pages of before.
   */
  private static final int MEMORY_KIB = 131_080;

  private final Process process;
  private final Monitor monitor;
  private final Path console;

  /**
   * Where a virtual machine is to be.
   *
   * @param namespace the network namespace of its host
   * @param tap an interface of that namespace
   * @param mac of its network card
   * @param directory takes the guest's console and QEMU's own words
   * @param name begins the names of its files; unique for each QEMU
   * @param socket of the monitor for the daemon; QEMU has one more for the operator
   */
  public record Place(
      String namespace, String tap, String mac, Path directory, String name, Path socket) {}

  private Qemu(Process process, Monitor monitor, Path console) {
    this.process = process;
    this.monitor = monitor;
    this.console = console;
  }

  /**
   * Says whether there is one to start.
   *
   * @throws FileNotFoundException if there is none; its message names the package
   */
  public static void need() throws FileNotFoundException {
    if (!Files.isExecutable(PROGRAM)) {
      throw new FileNotFoundException("no " + PROGRAM + ": apt-get install qemu-system-x86");
    }
  }

  /**
   * Starts one.
   *
   * @param incoming the URI at which it waits for a VM; null: it boots one
   * @throws FileNotFoundException if QEMU is not installed; its message names the package
   * @throws IOException if it cannot be started
   */
  public static Qemu start(GuestImage image, Place place, String incoming)
      throws IOException, InterruptedException {
    need();
    Path console = place.directory().resolve(place.name() + ".console");
    Path operator = place.directory().resolve(place.name() + ".operator");
    Path log = place.directory().resolve(place.name() + ".log");
    List<String> command =
        new ArrayList<>(
            List.of(
                "ip", "netns", "exec", place.namespace(), PROGRAM.toString(), "-nodefaults",
                "-no-user-config", "-display", "none", "-M", "pc", "-accel", "tcg", "-smp", "1",
                "-m", MEMORY_KIB + "k", "-kernel", image.kernel().toString(), "-initrd",
                image.files().toString(), "-append", "console=ttyS0 quiet panic=-1", "-no-reboot",
                "-serial", "file:" + console, "-netdev",
                "tap,id=n0,ifname=" + place.tap() + ",script=no,downscript=no", "-device",
                "virtio-net-pci,netdev=n0,romfile=,mac=" + place.mac(), "-qmp",
                "unix:" + place.socket() + ",server=on,wait=off", "-qmp",
                "unix:" + operator + ",server=on,wait=off"));
    if (incoming != null) {
      command.addAll(List.of("-incoming", incoming));
    }
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      return new Qemu(process, Monitor.connect(operator, process), console);
    } catch (IOException e) {
      process.destroyForcibly();
      throw new IOException("QEMU: " + Files.readString(log).strip() + " " + e.getMessage(), e);
    }
  }

  /** The operator's monitor. */
  public Monitor monitor() {
    return monitor;
  }

  /** What the guest wrote on its console. */
  public Path console() {
    return console;
  }

  /** Its process id. */
  public long pid() {
    return process.pid();
  }

  /** Whether it runs. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** As a host that fails. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Ends it, and waits until it has ended. */
  @Override
  public void close() throws IOException {
    monitor.close();
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
