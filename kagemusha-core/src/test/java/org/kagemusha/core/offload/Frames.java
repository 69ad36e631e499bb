package org.kagemusha.core.offload;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.kagemusha.core.wire.PacketBuffer;

/** Builds, joins and parts Ethernet frames octet by octet, with none of the code under test. */
final class Frames {

  static final int LINK = 14;
  static final int UPPER = 54;
  static final int TCP = 6;
  static final int UDP = 17;
  static final int FIN = 1;
  static final int SYN = 2;
  static final int RST = 4;
  static final int PSH = 8;
  static final int ACK = 16;
  static final int URG = 32;
  static final int ECE = 64;
  static final int CWR = 128;

  /** NOP, NOP, Timestamps 1 and 2. */
  static final byte[] TIMESTAMPS = HexFormat.of().parseHex("0101080a0000000100000002");

  private Frames() {}

  static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  static byte[] payload(int seed, int length) {
    byte[] payload = new byte[length];
    new Random(seed).nextBytes(payload);
    return payload;
  }

  /** Ethernet and IPv6 from 2001:db8:2000::2 to 2001:db8:2000::10. */
  static byte[] frame(int nextHeader, byte[] ipv6Payload) {
    ByteBuffer frame = ByteBuffer.allocate(UPPER + ipv6Payload.length);
    frame.put(HexFormat.of().parseHex("525400123410" + "0200000000fe" + "86dd"));
    frame.putInt(0x60012345).putShort((short) ipv6Payload.length);
    frame.put((byte) nextHeader).put((byte) 60);
    frame.put(HexFormat.of().parseHex("20010db8200000000000000000000002"));
    frame.put(HexFormat.of().parseHex("20010db8200000000000000000000010"));
    return frame.put(ipv6Payload).array();
  }

  static byte[] tcpHeader(long sequence, int flags, byte[] options) {
    ByteBuffer header = ByteBuffer.allocate(20 + options.length);
    header.putShort((short) 443).putShort((short) 40_000).putInt((int) sequence);
    header.putInt(0x0a0b0c0d).put((byte) (header.capacity() / 4 << 4)).put((byte) flags);
    return header.putShort((short) 501).putInt(0).put(options).array();
  }

  /** A finished TCP segment. */
  static byte[] tcp(long sequence, int flags, byte[] options, byte[] payload) {
    return finish(frame(TCP, concat(tcpHeader(sequence, flags, options), payload)), UPPER, TCP);
  }

  static byte[] tcp(long sequence, int flags, byte[] payload) {
    return tcp(sequence, flags, TIMESTAMPS, payload);
  }

  /** A finished UDP datagram. */
  static byte[] udp(int sourcePort, byte[] payload) {
    ByteBuffer header = ByteBuffer.allocate(8);
    header.putShort((short) sourcePort).putShort((short) 443);
    header.putShort((short) (8 + payload.length));
    return finish(frame(UDP, concat(header.array(), payload)), UPPER, UDP);
  }

  static int u16(byte[] octets, int at) {
    return (octets[at] & 0xff) << 8 | octets[at + 1] & 0xff;
  }

  static void put16(byte[] octets, int at, int value) {
    octets[at] = (byte) (value >> 8);
    octets[at + 1] = (byte) value;
  }

  /** The folded sum of the pseudo-header for the addresses in the IPv6 header. */
  static int pseudo(byte[] frame, int link, int length, int protocol) {
    return fold(words(frame, link + 8, 32) + length + protocol);
  }

  static long words(byte[] octets, int from, int count) {
    long sum = 0;
    for (int i = 0; i < count; i++) {
      sum += (octets[from + i] & 0xffL) << (i % 2 == 0 ? 8 : 0);
    }
    return sum;
  }

  static int fold(long sum) {
    long folded = sum;
    while (folded >> 16 != 0) {
      folded = (folded & 0xffff) + (folded >> 16);
    }
    return (int) folded;
  }

  static byte[] finish(byte[] frame, int upper, int protocol) {
    return finish(frame, LINK, upper, protocol);
  }

  static byte[] finish(byte[] frame, int link, int upper, int protocol) {
    int field = upper + (protocol == TCP ? 16 : 6);
    put16(frame, field, 0);
    int length = frame.length - upper;
    int checksum =
        ~fold(pseudo(frame, link, length, protocol) + words(frame, upper, length)) & 0xffff;
    put16(frame, field, checksum == 0 && protocol == UDP ? 0xffff : checksum);
    return frame;
  }

  static boolean isIntact(byte[] frame) {
    int length = frame.length - UPPER;
    return fold(pseudo(frame, LINK, length, frame[20]) + words(frame, UPPER, length)) == 0xffff;
  }

  /** The frame as a sender hands it to hardware: with the pseudo-header's sum as the checksum. */
  static PacketBuffer unfinished(byte[] frame, int link, int upper, int protocol, int segment) {
    byte[] octets = frame.clone();
    int offset = protocol == TCP ? 16 : 6;
    put16(octets, upper + offset, pseudo(octets, link, octets.length - upper, protocol));
    PacketBuffer packet = PacketBuffer.copyOf(octets);
    return packet.unfinished(packet.offset() + upper, offset, segment);
  }

  /** The segments of a super-packet, made as slowly and plainly as can be. */
  static List<byte[]> part(byte[] whole, int link, int upper, int protocol, int segment) {
    int headers = upper + (protocol == TCP ? (whole[upper + 12] >> 4 & 0xf) * 4 : 8);
    List<byte[]> segments = new ArrayList<>();
    for (int at = headers; at < whole.length; at += segment) {
      int end = Math.min(at + segment, whole.length);
      byte[] octets =
          concat(Arrays.copyOf(whole, headers), Arrays.copyOfRange(whole, at, end));
      put16(octets, link + 4, octets.length - link - 40);
      if (protocol == TCP) {
        ByteBuffer.wrap(octets)
            .putInt(upper + 4, ByteBuffer.wrap(whole).getInt(upper + 4) + at - headers);
        if (at > headers) {
          octets[upper + 13] &= ~CWR;
        }
        if (end < whole.length) {
          octets[upper + 13] &= ~(FIN | PSH);
        }
      } else {
        put16(octets, upper + 4, octets.length - upper);
      }
      segments.add(finish(octets, link, upper, protocol));
    }
    return segments;
  }

  /** The segments that a segmenter makes. */
  static List<byte[]> segments(Segmenter segmenter, PacketBuffer target) {
    List<byte[]> segments = new ArrayList<>();
    while (segmenter.hasNext()) {
      segmenter.next(target);
      segments.add(target.toBytes());
    }
    return segments;
  }
}
