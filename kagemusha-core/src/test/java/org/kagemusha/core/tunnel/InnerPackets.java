package org.kagemusha.core.tunnel;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.random.RandomGenerator;
import org.kagemusha.core.wire.Ipv6Address;

/** Builds IPv6 packets octet by octet, with none of the code under test. */
final class InnerPackets {

  static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  static final Ipv6Address PEER = Ipv6Address.parse("2001:db8:5000::2");
  static final int SYN = 2;
  static final int SYN_ACK = 0x12;
  static final int ACK = 0x10;

  private InnerPackets() {}

  static byte[] ipv6(
      Ipv6Address source,
      Ipv6Address destination,
      int trafficClass,
      int flowLabel,
      int nextHeader,
      int hopLimit,
      byte[] payload) {
    ByteBuffer packet = ByteBuffer.allocate(40 + payload.length);
    packet.putInt(6 << 28 | trafficClass << 20 | flowLabel);
    packet.putShort((short) payload.length).put((byte) nextHeader).put((byte) hopLimit);
    packet.put(source.toBytes()).put(destination.toBytes()).put(payload);
    return packet.array();
  }

  static byte[] ipv6(int nextHeader, byte[] payload) {
    return ipv6(HOME, PEER, 0, 0, nextHeader, 64, payload);
  }

  /** A UDP packet of a total size, at least 48 octets, with a valid checksum. */
  static byte[] udp(int size) {
    return udp(HOME, PEER, 0, 64, 1000, 2000, size);
  }

  static byte[] udp(
      Ipv6Address source,
      Ipv6Address destination,
      int trafficClass,
      int hopLimit,
      int sourcePort,
      int destinationPort,
      int size) {
    byte[] payload = new byte[size - 40];
    for (int i = 8; i < payload.length; i++) {
      payload[i] = (byte) (i * 31);
    }
    ByteBuffer.wrap(payload)
        .putShort((short) sourcePort)
        .putShort((short) destinationPort)
        .putShort((short) payload.length);
    byte[] packet = ipv6(source, destination, trafficClass, 0, 17, hopLimit, payload);
    ByteBuffer.wrap(packet).putShort(46, (short) checksum(packet, 40, 17));
    return packet;
  }

  /** A TCP segment with these options (padded to four octets) and a valid checksum. */
  static byte[] tcp(int flags, byte[] options, byte[] data) {
    return tcp(new byte[0], -1, flags, options, data);
  }

  /** A TCP segment behind extension headers, the first of which is of a given type. */
  static byte[] tcp(byte[] extensions, int first, int flags, byte[] options, byte[] data) {
    int header = 20 + (options.length + 3 & ~3);
    ByteBuffer payload = ByteBuffer.allocate(extensions.length + header + data.length);
    payload.put(extensions);
    payload.putShort((short) 40000).putShort((short) 443).putInt(0x01020304).putInt(0x0a0b0c0d);
    payload.put((byte) (header / 4 << 4)).put((byte) flags).putShort((short) 65000);
    payload.putInt(0).put(options);
    payload.position(extensions.length + header);
    payload.put(data);
    byte[] packet = ipv6(extensions.length == 0 ? 6 : first, payload.array());
    int tcp = 40 + extensions.length;
    ByteBuffer.wrap(packet).putShort(tcp + 16, (short) checksum(packet, tcp, 6));
    return packet;
  }

  static byte[] mss(int value) {
    return new byte[] {2, 4, (byte) (value >> 8), (byte) value};
  }

  static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  /** An ICMPv6 message with a valid checksum. */
  static byte[] icmpv6(
      Ipv6Address source, Ipv6Address destination, int type, int code, int value, byte[] body) {
    ByteBuffer payload = ByteBuffer.allocate(8 + body.length);
    payload.put((byte) type).put((byte) code).putShort((short) 0).putInt(value).put(body);
    byte[] packet = ipv6(source, destination, 0, 0, 58, 64, payload.array());
    ByteBuffer.wrap(packet).putShort(42, (short) checksum(packet, 40, 58));
    return packet;
  }

  /**
   * The upper-layer checksum of RFC 8200 §8.1, two octets at a time; 0 if it is taken over a packet
   * whose field is right.
   */
  static int checksum(byte[] packet, int upper, int protocol) {
    long sum = packet.length - upper + protocol;
    for (int i = 8; i < 40; i += 2) {
      sum += (packet[i] & 0xff) << 8 | packet[i + 1] & 0xff;
    }
    for (int i = upper; i < packet.length; i++) {
      sum += (i - upper) % 2 == 0 ? (packet[i] & 0xff) << 8 : packet[i] & 0xff;
    }
    while (sum >> 16 != 0) {
      sum = (sum & 0xffff) + (sum >> 16);
    }
    return (int) (~sum & 0xffff);
  }

  static byte[] random(RandomGenerator random, int length) {
    byte[] octets = new byte[length];
    random.nextBytes(octets);
    return octets;
  }

  static int u16(byte[] packet, int at) {
    return (packet[at] & 0xff) << 8 | packet[at + 1] & 0xff;
  }

  static int u32(byte[] packet, int at) {
    return u16(packet, at) << 16 | u16(packet, at + 2);
  }

  static int trafficClass(byte[] packet) {
    return u16(packet, 0) >> 4 & 0xff;
  }

  static int flowLabel(byte[] packet) {
    return u32(packet, 0) & 0xf_ffff;
  }

  static Ipv6Address address(byte[] packet, int at) {
    return Ipv6Address.read(ByteBuffer.wrap(packet), at);
  }
}
