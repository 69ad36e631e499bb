package org.kagemusha.daemon.qemu;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Debian's kernel for virtual machines, of the package {@code linux-image-cloud-amd64}: installed
 * on this machine, or unpacked into a directory.
 *
 * @param image what QEMU starts
 * @param modules the directory of its modules
 */
public record GuestKernel(Path image, Path modules) {

  /** Names a directory into which the kernel's package was unpacked; the launcher sets it. */
  public static final String PROPERTY = "kagemusha.guest";

  private static final String PREFIX = "vmlinuz-";

  /** Looks at all the places where it may be. */
  public static Optional<GuestKernel> find() throws IOException {
    for (Path root :
        List.of(Path.of(System.getProperty(PROPERTY, "target/guest")), Path.of("/"))) {
      Optional<GuestKernel> found = in(root);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  /**
   * As {@link #find}.
   *
   * @throws FileNotFoundException if there is none; its message says how to get one
   */
  public static GuestKernel need() throws IOException {
    return find()
        .orElseThrow(
            () ->
                new FileNotFoundException(
                    "no kernel for a virtual machine: apt-get install linux-image-cloud-amd64, or"
                        + " unpack that package's files (apt-get download, dpkg-deb -x) into a"
                        + " directory and name it: KAGEMUSHA_JAVA_OPTIONS=-D" + PROPERTY
                        + "=DIRECTORY"));
  }

  /** The newest one below a directory that is laid out as a root directory. */
  static Optional<GuestKernel> in(Path root) throws IOException {
    Path boot = root.resolve("boot");
    if (!Files.isDirectory(boot)) {
      return Optional.empty();
    }
    try (Stream<Path> files = Files.list(boot)) {
      return files
          .filter(file -> file.getFileName().toString().matches(PREFIX + ".*-cloud-amd64"))
          .sorted(Comparator.comparingLong((Path file) -> file.toFile().lastModified()).reversed())
          .flatMap(file -> Stream.of("lib", "usr/lib").map(lib -> at(root, lib, file)))
          .filter(kernel -> Files.isDirectory(kernel.modules()))
          .findFirst();
    }
  }

  private static GuestKernel at(Path root, String lib, Path image) {
    String release = image.getFileName().toString().substring(PREFIX.length());
    return new GuestKernel(image, root.resolve(lib).resolve("modules").resolve(release));
  }
}
