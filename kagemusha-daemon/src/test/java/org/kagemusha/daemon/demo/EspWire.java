package org.kagemusha.daemon.demo;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.kagemusha.core.message.CapturedPacket;
import org.kagemusha.core.message.PcapReader;

/** What a capture of an Ethernet has of ESP, octet for octet, natively and in UDP. */
final class EspWire {

  private static final int ETHERNET = 14;
  private static final int ETHER_TYPE = 0x86dd;
  private static final int IPV6 = 40;
  private static final int UDP = 17;
  private static final int ESP = 50;
  private static final int UDP_PORT = 4500;

  /** Hop-by-hop options, routing header, destination options. */
  private static final Set<Integer> EXTENSIONS = Set.of(0, 43, 60);

  /**
   * One ESP packet.
   *
   * @param toHomeAgent its direction
   * @param sequence the low 32 bits, which are on the wire
   * @param octets from the SPI on
   */
  record Packet(boolean toHomeAgent, long spi, long sequence, byte[] octets) {

    /** What must never be on the wire twice with different octets. */
    String identity() {
      return Long.toHexString(spi) + (toHomeAgent ? " up " : " down ") + sequence;
    }
  }

  private EspWire() {}

  /** All ESP packets of a capture from or to the home agent. */
  static List<Packet> packets(Path capture) throws IOException {
    byte[] agent = InetAddress.getByName(Topology.HOME_AGENT).getAddress();
    List<Packet> found = new ArrayList<>();
    for (byte[] frame : frames(capture)) {
      int esp = esp(frame);
      if (esp > 0) {
        ByteBuffer header = ByteBuffer.wrap(frame, esp, 8);
        found.add(
            new Packet(
                Arrays.equals(frame, 38, 54, agent, 0, 16),
                header.getInt() & 0xffff_ffffL,
                header.getInt() & 0xffff_ffffL,
                Arrays.copyOfRange(frame, esp, frame.length)));
      }
    }
    return found;
  }

  /** The SPIs of the packets that a condition selects. */
  static Set<Long> spis(List<Packet> packets, Predicate<Packet> condition) {
    return packets.stream()
        .filter(condition)
        .map(Packet::spi)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** How many packets have some octets anywhere in them. */
  static long having(Path capture, byte[] octets) throws IOException {
    return frames(capture).stream().filter(frame -> contains(frame, octets)).count();
  }

  private static List<byte[]> frames(Path capture) throws IOException {
    List<byte[]> frames = new ArrayList<>();
    try (InputStream input = Files.newInputStream(capture)) {
      PcapReader reader = new PcapReader(input);
      for (CapturedPacket next = reader.next(); next != null; next = reader.next()) {
        frames.add(next.octets());
      }
    } catch (EOFException e) {
      // The copy of a capture that goes on may end within a packet.
      return frames;
    }
    return frames;
  }

  /** Where ESP begins, or -1. */
  private static int esp(byte[] frame) {
    if (frame.length < ETHERNET + IPV6 + 8 || number(frame, 12) != ETHER_TYPE) {
      return -1;
    }
    int next = frame[ETHERNET + 6];
    int at = ETHERNET + IPV6;
    while (EXTENSIONS.contains(next) && at + 16 <= frame.length) {
      next = frame[at];
      at += 8 + 8 * (frame[at + 1] & 0xff);
    }
    if (next == UDP && at + 16 <= frame.length) {
      boolean isEsp = number(frame, at) == UDP_PORT || number(frame, at + 2) == UDP_PORT;
      return isEsp ? at + 8 : -1;
    }
    return next == ESP && at + 8 <= frame.length ? at : -1;
  }

  private static int number(byte[] frame, int at) {
    return (frame[at] & 0xff) << 8 | frame[at + 1] & 0xff;
  }

  private static boolean contains(byte[] frame, byte[] octets) {
    for (int i = 0; i + octets.length <= frame.length; i++) {
      if (Arrays.equals(frame, i, i + octets.length, octets, 0, octets.length)) {
        return true;
      }
    }
    return false;
  }
}
