package org.kagemusha.tap.rawsocket;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.kagemusha.core.ipsec.engine.CipherTeam;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * The routed network through raw IPv6 sockets: six to receive, one per protocol that reaches us,
 * all bound to the local address, and one to send whole packets. Where ESP in UDP (RFC 3948) is
 * wanted, a UDP socket receives and sends it. None is connected: a connected one would make the
 * kernel answer other peers with ICMPv6 errors. Packets cross in batches. One thread.
 *
 * <p>The kernel compares each packet that it receives with all raw sockets of its protocol, one
 * after the other. So who has no tunnel makes those of others slower: the two sockets for what
 * comes through tunnels, IPv6 in IPv6 and ESP, can be closed meanwhile ({@link #closeTunnels}).
 */
public final class UnderlaySocket implements Underlay, AutoCloseable {

  /** Those of tunnels first. */
  private static final int[] PROTOCOLS = {
    Protocol.IPV6,
    Protocol.ESP,
    Protocol.DESTINATION_OPTIONS,
    Protocol.ROUTING,
    Protocol.MOBILITY,
    Protocol.ICMPV6
  };

  private static final int TUNNELS = 2;

  /** Hears what became of packets that {@link #send} had queued. */
  @FunctionalInterface
  public interface Refused {

    /**
     * The kernel did not take a packet.
     *
     * @param outer the whole packet, to be looked at during the call only
     */
    void refused(PacketBuffer outer, Sent why);
  }

  /** Hears of ESP packets before they are received. */
  @FunctionalInterface
  public interface Arrivals {

    /**
     * A packet is here and will be handed over behind others. Its opening may be deferred in the
     * buffer ({@link PacketBuffer#defer}), and is then done together with that of others.
     *
     * @param packet from its IPv6 header on; only from its ESP header on where it came in UDP
     * @param esp the absolute index of the ESP header
     */
    void arrived(PacketBuffer packet, int esp);
  }

  private final UnderlaySender sender;
  private final List<UnderlayReceiver> receivers;
  private final int batch;
  private Ipv6Address local;

  private UnderlaySocket(
      UnderlaySender sender, List<UnderlayReceiver> receivers, UnderlaySettings settings) {
    this.sender = sender;
    this.receivers = List.copyOf(receivers);
    batch = settings.batch();
    local = settings.local();
  }

  /**
   * Opens all sockets. Needs CAP_NET_RAW.
   *
   * @param counters where packets are counted that the receivers drop
   */
  public static UnderlaySocket open(UnderlaySettings settings, Counters counters)
      throws KernelException {
    return open(settings, counters, CipherTeam.alone(), (packet, esp) -> { }, null);
  }

  /**
   * Opens all sockets, with a team that does the ciphers' work of a batch. Needs CAP_NET_RAW.
   *
   * @param counters where packets are counted that are dropped here
   * @param team if it takes nothing deferred, packets are sealed before {@link #send} and opened
   *     after they were received
   * @param arrivals hears of what the team could open
   * @param hops which packets leave past the routing table, or null for none; not with a mark or
   *     device, which are the routing table's
   */
  public static UnderlaySocket open(
      UnderlaySettings settings, Counters counters, CipherTeam team, Arrivals arrivals,
      NextHops hops)
      throws KernelException {
    if (hops != null && (settings.mark() != 0 || settings.device().isPresent())) {
      throw new IllegalArgumentException("next hops do not go with a mark or a device");
    }
    EarlyOpening opening =
        team.takesDeferred() && settings.batch() > 1 ? new EarlyOpening(team, arrivals) : null;
    List<UnderlayReceiver> receivers = new ArrayList<>();
    try {
      for (int protocol : PROTOCOLS) {
        UnderlayReceiver receiver = UnderlayReceiver.of(protocol, settings, counters, opening);
        receivers.add(receiver);
        receiver.open(settings.local());
      }
      EncapsulationSocket encapsulation = null;
      if (settings.encapsulationPort() != UnderlaySettings.NO_ENCAPSULATION) {
        encapsulation = EncapsulationSocket.open(settings);
        receivers.add(
            UnderlayReceiver.openEncapsulation(encapsulation, settings, counters, opening));
      }
      UnderlaySender sender = UnderlaySender.open(settings, encapsulation, hops, counters, team);
      return new UnderlaySocket(sender, receivers, settings);
    } catch (KernelException | RuntimeException e) {
      receivers.forEach(UnderlayReceiver::close);
      throw e;
    }
  }

  /**
   * The receiving sockets, to be polled for input while they are open; the first of them are those
   * of {@link #tunnels}.
   */
  public List<UnderlayReceiver> receivers() {
    return receivers;
  }

  /** The sockets for what comes through tunnels. */
  public List<UnderlayReceiver> tunnels() {
    return receivers.subList(0, TUNNELS);
  }

  /**
   * Opens the sockets for tunnels again; does nothing where they are open.
   *
   * @throws KernelException if one cannot be opened; none is open then
   */
  public void openTunnels() throws KernelException {
    if (takesTunnels()) {
      return;
    }
    try {
      for (UnderlayReceiver receiver : tunnels()) {
        receiver.open(local);
      }
    } catch (KernelException | RuntimeException e) {
      closeTunnels();
      throw e;
    }
  }

  /**
   * Closes the sockets for tunnels, which must not be polled any more. What came and was not read
   * is lost, and to what comes then the kernel replies that nobody listens.
   */
  public void closeTunnels() {
    tunnels().forEach(UnderlayReceiver::shut);
  }

  /** Whether the sockets for tunnels are open. */
  public boolean takesTunnels() {
    return receivers.get(0).isOpen();
  }

  /**
   * Binds the sockets to another local address, which need not be assigned yet; what the old one
   * received before can still be read, and what was queued leaves first. {@link #encapsulationPort}
   * may differ afterwards.
   */
  public void rebind(Ipv6Address newLocal) throws KernelException {
    sender.transmit();
    sender.bind(newLocal);
    local = newLocal;
    for (UnderlayReceiver receiver : receivers) {
      receiver.bind(local);
    }
  }

  /** The UDP port at which ESP in UDP is received, 1 to 65535, or 0 where it is not. */
  public int encapsulationPort() {
    return receivers.get(receivers.size() - 1).encapsulationPort();
  }

  /**
   * Queues a packet for the destination in its header, as the routing table says; it leaves at
   * {@link #flush} at the latest. What leaves is what the packet says, but that the kernel computes
   * the checksum of ESP in UDP, and a UDP checksum of zero right behind the IPv6 header is put
   * right.
   *
   * <p>{@link Sent#OK} may be the queue's answer; the kernel's own comes from {@link #flush}. It is
   * the kernel's at once where the batch is 1, for a packet that is longer than {@link
   * UnderlaySettings#largestPacket}, and for those that follow a refused one up to the next flush.
   */
  @Override
  public Sent send(PacketBuffer packet) {
    return sender.send(packet);
  }

  @Override
  public PacketBuffer slot(int octets) {
    return sender.slot(octets);
  }

  @Override
  public boolean completesChecksum() {
    return true;
  }

  @Override
  public boolean takesDeferred() {
    return sender.takesDeferred();
  }

  /** Sends what is queued, and tells of all that was refused since the last time. */
  public void flush(Refused refused) {
    sender.flush(refused);
  }

  /** Sends what is queued; what is refused of it the next {@link #flush} tells. */
  public void transmit() {
    sender.transmit();
  }

  /** Whether {@link #flush} has nothing to do. */
  public boolean isEmpty() {
    return sender.isEmpty();
  }

  /** Most packets of one call, 1 to 64. */
  public int batch() {
    return batch;
  }

  /** Whether ESP in UDP is cut by the kernel (UDP_SEGMENT): until it has refused to. */
  public boolean segmentsUdp() {
    return sender.segments();
  }

  /** Whether the kernel joins received ESP in UDP (UDP_GRO). */
  public boolean joinsUdp() {
    return receivers.get(receivers.size() - 1).joins();
  }

  /** Closes all sockets. */
  @Override
  public void close() {
    sender.close();
    receivers.forEach(UnderlayReceiver::close);
  }

  static void restrict(Descriptor socket, UnderlaySettings settings) throws KernelException {
    Optional<String> device = settings.device();
    if (device.isPresent()) {
      NativeMemory name = new NativeMemory(Constants.IFNAMSIZ);
      name.putString(0, device.get());
      socket.setOption(
          Constants.SOL_SOCKET,
          Constants.SO_BINDTODEVICE,
          name,
          device.get().length(),
          "SO_BINDTODEVICE " + device.get());
    }
    if (settings.mark() != 0) {
      socket.setOption(Constants.SOL_SOCKET, Constants.SO_MARK, settings.mark(), "SO_MARK");
    }
  }
}
