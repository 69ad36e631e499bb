package org.kagemusha.tap.rawsocket;

import java.nio.ByteBuffer;
import org.kagemusha.core.offload.VirtioNetHeader;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * A packet socket on a bridge that copies the IPv6 frames to one station while it is open: whole,
 * with what their sender has left to the hardware, so that they can be sent again. The bridge is
 * promiscuous meanwhile. One thread.
 */
public final class GuestFrameCopies implements AutoCloseable {

  private static final int SOCKADDR_LL = 20;
  private static final int PACKET_MREQ = 16;
  private static final int ROOM = 1 << 22;
  private static final int DRAIN_AT_MOST = 64;
  private static final int TIMESPEC = 16;

  /** The largest frame that comes, octets. */
  public static final int LARGEST_FRAME = 65_549;

  private final Descriptor socket;
  private final NativeMemory stamp = new NativeMemory(TIMESPEC);

  private GuestFrameCopies(Descriptor socket) {
    this.socket = socket;
  }

  /**
   * Opens it. Needs CAP_NET_RAW.
   *
   * @param bridge the bridge's name
   * @param guest the station
   */
  public static GuestFrameCopies open(String bridge, MacAddress guest) throws KernelException {
    int index = Libc.if_nametoindex(bridge);
    if (index == 0) {
      throw KernelException.last("if_nametoindex", bridge);
    }
    Descriptor socket =
        Descriptor.openSocket(
            Constants.AF_PACKET, Constants.SOCK_RAW, 0, "copies of frames on " + bridge);
    try {
      BridgeFilter.to(guest).attach(socket);
      socket.setOption(Constants.SOL_PACKET, Constants.PACKET_VNET_HDR, 1, "PACKET_VNET_HDR");
      socket.setBuffers(ROOM, ROOM);
      NativeMemory address = new NativeMemory(SOCKADDR_LL);
      address.bytes().putShort(0, (short) Constants.AF_PACKET);
      address.bytes().put(2, new byte[] {0, Constants.ETH_P_ALL});
      address.bytes().putInt(4, index);
      socket.bind(address, SOCKADDR_LL, bridge);
      NativeMemory request = new NativeMemory(PACKET_MREQ);
      request.bytes().putInt(0, index);
      request.bytes().putShort(4, (short) Constants.PACKET_MR_PROMISC);
      socket.setOption(
          Constants.SOL_PACKET, Constants.PACKET_ADD_MEMBERSHIP, request, PACKET_MREQ,
          "PACKET_MR_PROMISC");
      GuestFrameCopies copies = new GuestFrameCopies(socket);
      // Times are kept once they have been asked for.
      copies.receivedUnixNs();
      return copies;
    } catch (KernelException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /** The descriptor to poll for input. */
  public int fd() {
    return socket.fd();
  }

  /**
   * Receives a frame to the buffer's {@link PacketBuffer#HEADROOM}.
   *
   * @param frame in memory that has an address, with room for {@link #LARGEST_FRAME} octets
   * @return the frame's length; 0 if there is nothing now; -1 if one came that cannot be sent again
   * @throws KernelException for an error that does not pass
   */
  public int receive(PacketBuffer frame) throws KernelException {
    ByteBuffer bytes = frame.bytes();
    int at = PacketBuffer.HEADROOM - VirtioNetHeader.OCTETS;
    for (int tried = 0; tried < DRAIN_AT_MOST; tried++) {
      long got =
          Libc.recv(
              socket.fd(), frame.address() + at, VirtioNetHeader.OCTETS + LARGEST_FRAME, 0);
      if (got >= VirtioNetHeader.OCTETS) {
        frame.set(PacketBuffer.HEADROOM, (int) got - VirtioNetHeader.OCTETS);
        return VirtioNetHeader.read(bytes, at, frame) ? frame.length() : -1;
      }
      if (got >= 0) {
        return -1;
      }
      int errno = Libc.errno();
      if (errno == Errno.EAGAIN) {
        return 0;
      }
      if (errno != Errno.EINTR && errno != Errno.ENETDOWN) {
        throw KernelException.of("recv", socket.name(), errno);
      }
    }
    return 0;
  }

  /**
   * When the frame that was received last came to the bridge: nanoseconds since 1970 by the host's
   * clock, or 0 if that is not known (socket(7), SIOCGSTAMPNS).
   */
  public long receivedUnixNs() {
    return Libc.ioctl(socket.fd(), Constants.SIOCGSTAMPNS, stamp.address()) < 0
        ? 0
        : stamp.bytes().getLong(0) * 1_000_000_000L + stamp.bytes().getLong(8);
  }

  /** Closes the socket; the bridge is no longer promiscuous for it. */
  @Override
  public void close() {
    socket.close();
  }
}
