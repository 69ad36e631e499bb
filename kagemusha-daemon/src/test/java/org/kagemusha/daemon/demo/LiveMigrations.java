package org.kagemusha.daemon.demo;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Migrates a virtual machine live, A → B → A and so on, while its correspondent holds with it a TCP
 * session and a UDP stream of 1,000 packets a second each way; prints what each move cost. The
 * network is to lose no packet and to bring none twice, and TCP never to be reset.
 *
 * <p>Not a test, since its figures are the machine's. It needs root, QEMU, a guest's kernel ({@code
 * ./kagemusha test} fetches both) and some minutes:
 *
 * <pre>
 *   mvn -q -DskipTests package
 *   java -Dkagemusha.guest=kagemusha-daemon/target/guest \
 *       -cp kagemusha-daemon/target/test-classes:kagemusha-daemon/target/kagemusha.jar \
 *       org.kagemusha.daemon.demo.LiveMigrations [MIGRATIONS [PROTECTION]]
 * </pre>
 *
 * <p>{@code MIGRATIONS} is 1 to 200, 20 if not given; {@code PROTECTION} as in {@code kagemusha
 * demo}. Exit status: 0 nothing lost on the way, nothing twice and no reset; 1 else; 2 wrong use.
 */
public final class LiveMigrations {

  private static final int DEFAULT_MIGRATIONS = 20;
  private static final int MOST_MIGRATIONS = 200;
  private static final long INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long STAY_MS = 2000;
  private static final int PACKETS_PER_MIGRATION = 20_000;
  private static final int PACKETS_BESIDES = 60_000;

  private LiveMigrations() {}

  /** See the class. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    int migrations = DEFAULT_MIGRATIONS;
    DemoProtection protection = DemoProtection.required;
    try {
      migrations = arguments.length > 0 ? Integer.parseInt(arguments[0]) : migrations;
      protection = arguments.length > 1 ? DemoProtection.valueOf(arguments[1]) : protection;
    } catch (IllegalArgumentException e) {
      migrations = 0;
    }
    if (migrations < 1 || migrations > MOST_MIGRATIONS) {
      System.err.println("MIGRATIONS is 1 to " + MOST_MIGRATIONS + ", PROTECTION as of the demo");
      System.exit(2);
    }
    Path directory = Files.createTempDirectory("kagemusha-migrations");
    boolean clean = measure(directory, migrations, protection);
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
    System.exit(clean ? 0 : 1);
  }

  private static boolean measure(Path directory, int migrations, DemoProtection protection)
      throws IOException, InterruptedException {
    VirtualMachine vm = new VirtualMachine(directory, 0, done -> {});
    try (Laboratory laboratory =
        new Laboratory(directory, protection, "off", VirtualMachine.DESCRIBED)) {
      vm.configure(laboratory.configuration);
      laboratory.keep(vm);
      laboratory.homeAgent();
      final DaemonProcess a = laboratory.daemonA();
      final DaemonProcess b = laboratory.daemonB();
      vm.start(laboratory.topology);
      Laboratory.awaitState(a, "home");
      final StreamWatch watch = laboratory.keep(new StreamWatch(laboratory));
      try (VmSessions sessions =
          VmSessions.begin(
              laboratory.topology, VirtualMachine.DESCRIBED.homeAddress(), INTERVAL_NS, false,
              migrations * PACKETS_PER_MIGRATION + PACKETS_BESIDES)) {
        TimeUnit.MILLISECONDS.sleep(STAY_MS);
        MigrationFigures figures = new MigrationFigures();
        for (int i = 0; i < migrations && sessions.failure() == null; i++) {
          figures.add(vm.isAbroad() ? "A" : "B", vm.move(), stay(vm, a, b));
          System.err.printf("%d of %d%n", i + 1, migrations);
        }
        sessions.finish();
        List<StreamWatch.Frame> frames = watch.frames();
        figures.print(System.out, sessions, frames);
        Traffic.Ledgers ledgers = sessions.ledgers();
        return sessions.failure() == null
            && MigrationFigures.lost(ledgers.udpFromGuest()) == 0
            && figures.lostOnTheWay(sessions, frames) == 0
            && ledgers.udpFromGuest().duplicated() == 0
            && ledgers.udpToGuest().duplicated() == 0;
      }
    }
  }

  private static JsonObject stay(
      VirtualMachine vm, DaemonProcess a, DaemonProcess b)
      throws IOException, InterruptedException {
    DaemonProcess here = vm.isAbroad() ? b : a;
    Laboratory.awaitState(here, vm.isAbroad() ? "registered" : "home");
    TimeUnit.MILLISECONDS.sleep(STAY_MS);
    return Laboratory.object(here.ask("status json")).getAsJsonObject("handover");
  }
}
