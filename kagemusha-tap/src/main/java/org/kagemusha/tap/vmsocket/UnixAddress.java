package org.kagemusha.tap.vmsocket;

import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.Arrays;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;

/** The address of a Unix socket, {@code struct sockaddr_un}. */
final class UnixAddress {

  /** Octets of the longest, and of its family. */
  static final int LONGEST = 110;

  private static final int FAMILY = 2;

  private final byte[] octets;

  private UnixAddress(byte[] octets) {
    this.octets = octets;
  }

  /** Of a path, with a zero behind it. */
  static UnixAddress of(Path path) {
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    byte[] octets = new byte[FAMILY + name.length + 1];
    System.arraycopy(name, 0, octets, FAMILY, name.length);
    return new UnixAddress(octets);
  }

  /** As the kernel has written it; {@code length} says how much of it. */
  static UnixAddress copyOf(NativeMemory memory, int length) {
    byte[] octets = new byte[Math.min(length, LONGEST)];
    memory.bytes().get(0, octets);
    return new UnixAddress(octets);
  }

  /** Whether the kernel has written this one. */
  boolean matches(NativeMemory memory, int length) {
    if (length != octets.length) {
      return false;
    }
    for (int i = FAMILY; i < length; i++) {
      if (memory.bytes().get(i) != octets[i]) {
        return false;
      }
    }
    return true;
  }

  /** Whether there is a name to send to. */
  boolean isNamed() {
    return octets.length > FAMILY;
  }

  private NativeMemory memory() {
    NativeMemory memory = new NativeMemory(octets.length);
    memory.bytes().put(0, octets);
    memory.bytes().putShort(0, (short) Constants.AF_UNIX);
    return memory;
  }

  /**
   * Connects a socket.
   *
   * @return 0, or the error number
   */
  int connect(Descriptor socket) {
    NativeMemory memory = memory();
    int errno =
        Libc.connect(socket.fd(), memory.address(), octets.length) < 0 ? Libc.errno() : 0;
    Reference.reachabilityFence(memory);
    return errno;
  }

  /** The path, or an abstract name behind an {@code @}. */
  @Override
  public String toString() {
    if (!isNamed()) {
      return "unnamed";
    }
    int end = octets.length;
    while (end > FAMILY && octets[end - 1] == 0) {
      end--;
    }
    boolean hidden = octets[FAMILY] == 0;
    byte[] name = Arrays.copyOfRange(octets, hidden ? FAMILY + 1 : FAMILY, Math.max(end, FAMILY + 1));
    String text = new String(name, StandardCharsets.UTF_8).replaceAll("\\p{Cntrl}", "?");
    return hidden ? "@" + text : text;
  }

  /**
   * Opens a socket that others may reach at the path: mode 0660, replacing one that is left from a
   * dead process.
   */
  static Descriptor openAt(VmSocketSettings settings) throws IOException {
    Path path = settings.path();
    int type = settings.datagrams() ? Constants.SOCK_DGRAM : Constants.SOCK_STREAM;
    if (path.getParent() != null) {
      Files.createDirectories(path.getParent());
    }
    replaceDead(path, type);
    Descriptor socket = Descriptor.openSocket(Constants.AF_UNIX, type, 0, path.toString());
    try {
      UnixAddress address = of(path);
      socket.bind(address.memory(), address.octets.length, path.toString());
      if (settings.group().isPresent()) {
        Files.getFileAttributeView(path, PosixFileAttributeView.class)
            .setGroup(
                path.getFileSystem()
                    .getUserPrincipalLookupService()
                    .lookupPrincipalByGroupName(settings.group().get()));
      }
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw----"));
      return socket;
    } catch (UserPrincipalNotFoundException e) {
      socket.close();
      Files.deleteIfExists(path);
      throw new IOException(path + ": there is no group " + e.getName(), e);
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  private static void replaceDead(Path path, int type) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .isOther()) {
      throw new KernelException("bind", path.toString(), Errno.EEXIST, "it is not a socket");
    }
    try (Descriptor probe =
        Descriptor.openSocket(Constants.AF_UNIX, type, 0, path.toString())) {
      int errno = of(path).connect(probe);
      if (errno != Errno.ECONNREFUSED && errno != Errno.ENOENT) {
        throw new KernelException(
            "bind", path.toString(), Errno.EADDRINUSE, "another process has this socket");
      }
    }
    Files.deleteIfExists(path);
  }
}
