package org.kagemusha.daemon.demo;

import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code kagemusha demo}. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Moves a guest from its home link to a foreign network and back, in network namespaces of this"
          + " machine, while it holds a TCP session, a UDP stream and a ping with a correspondent;"
          + " prints what they saw.",
      "Exit status: 0 the sessions survived, 1 they did not or the demonstration could not run."
    })
public final class DemoCommand implements Callable<Integer> {

  /** Octets a second that a migration takes of the network: slow enough to be watched. */
  private static final long WATCHABLE = 20_000_000;

  /** What moves. */
  enum GuestKind {
    none,
    qemu
  }

  /** When the home agent tests a home address for duplicates. */
  enum DuplicateAddressDetection {
    strict,
    optimistic,
    off
  }

  @Option(
      names = "--protection",
      paramLabel = "WORD",
      defaultValue = "required",
      description = {
        "With fresh keys for each place, what payload gets: required, opportunistic or disabled;"
            + " or manual (static keys for everything), signalling (static keys for signalling"
            + " alone) or none (default: ${DEFAULT-VALUE})."
      })
  private DemoProtection protection;

  @Option(
      names = "--dad",
      defaultValue = "off",
      description =
          "The home agent's duplicate address detection before its first acknowledgement:"
              + " ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}; strict costs a second).")
  private DuplicateAddressDetection dad;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "1",
      description = "Moves there and back (1 to 5, default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--vm",
      defaultValue = "none",
      description = {
        "qemu: the guest is a virtual machine of QEMU's in software emulation, which boots Debian's"
            + " own kernel and is migrated live. none: a network namespace, whose card changes"
            + " bridges (default: ${DEFAULT-VALUE})."
      })
  private GuestKind vm;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the report to a file as JSON.")
  private Path json;

  @Option(
      names = "--stay",
      hidden = true,
      paramLabel = "MS",
      defaultValue = "4000",
      description = "How long the guest stays at each place.")
  private int stayMs;

  @Option(names = "--keep", description = "Keep the logs and configuration files.")
  private boolean keep;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (rounds < 1 || rounds > 5) {
      System.err.println("demo: --rounds is 1 to 5");
      return 2;
    }
    DemoReport report;
    MovableGuest guest;
    try {
      if (vm == GuestKind.qemu) {
        VirtualMachine.need();
      }
      Path directory = Demo.directory();
      guest =
          vm == GuestKind.qemu
              ? new VirtualMachine(directory, WATCHABLE, new MigrationProgress(System.out))
              : new NamespaceGuest();
      report =
          new Demo(
                  new DemoOptions(protection, dad.name(), rounds, stayMs, keep),
                  System.out,
                  topology -> {},
                  guest,
                  directory)
              .run();
    } catch (IOException e) {
      System.err.println("demo: " + e.getMessage());
      return 1;
    }
    report.print(System.out, guest.movedMeans());
    if (json != null) {
      Files.writeString(
          json, new GsonBuilder().setPrettyPrinting().create().toJson(report) + "\n");
    }
    return report.survived() ? 0 : 1;
  }
}
