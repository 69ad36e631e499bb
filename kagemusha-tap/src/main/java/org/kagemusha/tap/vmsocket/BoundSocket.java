package org.kagemusha.tap.vmsocket;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.KernelException;

/** The socket at the VM's path, and the one descriptor that tells of all that belongs to it. */
final class BoundSocket implements AutoCloseable {

  /** Makes a socket ready for use. */
  interface Preparation {
    void on(Descriptor socket) throws KernelException;
  }

  private final Path path;
  private final Descriptor socket;
  private final ReadySockets ready;

  private BoundSocket(Path path, Descriptor socket, ReadySockets ready) {
    this.path = path;
    this.socket = socket;
    this.ready = ready;
  }

  /**
   * Opens it, as {@link UnixAddress#openAt} does.
   *
   * @param number under which {@link #ready} tells of input
   */
  static BoundSocket open(VmSocketSettings settings, int number, Preparation preparation)
      throws IOException {
    Descriptor socket = UnixAddress.openAt(settings);
    ReadySockets ready = null;
    try {
      preparation.on(socket);
      ready = new ReadySockets("epoll of " + settings.path());
      ready.add(socket, number, Constants.EPOLLIN);
      return new BoundSocket(settings.path(), socket, ready);
    } catch (KernelException e) {
      socket.close();
      if (ready != null) {
        ready.close();
      }
      throw e;
    }
  }

  String name() {
    return path.toString();
  }

  Descriptor socket() {
    return socket;
  }

  ReadySockets ready() {
    return ready;
  }

  /** Closes it, and takes the file away. */
  @Override
  public void close() {
    ready.close();
    socket.close();
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      // The next start replaces it.
    }
  }
}
