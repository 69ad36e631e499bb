package org.kagemusha.tap.rawsocket;

import java.nio.ByteBuffer;
import java.util.List;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.FilterProgram;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * A packet socket on a bridge that sees what goes to and from the guest's port: the Binding
 * Acknowledgement that the home agent sends to the guest's MAC address when the daemon deregisters
 * (RFC 6275 §11.5.5), and frames that show that the guest is here. A kernel filter picks those
 * frames. It picks none until {@link #watch} is called.
 *
 * <p>While it watches, the bridge is promiscuous and each frame through it is offered to the
 * filter: {@link #rest} when nothing is expected. One thread.
 */
public final class BridgeWatch implements AutoCloseable {

  /** Nothing to read now. */
  public static final int WOULD_BLOCK = 0;

  private static final int SOCKADDR_LL = 20;
  private static final int PACKET_MREQ = 16;
  private static final int LARGEST_FRAME = 65_535;
  private static final int DRAIN_AT_MOST = 64;

  private final Descriptor socket;
  private final int index;
  private NativeMemory slot;
  private boolean promiscuous;

  private BridgeWatch(Descriptor socket, int index) {
    this.socket = socket;
    this.index = index;
  }

  /**
   * Opens it on a bridge, at rest. Needs CAP_NET_RAW.
   *
   * @param bridge the bridge's name
   */
  public static BridgeWatch open(String bridge) throws KernelException {
    int index = Libc.if_nametoindex(bridge);
    if (index == 0) {
      throw KernelException.last("if_nametoindex", bridge);
    }
    Descriptor socket =
        Descriptor.openSocket(
            Constants.AF_PACKET, Constants.SOCK_RAW, 0, "packet socket on " + bridge);
    try {
      BridgeWatch watch = new BridgeWatch(socket, index);
      FilterProgram.nothing().attach(watch.socket);
      NativeMemory address = new NativeMemory(SOCKADDR_LL);
      address.bytes().putShort(0, (short) Constants.AF_PACKET);
      address.bytes().put(2, new byte[] {0, Constants.ETH_P_ALL});
      address.bytes().putInt(4, index);
      socket.bind(address, SOCKADDR_LL, bridge);
      return watch;
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
   * Picks frames to the guest that carry a Mobility Header or ESP from one of the home agents and,
   * where wanted, all frames that the guest sends; replaces what was picked before.
   *
   * @param homeAgents at least one; those after the sixteenth are left out
   * @param sentByGuest whether the guest's own frames are wanted: each of them then wakes the
   *     caller
   */
  public void watch(MacAddress guest, List<Ipv6Address> homeAgents, boolean sentByGuest)
      throws KernelException {
    List<Ipv6Address> first =
        homeAgents.subList(0, Math.min(homeAgents.size(), BridgeFilter.MOST_HOME_AGENTS));
    BridgeFilter.guest(guest, first, sentByGuest).attach(socket);
    if (!promiscuous) {
      setPromiscuous(Constants.PACKET_ADD_MEMBERSHIP);
      promiscuous = true;
    }
  }

  /** Picks nothing and leaves the bridge as it was; what was picked before can still be read. */
  public void rest() throws KernelException {
    FilterProgram.nothing().attach(socket);
    if (promiscuous) {
      setPromiscuous(Constants.PACKET_DROP_MEMBERSHIP);
      promiscuous = false;
    }
  }

  /**
   * Receives a frame to the buffer's {@link PacketBuffer#HEADROOM}. One that is longer than the
   * buffer's room is cut off (a guest with offloads sends up to 64 KiB), and its inner checksum may
   * be unfinished: it is evidence, not to be forwarded.
   *
   * @return the frame's length as received, or {@link #WOULD_BLOCK}
   * @throws KernelException for an error that does not pass
   */
  public int receive(PacketBuffer frame) throws KernelException {
    ByteBuffer bytes = frame.bytes();
    int room = bytes.capacity() - PacketBuffer.HEADROOM - PacketBuffer.TAILROOM;
    boolean direct = frame.address() != 0;
    if (!direct && slot == null) {
      slot = new NativeMemory(LARGEST_FRAME);
    }
    long target = direct ? frame.address() + PacketBuffer.HEADROOM : slot.address();
    for (int tried = 0; tried < DRAIN_AT_MOST; tried++) {
      long got = Libc.recv(socket.fd(), target, Math.min(room, LARGEST_FRAME), 0);
      if (got >= 0) {
        int length = (int) got;
        if (!direct) {
          bytes.put(PacketBuffer.HEADROOM, slot.bytes(), 0, length);
        }
        frame.set(PacketBuffer.HEADROOM, length);
        return length;
      }
      int errno = Libc.errno();
      if (errno == Errno.EAGAIN) {
        return WOULD_BLOCK;
      }
      // The socket reports once that the bridge went down, and works on when it is up again.
      if (errno != Errno.EINTR && errno != Errno.ENETDOWN) {
        throw KernelException.of("recv", socket.name(), errno);
      }
    }
    return WOULD_BLOCK;
  }

  /** Closes the socket; the bridge is no longer promiscuous for us. */
  @Override
  public void close() {
    socket.close();
  }

  private void setPromiscuous(int option) throws KernelException {
    NativeMemory request = new NativeMemory(PACKET_MREQ);
    request.bytes().putInt(0, index);
    request.bytes().putShort(4, (short) Constants.PACKET_MR_PROMISC);
    socket.setOption(
        Constants.SOL_PACKET, option, request, PACKET_MREQ, "PACKET_MR_PROMISC");
  }
}
