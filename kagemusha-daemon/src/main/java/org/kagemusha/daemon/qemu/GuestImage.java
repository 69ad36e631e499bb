package org.kagemusha.daemon.qemu;

import java.io.BufferedOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/**
 * What the virtual machine boots: the kernel, and a root file system of this machine's own busybox
 * and Perl, the kernel's virtio modules, and two scripts. The guest knows nothing of mobility: it
 * is an ordinary host that takes its address from its link.
 *
 * @param kernel what QEMU starts
 * @param files the root file system, a compressed archive
 */
public record GuestImage(Path kernel, Path files) {

  /** What the network card needs; what these need is found in them. */
  private static final List<String> MODULES = List.of("virtio_pci", "virtio_net");

  private static final Pattern DEPENDS = Pattern.compile("\\00depends=([^\\00]*)\\00");
  private static final Pattern LIBRARY = Pattern.compile("(?:=> )?(/[^ ]+) \\(0x");

  private static final Path BUSYBOX = Path.of("/bin/busybox");
  private static final Path PERL = Path.of("/usr/bin/perl");
  private static final int PROGRAM = 0755;
  private static final int DATA = 0644;

  /** After what a script uses: prints which files that took. */
  private static final String PRINT_FILES =
      "print \"$_\\n\" for values %INC, @DynaLoader::dl_shared_objects";

  /**
   * Says whether this machine has what the guest runs.
   *
   * @throws FileNotFoundException if something is missing; its message names the package
   */
  public static void need() throws FileNotFoundException {
    for (Path program : List.of(BUSYBOX, PERL)) {
      if (!Files.isExecutable(program)) {
        throw new FileNotFoundException(
            "no " + program + ": apt-get install " + (program == PERL ? "perl-base" : "busybox"));
      }
    }
  }

  /**
   * Makes the file system.
   *
   * @param directory takes the file
   * @throws FileNotFoundException if something is not installed; its message names the package
   */
  public static GuestImage build(GuestKernel kernel, Path directory) throws IOException {
    need();
    Path files = directory.resolve("guest.cpio.gz");
    try (CpioArchive archive =
        new CpioArchive(
            new BufferedOutputStream(new GZIPOutputStream(Files.newOutputStream(files))))) {
      for (String empty : List.of("/dev", "/proc", "/sys")) {
        archive.directory(Path.of(empty));
      }
      archive.device(Path.of("/dev/console"), 5, 1);
      for (Path program : List.of(BUSYBOX, PERL)) {
        archive.file(program, PROGRAM, Files.readAllBytes(program));
        libraries(archive, program);
      }
      archive.file(Path.of("/init"), PROGRAM, resource("init"));
      byte[] sessions = resource("sessions.pl");
      archive.file(Path.of("/sessions.pl"), DATA, sessions);
      perl(archive, new String(sessions, StandardCharsets.UTF_8));
      modules(archive, kernel.modules());
    }
    return new GuestImage(kernel.image().toAbsolutePath(), files);
  }

  /** What a script takes from Perl's library. */
  private static void perl(CpioArchive archive, String script) throws IOException {
    String uses =
        script.lines().filter(line -> line.startsWith("use ")).collect(Collectors.joining("\n"));
    List<String> command = List.of(PERL.toString(), "-e", uses + "\n" + PRINT_FILES);
    for (String name : output(command).lines().toList()) {
      Path file = Path.of(name);
      archive.file(file, DATA, Files.readAllBytes(file));
      if (name.endsWith(".so")) {
        libraries(archive, file);
      }
    }
  }

  /** Those that a program is linked with; none if it has all in itself. */
  private static void libraries(CpioArchive archive, Path program) throws IOException {
    Matcher libraries = LIBRARY.matcher(output(List.of("ldd", program.toString())));
    while (libraries.find()) {
      Path library = Path.of(libraries.group(1));
      archive.file(library, PROGRAM, Files.readAllBytes(library));
    }
  }

  private static void modules(CpioArchive archive, Path directory) throws IOException {
    Map<String, Path> files = new HashMap<>();
    try (Stream<Path> all = Files.walk(directory)) {
      all.filter(file -> file.toString().matches(".*\\.ko(\\.xz)?"))
          .forEach(file -> files.put(moduleName(file), file));
    }
    Set<String> list = new LinkedHashSet<>();
    for (String module : MODULES) {
      module(archive, files, module, list);
    }
    archive.file(
        Path.of("/modules/list"), DATA,
        (String.join("\n", list) + "\n").getBytes(StandardCharsets.US_ASCII));
  }

  /** Those that it depends on come first. What the kernel has in itself is no file. */
  private static void module(
      CpioArchive archive, Map<String, Path> files, String name, Set<String> list)
      throws IOException {
    Path path = Path.of("/modules", name + ".ko");
    Path file = files.get(name);
    if (file == null || list.contains(path.toString())) {
      return;
    }
    byte[] octets =
        file.toString().endsWith(".xz")
            ? octets(List.of("xz", "-dc", file.toString()))
            : Files.readAllBytes(file);
    Matcher depends = DEPENDS.matcher(new String(octets, StandardCharsets.ISO_8859_1));
    if (depends.find()) {
      for (String other : depends.group(1).split(",")) {
        module(archive, files, other, list);
      }
    }
    archive.file(path, DATA, octets);
    list.add(path.toString());
  }

  /** The kernel takes a hyphen and an underscore for the same. */
  private static String moduleName(Path file) {
    String name = file.getFileName().toString();
    return name.substring(0, name.indexOf(".ko")).replace('-', '_');
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream input = GuestImage.class.getResourceAsStream(name)) {
      return input.readAllBytes();
    }
  }

  private static String output(List<String> command) throws IOException {
    return new String(octets(command), StandardCharsets.UTF_8);
  }

  private static byte[] octets(List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    process.getOutputStream().close();
    try (InputStream output = process.getInputStream()) {
      return output.readAllBytes();
    } finally {
      process.destroy();
    }
  }
}
