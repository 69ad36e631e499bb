package org.kagemusha.daemon.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The archive that a guest boots, as busybox's cpio unpacks it, and where its kernel is found. */
class GuestImageTest {

  private static final Path BUSYBOX = Path.of("/bin/busybox");

  @TempDir Path directory;

  @Test
  void archiveIsUnpackedByAnotherProgram() throws Exception {
    assumeTrue(Files.isExecutable(BUSYBOX));
    Path archive = directory.resolve("archive");
    try (CpioArchive cpio = new CpioArchive(Files.newOutputStream(archive))) {
      cpio.file(Path.of("/usr/bin/one"), 0755, "1".getBytes(StandardCharsets.US_ASCII));
      cpio.file(Path.of("/usr/bin/one"), 0644, new byte[0]);
      cpio.file(Path.of("/usr/lib/../lib/empty"), 0644, new byte[0]);
      cpio.file(Path.of("/long"), 0600, new byte[4099]);
    }
    assertEquals(
        List.of("usr", "usr/bin", "usr/bin/one", "usr/lib", "usr/lib/empty", "long"),
        cpio(archive, "-t"));
    cpio(archive, "-i");
    assertEquals("1", Files.readString(directory.resolve("usr/bin/one")));
    assertTrue(Files.isExecutable(directory.resolve("usr/bin/one")));
    assertEquals(0, Files.size(directory.resolve("usr/lib/empty")));
    assertEquals(4099, Files.size(directory.resolve("long")));
  }

  @Test
  void imageHasWhatTheGuestRunsAndModulesInTheirOrder() throws Exception {
    assumeTrue(Files.isExecutable(BUSYBOX));
    Path modules = Files.createDirectories(directory.resolve("modules"));
    module(modules, "virtio-pci", "virtio_ring,virtio");
    module(modules, "virtio_net", "virtio");
    module(modules, "virtio", "virtio_ring");
    module(modules, "virtio_ring", "");
    module(modules, "other", "");
    GuestImage image =
        GuestImage.build(new GuestKernel(directory.resolve("vmlinuz"), modules), directory);
    Path archive = directory.resolve("archive");
    try (GZIPInputStream input = new GZIPInputStream(Files.newInputStream(image.files()))) {
      Files.write(archive, input.readAllBytes());
    }
    List<String> names = cpio(archive, "-t");
    assertTrue(
        names.containsAll(List.of("init", "sessions.pl", "bin/busybox", "usr/bin/perl")),
        names.toString());
    assertTrue(names.stream().anyMatch(name -> name.endsWith("/Socket.so")), names.toString());
    cpio(archive, "-i", "modules/list");
    assertEquals(
        List.of(
            "/modules/virtio_ring.ko", "/modules/virtio.ko", "/modules/virtio_pci.ko",
            "/modules/virtio_net.ko"),
        Files.readAllLines(modules.resolve("list")));
  }

  private static void module(Path modules, String name, String depends) throws IOException {
    Files.writeString(modules.resolve(name + ".ko"), "ELF\0license=GPL\0depends=" + depends + "\0");
  }

  @Test
  void newestKernelThatHasItsModulesIsTaken() throws Exception {
    assertEquals(Optional.empty(), GuestKernel.in(directory));
    kernel("6.1.0-1", 1);
    Path newest = kernel("6.1.0-9", 3);
    kernel("6.1.0-10", 2);
    // Of this one the modules have been taken away.
    Files.createFile(directory.resolve("boot/vmlinuz-6.1.0-11-cloud-amd64"));
    Files.createFile(directory.resolve("boot/vmlinuz-6.1.0-12-amd64"));
    assertEquals(newest, GuestKernel.in(directory).orElseThrow().image());
  }

  private Path kernel(String version, long seconds) throws IOException {
    Files.createDirectories(directory.resolve("usr/lib/modules/" + version + "-cloud-amd64"));
    Path boot = Files.createDirectories(directory.resolve("boot"));
    Path image = Files.createFile(boot.resolve("vmlinuz-" + version + "-cloud-amd64"));
    return Files.setLastModifiedTime(image, FileTime.fromMillis(seconds * 1000));
  }

  @Test
  void missingKernelIsToldOfWithTheWayToGetIt() throws Exception {
    assumeTrue(GuestKernel.in(Path.of("/")).isEmpty());
    String before = System.getProperty(GuestKernel.PROPERTY);
    System.setProperty(GuestKernel.PROPERTY, directory.toString());
    try {
      FileNotFoundException missing =
          assertThrows(FileNotFoundException.class, GuestKernel::need);
      assertTrue(missing.getMessage().contains("linux-image-cloud-amd64"), missing.getMessage());
    } finally {
      if (before == null) {
        System.clearProperty(GuestKernel.PROPERTY);
      } else {
        System.setProperty(GuestKernel.PROPERTY, before);
      }
    }
  }

  private List<String> cpio(Path archive, String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of(BUSYBOX.toString(), "cpio", "-u"));
    command.addAll(List.of(options));
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectInput(archive.toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor());
    return output.lines().toList();
  }
}
