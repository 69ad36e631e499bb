package org.kagemusha.daemon.qemu;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/**
 * Writes a file system archive as a Linux kernel takes it at its start: cpio's "new ASCII" format,
 * of Linux's {@code Documentation/driver-api/early-userspace/buffer-format.rst}. Directories above
 * an entry are written by themselves.
 */
final class CpioArchive implements Closeable {

  private static final int DIRECTORY = 0040755;
  private static final int CHARACTER_DEVICE = 0020600;
  private static final int REGULAR = 0100000;
  private static final int ALIGNMENT = 4;

  private final OutputStream out;
  private final Set<Path> written = new HashSet<>();
  private int inode;
  private long octets;

  CpioArchive(OutputStream out) {
    this.out = out;
  }

  /**
   * A file; one that is there already is not written again.
   *
   * @param path absolute
   * @param permissions its lowest nine bits
   */
  void file(Path path, int permissions, byte[] content) throws IOException {
    if (written.add(path.normalize())) {
      directory(path.normalize().getParent());
      entry(path.normalize(), REGULAR | permissions, content, 0, 0);
    }
  }

  /** A character device that only root uses. */
  void device(Path path, int major, int minor) throws IOException {
    directory(path.getParent());
    entry(path, CHARACTER_DEVICE, new byte[0], major, minor);
  }

  /** A directory and those above it. */
  void directory(Path path) throws IOException {
    if (path.getNameCount() > 0 && written.add(path)) {
      directory(path.getParent());
      entry(path, DIRECTORY, new byte[0], 0, 0);
    }
  }

  private void entry(Path path, int mode, byte[] content, int major, int minor)
      throws IOException {
    header(path.toString().substring(1), mode, content.length, major, minor);
    write(content);
    pad();
  }

  private void header(String name, int mode, int size, int major, int minor) throws IOException {
    // c_ino, c_mode, c_uid, c_gid, c_nlink, c_mtime, c_filesize, c_maj, c_min, c_rmaj, c_rmin,
    // c_namesize (with its final zero), c_chksum.
    StringBuilder text = new StringBuilder("070701");
    for (int field :
        new int[] {++inode, mode, 0, 0, 1, 0, size, 0, 0, major, minor, name.length() + 1, 0}) {
      text.append(String.format(Locale.ROOT, "%08X", field));
    }
    write(text.append(name).append('\0').toString().getBytes(StandardCharsets.US_ASCII));
    pad();
  }

  private void write(byte[] some) throws IOException {
    out.write(some);
    octets += some.length;
  }

  private void pad() throws IOException {
    while (octets % ALIGNMENT != 0) {
      out.write(0);
      octets++;
    }
  }

  /** Writes the end of the archive and closes the stream. */
  @Override
  public void close() throws IOException {
    header("TRAILER!!!", 0, 0, 0, 0);
    out.close();
  }
}
