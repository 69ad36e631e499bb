package org.kagemusha.daemon.demo;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleConsumer;
import org.kagemusha.daemon.qemu.GuestImage;
import org.kagemusha.daemon.qemu.GuestKernel;
import org.kagemusha.daemon.qemu.Monitor;
import org.kagemusha.daemon.qemu.Qemu;

/**
 * A guest that is a virtual machine of QEMU's, migrated live from one hypervisor to the other over
 * the routed network, as an operator would. The daemons are told nothing: they watch QEMU's monitor
 * and the guest's tap.
 */
final class VirtualMachine implements MovableGuest {

  /** By stateless address autoconfiguration, of its MAC address. */
  static final DemoGuest DESCRIBED =
      new DemoGuest(
          "vm1", Topology.GUEST_MAC, "2001:db8:2000:0:5054:ff:fe12:3410", "kagemusha0");

  /** The QEMU's end of its tap, in each hypervisor. */
  static final String TAP = "vm1tap";

  private static final String URI_A = "tcp:[2001:db8:2000::a]:4444";
  private static final String URI_B = "tcp:[2001:db8:3000::3]:4444";
  private static final int POLL_MS = 20;
  private static final int MIGRATION_LIMIT_S = 180;

  private final Path directory;
  private final GuestImage image;
  private final long bandwidth;
  private final DoubleConsumer progress;
  private Topology topology;
  private Qemu qemu;
  private boolean abroad;
  private int started;

  /**
   * @param directory takes what the guest boots, sockets, and what guest and QEMU write
   * @param bandwidth octets a second that a migration may send; 0 for QEMU's own choice
   * @param progress hears how much of a migration is done, 0 to 1
   * @throws IOException if the guest cannot be made here; the message says what is missing
   */
  VirtualMachine(Path directory, long bandwidth, DoubleConsumer progress) throws IOException {
    this.directory = directory;
    this.image = GuestImage.build(GuestKernel.need(), directory);
    this.bandwidth = bandwidth;
    this.progress = progress;
  }

  /**
   * Says what it takes to have one.
   *
   * @throws IOException if it is not all there; the message says what is missing
   */
  static void need() throws IOException {
    Qemu.need();
    GuestImage.need();
    GuestKernel.need();
  }

  @Override
  public DemoGuest described() {
    return DESCRIBED;
  }

  @Override
  public void configure(DemoConfiguration configuration) {
    for (String daemon : new String[] {"a", "b"}) {
      configuration.set(daemon, "vmm", "qmp-socket", "\"" + socket(daemon) + "\"");
    }
  }

  private Path socket(String host) {
    return directory.resolve(host + ".qmp");
  }

  @Override
  public void start(Topology at) throws IOException, InterruptedException {
    boot(at);
    VmSessions.awaitService(topology, DESCRIBED.homeAddress());
  }

  /** Switches it on at hypervisor A. */
  void boot(Topology at) throws IOException, InterruptedException {
    topology = at;
    qemu = qemu(false, null);
  }

  /** A QEMU on a host, with its tap in the bridge. */
  private Qemu qemu(boolean onB, String incoming) throws IOException, InterruptedException {
    String namespace = onB ? topology.hypervisorB() : topology.hypervisorA();
    String host = onB ? "b" : "a";
    Shell.run("ip", "-n", namespace, "tuntap", "add", "dev", TAP, "mode", "tap");
    Shell.run("ip", "-n", namespace, "link", "set", TAP, "master", "vms", "up");
    return Qemu.start(
        image,
        new Qemu.Place(
            namespace, TAP, DESCRIBED.mac(), directory, "qemu-" + ++started + host, socket(host)),
        incoming);
  }

  private void end(Qemu one, boolean onB) throws IOException {
    one.close();
    Shell.run(
        "ip", "-n", onB ? topology.hypervisorB() : topology.hypervisorA(), "link", "del", TAP);
  }

  /** The QEMU in which it runs. */
  Qemu qemu() {
    return qemu;
  }

  /** Whether it runs at hypervisor B. */
  boolean isAbroad() {
    return abroad;
  }

  @Override
  public Traffic sessions() throws IOException, InterruptedException {
    return VmSessions.begin(topology, DESCRIBED.homeAddress(), Sessions.UDP_INTERVAL_NS, true);
  }

  @Override
  public Moved move(DaemonProcess source) throws IOException, InterruptedException {
    return move();
  }

  /** As {@link #move(DaemonProcess)}; returns when the VM runs at the other hypervisor. */
  Moved move() throws IOException, InterruptedException {
    Qemu destination = incoming();
    Monitor from = qemu.monitor();
    try {
      final int heard = from.count();
      final int heardThere = destination.monitor().count();
      migrate(destination);
      awaitStatus(from, "completed");
      final Monitor.Event stop = from.await(heard, "STOP");
      final Monitor.Event resume = destination.monitor().await(heardThere, "RESUME");
      progress.accept(1);
      JsonObject migration = from.migration();
      end(qemu, abroad);
      qemu = destination;
      abroad = !abroad;
      return new Moved(
          monotonicNs(stop.unixUs()), monotonicNs(resume.unixUs()),
          new MoveReport.Vm(
              (resume.unixUs() - stop.unixUs()) / 1000.0,
              migration.get("total-time").getAsLong(),
              migration.getAsJsonObject("ram").get("transferred").getAsLong()));
    } catch (IOException e) {
      end(destination, !abroad);
      throw e;
    }
  }

  /** A QEMU at the other hypervisor that waits for the VM. */
  Qemu incoming() throws IOException, InterruptedException {
    return qemu(!abroad, abroad ? URI_A : URI_B);
  }

  /** Begins to move it to the QEMU that waits. */
  void migrate(Qemu destination) throws IOException, InterruptedException {
    if (bandwidth > 0) {
      qemu.monitor().bandwidth(bandwidth);
    }
    qemu.monitor().migrate(abroad ? URI_A : URI_B);
  }

  /** Ends a QEMU at the other hypervisor to which the VM did not come. */
  void abandon(Qemu destination) throws IOException {
    end(destination, !abroad);
  }

  /** Waits for the end of a migration, which must be the one that is expected. */
  void awaitStatus(Monitor from, String wanted) throws IOException, InterruptedException {
    long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(MIGRATION_LIMIT_S);
    while (true) {
      JsonObject migration = from.migration();
      String status = migration.get("status").getAsString();
      if (status.equals(wanted)) {
        return;
      }
      if (status.matches("completed|failed|cancelled") || System.nanoTime() > giveUp) {
        throw new IOException("QEMU: the migration is " + status + ": " + migration);
      }
      if (migration.has("ram")) {
        JsonObject ram = migration.getAsJsonObject("ram");
        progress.accept(1 - ram.get("remaining").getAsDouble() / ram.get("total").getAsDouble());
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MS);
    }
  }

  /** A time of the wall clock by this process's monotonic clock. */
  private static long monotonicNs(long unixUs) {
    Instant now = Instant.now();
    long nowUs = TimeUnit.SECONDS.toMicros(now.getEpochSecond()) + now.getNano() / 1000;
    return System.nanoTime() - TimeUnit.MICROSECONDS.toNanos(nowUs - unixUs);
  }

  @Override
  public String startMeans() {
    return "QEMU boots " + image.kernel().getFileName() + " at home, in software emulation; the VM"
        + " learns address and default route from the home agent";
  }

  @Override
  public String movedMeans() {
    return "the VM goes on at ";
  }

  @Override
  public void close() throws IOException {
    if (qemu != null) {
      qemu.close();
    }
  }
}
