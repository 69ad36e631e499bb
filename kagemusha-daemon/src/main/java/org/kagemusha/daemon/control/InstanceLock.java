package org.kagemusha.daemon.control;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Sees to it that one daemon serves a control socket: a lock on a file beside it, which the kernel
 * lets go when the process ends, however it ends.
 */
public final class InstanceLock implements AutoCloseable {

  private final FileChannel channel;

  private InstanceLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes the lock.
   *
   * @throws IOException if another daemon has it, or the file cannot be made
   */
  public static InstanceLock take(Path socket) throws IOException {
    Path file = socket.resolveSibling(socket.getFileName() + ".lock");
    Files.createDirectories(file.getParent());
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock = null;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // This very process has it, which the message below tells as well.
      lock = null;
    } finally {
      if (lock == null) {
        channel.close();
      }
    }
    if (lock == null) {
      throw new IOException(
          "another daemon already serves " + socket + "; stop it first, or give this one another"
              + " name or [control] socket");
    }
    return new InstanceLock(channel);
  }

  /** Lets go. The file stays: removing it would race with the next daemon. */
  @Override
  public void close() throws IOException {
    channel.close();
  }
}
