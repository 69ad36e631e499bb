package org.kagemusha.daemon.qemu;

import java.io.BufferedOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/**
 * What the virtual machine boots: the kernel, and a root file system of this machine's own busybox
 * and Perl, the kernel's virtio modules, and two scripts. The guest knows nothing of mobility: it is
 * an ordinary host that takes its address from its link.
 *
 * @param kernel what QEMU starts
 * @param files the root file system, a compressed archive
 */
public record GuestImage(Path kernel, Path files) {

  /** In the order in which they are loaded. */
  private static final List<String> MODULES =
      List.of(
          "virtio", "virtio_ring", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci",
          "failover", "net_failover", "virtio_net");

  private static final Pattern LIBRARY = Pattern.compile("(?:=> )?(/[^ ]+) \\(0x");

  private static final Path BUSYBOX = Path.of("/bin/busybox");
  private static final Path PERL = Path.of("/usr/bin/perl");
  private static final int PROGRAM = 0755;
  private static final int DATA = 0644;

  /** Says which files Perl needs for the sessions. */
  private static final String PERL_FILES =
      "use strict; use warnings; use constant; use Errno; use Fcntl; use Socket;"
          + " print \"$_\\n\" for values %INC, @DynaLoader::dl_shared_objects";

  /**
   * Makes the file system.
   *
   * @param directory takes the file
   * @throws FileNotFoundException if something is not installed; its message names the package
   */
  public static GuestImage build(GuestKernel kernel, Path directory) throws IOException {
    for (Path program : List.of(BUSYBOX, PERL)) {
      if (!Files.isExecutable(program)) {
        throw new FileNotFoundException(
            "no " + program + ": apt-get install " + (program == PERL ? "perl-base" : "busybox"));
      }
    }
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
      for (String name : output(List.of(PERL.toString(), "-e", PERL_FILES)).lines().toList()) {
        Path file = Path.of(name);
        archive.file(file, DATA, Files.readAllBytes(file));
        if (name.endsWith(".so")) {
          libraries(archive, file);
        }
      }
      archive.file(Path.of("/init"), PROGRAM, resource("init"));
      archive.file(Path.of("/sessions.pl"), DATA, resource("sessions.pl"));
      modules(archive, kernel.modules());
    }
    return new GuestImage(kernel.image(), files);
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
    List<String> list = new ArrayList<>();
    for (String module : MODULES) {
      // What the kernel has in itself is no module.
      try (Stream<Path> files =
          Files.find(
              directory, 8, (file, a) -> file.getFileName().toString().matches(
                  module + "\\.ko(\\.xz)?"))) {
        for (Path file : files.limit(1).toList()) {
          Path path = Path.of("/modules", module + ".ko");
          archive.file(
              path, DATA,
              file.toString().endsWith(".xz")
                  ? octets(List.of("xz", "-dc", file.toString()))
                  : Files.readAllBytes(file));
          list.add(path.toString());
        }
      }
    }
    archive.file(
        Path.of("/modules/list"), DATA,
        (String.join("\n", list) + "\n").getBytes(StandardCharsets.US_ASCII));
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
