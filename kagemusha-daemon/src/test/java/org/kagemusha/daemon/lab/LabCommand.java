package org.kagemusha.daemon.lab;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ./kagemusha lab}. */
@Command(
    name = "lab",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Measures Kagemusha beside the kernel's own IPv6 in IPv6 and other tunnels in user space, in"
          + " network namespaces of this machine.",
      "Exit status: 0 it ran, whatever the figures; 1 it could not, or a subject did not carry"
          + " traffic."
    })
public final class LabCommand implements Callable<Integer> {

  /** The first wireguard-go that hands super-packets to the kernel and takes them from it. */
  private static final int FIRST_WITH_OFFLOADS = 20230223;

  private static final Pattern WIREGUARD_VERSION = Pattern.compile("v0\\.0\\.(\\d{8})");

  @Option(
      names = "--short",
      description = "A second for each, MTU 1500, no bars: to see that it works.")
  private boolean brief;

  @Option(
      names = "--mtu",
      paramLabel = "OCTETS",
      split = ",",
      defaultValue = "1500,9000",
      description = "A table for each (1500 to 9000, default: ${DEFAULT-VALUE}).")
  private List<Integer> mtus;

  @Option(
      names = "--only",
      paramLabel = "NAME",
      split = ",",
      description =
          "These subjects alone: plain, seg6, relay, clear, clear-kernel, clear-direct,"
              + " clear-one-end, clear-kernel-one-end, esp, esp-direct, esp-udp,"
              + " wireguard-go, openvpn;"
              + " with the suffix +gro the ends of the wire coalesce what they receive.")
  private List<String> only;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "3",
      description = "Medians are over so many (1 to 99, default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "4",
      description = "Of each TCP stream (1 to 60, default: ${DEFAULT-VALUE}).")
  private int seconds;

  @Option(
      names = "--set",
      paramLabel = "SECTION.KEY=VALUE",
      description =
          "A key of the configuration of both ends of Kagemusha, such as tap.offloads=false.")
  private List<String> settings = List.of();

  @Option(
      names = "--wireguard-go",
      paramLabel = "FILE",
      defaultValue = "wireguard-go",
      description = "Another wireguard-go than the one on the search path.")
  private String wireGuard;

  @Option(
      names = "--crowd",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Compare Kagemusha in clear, or the subjects of --only, with the same among N daemons on"
              + " the guest's host (2 to 500), and nothing else.")
  private int crowd;

  @Option(
      names = "--one-bridge",
      description = "The daemons of --crowd have one bridge, not each its own.")
  private boolean oneBridge;

  @Option(names = "--json", paramLabel = "FILE", description = "Write all figures to a file.")
  private Path json;

  @Option(names = "--keep", description = "Keep logs and configuration files.")
  private boolean keep;

  @Option(
      names = "--program",
      hidden = true,
      description = "Kagemusha's launcher; the classes that run the laboratory if absent.")
  private String program;

  /** Runs it. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new LabCommand()).execute(arguments));
  }

  @Override
  public Integer call() {
    LabOptions options;
    try {
      options = options();
    } catch (IllegalArgumentException e) {
      System.err.println("lab: " + e.getMessage());
      return 2;
    }
    Lab lab = new Lab(options, System.out);
    try {
      List<Figures> figures = lab.run();
      report(options, figures, lab.remarks());
      return lab.remarks().isEmpty() ? 0 : 1;
    } catch (IOException e) {
      System.err.println("lab: " + e.getMessage());
      return 1;
    }
  }

  private LabOptions options() {
    if (rounds < 1 || rounds > 99 || seconds < 1 || seconds > 60) {
      throw new IllegalArgumentException("--rounds is 1 to 99, --seconds 1 to 60");
    }
    for (int mtu : mtus) {
      if (mtu < 1500 || mtu > 9000) {
        throw new IllegalArgumentException("--mtu is 1500 to 9000");
      }
    }
    DaemonSettings daemons =
        new DaemonSettings(
            program == null ? List.of() : List.of(program),
            settings.stream().map(DaemonSettings.Setting::parse).toList());
    List<SubjectName> subjects = subjects();
    if (brief) {
      return LabOptions.brief(subjects, daemons);
    }
    return new LabOptions(
        subjects, mtus, rounds, seconds, Math.max(1, seconds / 2), false, 2000, 3, daemons,
        wireGuard, crowd, oneBridge, keep);
  }

  private List<SubjectName> subjects() {
    if (oneBridge && crowd == 0) {
      throw new IllegalArgumentException("--one-bridge is for --crowd");
    }
    if (crowd != 0 && (brief || crowd < 2 || crowd > 500)) {
      throw new IllegalArgumentException("--crowd is 2 to 500, and not for --short");
    }
    if (only == null) {
      return crowd > 0
          ? List.of(SubjectName.parse("clear"))
          : brief ? SubjectName.SHORT : SubjectName.ALL;
    }
    List<SubjectName> subjects = only.stream().map(SubjectName::parse).toList();
    if (crowd > 0 && !subjects.stream().allMatch(one -> one.kind().isOurs())) {
      throw new IllegalArgumentException("--crowd is for clear, clear-kernel, esp and esp-udp");
    }
    return subjects;
  }

  private void report(LabOptions options, List<Figures> figures, List<String> remarks)
      throws IOException {
    JsonObject report = new JsonObject();
    JsonObject machine = new JsonObject();
    machine.addProperty("cores", Runtime.getRuntime().availableProcessors());
    machine.addProperty("kernel", System.getProperty("os.version"));
    machine.addProperty("architecture", System.getProperty("os.arch"));
    machine.addProperty("java", Runtime.version().toString());
    report.add("machine", machine);
    JsonArray subjects = new JsonArray();
    figures.forEach(one -> subjects.add(one.json()));
    report.add("figures", subjects);
    if (!brief) {
      report.add("bars", bars(options, figures));
    }
    JsonArray said = new JsonArray();
    remarks.forEach(said::add);
    report.add("remarks", said);
    if (!remarks.isEmpty()) {
      System.out.println("\nLeft out or failed:");
      remarks.forEach(System.out::println);
    }
    if (json != null) {
      Files.writeString(
          json,
          new GsonBuilder().setPrettyPrinting().serializeNulls().create().toJson(report) + "\n");
    }
  }

  private JsonArray bars(LabOptions options, List<Figures> figures) throws IOException {
    JsonArray array = new JsonArray();
    double factor = 1;
    if (options.subjects().stream().anyMatch(one -> one.kind() == SubjectKind.WIREGUARD)
        && Tool.exists(options.wireGuard())) {
      factor = peerFactor(options.wireGuard());
    }
    for (int mtu : options.mtus()) {
      List<Figures> ofMtu = figures.stream().filter(one -> one.mtu() == mtu).toList();
      System.out.printf(
          "%nMTU %d, ratios of medians, the worse direction%n%-22s %-24s %-18s %-16s %8s%n", mtu,
          "", "of", "to", "asked (stretch)", "measured");
      List<Bar> bars =
          options.crowd() > 0
              ? Bar.crowd(options.subjects(), options.crowd())
              : Bar.all(factor).stream().filter(one -> one.isAbout(options.subjects())).toList();
      for (Bar bar : bars) {
        double ratio = bar.ratio(ofMtu);
        System.out.printf(
            "%-22s %-24s %-18s %-16s %8s  %s%n", bar.what(), bar.subject(), bar.reference(),
            bar.asked(), Double.isNaN(ratio) ? "-" : String.format(Locale.ROOT, "%.2f", ratio),
            bar.verdict(ratio));
        array.add(bar.json(mtu, ratio));
      }
    }
    return array;
  }

  /** A wireguard-go without segmentation offloads counts four times, for TCP. */
  private static double peerFactor(String wireGuard) throws IOException {
    Path directory = Files.createTempDirectory("kagemusha-lab");
    try {
      Matcher version =
          WIREGUARD_VERSION.matcher(Tool.run(directory, null, wireGuard, "--version"));
      if (version.find() && Integer.parseInt(version.group(1)) < FIRST_WITH_OFFLOADS) {
        System.out.println(
            "\nThis wireguard-go (" + version.group()
                + ") has no segmentation offloads: its TCP bars are four times those of one that"
                + " has.");
        return 4;
      }
      return 1;
    } finally {
      Files.delete(directory);
    }
  }
}
