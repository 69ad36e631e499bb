package org.kagemusha.tap.vmsocket;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.kagemusha.core.node.Counters;
import org.kagemusha.tap.port.FramePort;

/**
 * Which socket.
 *
 * @param datagrams one frame in each datagram (QEMU's {@code -netdev dgram}); false: a stream of
 *     frames, each behind its length (QEMU's {@code -netdev stream})
 * @param path of the socket, at most 107 octets
 * @param group whose members may connect; where absent, that of the process
 */
public record VmSocketSettings(boolean datagrams, Path path, Optional<String> group) {

  /**
   * Makes the socket, mode 0660, and its directory; one that a dead process left is replaced.
   *
   * @param counters where frames are counted that were dropped
   * @throws IOException if another process listens there, or the group is not known
   */
  public FramePort open(Counters counters, VmSocketListener listener) throws IOException {
    return datagrams
        ? new DatagramSocketPort(this, counters, listener)
        : new StreamSocketPort(this, counters, listener);
  }
}
