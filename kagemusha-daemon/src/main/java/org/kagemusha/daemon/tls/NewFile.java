package org.kagemusha.daemon.tls;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Files that are there whole or not at all, and never readable by others for a moment. */
final class NewFile {

  private static final Set<PosixFilePermission> PRIVATE =
      PosixFilePermissions.fromString("rw-------");
  private static final Set<PosixFilePermission> PUBLIC =
      PosixFilePermissions.fromString("rw-r--r--");

  private NewFile() {}

  /** Makes a file of mode 0600. */
  static void createPrivate(Path file, String text) throws IOException {
    create(file, text, PRIVATE);
  }

  /** Makes a file of mode 0644. */
  static void createPublic(Path file, String text) throws IOException {
    create(file, text, PUBLIC);
  }

  /** Replaces a file by one of mode 0644. */
  static void replacePublic(Path file, String text) throws IOException {
    Path temporary = temporary(file, text, PUBLIC);
    Files.move(
        temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Fails if there is such a file. */
  static void refuseExisting(Path file) throws IOException {
    if (Files.exists(file)) {
      throw new IOException(file + ": exists already and is not overwritten; remove it, or choose"
          + " another name");
    }
  }

  private static void create(Path file, String text, Set<PosixFilePermission> mode)
      throws IOException {
    Path temporary = temporary(file, text, mode);
    try {
      // Unlike a move, a link never replaces what somebody else has made meanwhile.
      Files.createLink(file, temporary);
    } catch (FileAlreadyExistsException e) {
      refuseExisting(file);
      throw e;
    } finally {
      Files.delete(temporary);
    }
  }

  private static Path temporary(Path file, String text, Set<PosixFilePermission> mode)
      throws IOException {
    Path temporary =
        Files.createTempFile(
            file.toAbsolutePath().getParent(),
            ".new-",
            null,
            PosixFilePermissions.asFileAttribute(PRIVATE));
    try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
      ByteBuffer octets = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      while (octets.hasRemaining()) {
        channel.write(octets);
      }
      Files.setPosixFilePermissions(temporary, mode);
      channel.force(true);
      return temporary;
    } catch (IOException e) {
      Files.delete(temporary);
      throw e;
    }
  }
}
