package org.kagemusha.core.message;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Protocol;

class NeighborDiscoveryFuzzTest {

  static Stream<byte[]> seeds() {
    return Stream.concat(
        Captures.packets("umip-plain-home-link.pcap").stream(),
        Stream.of(NeighborDiscovery.build(NeighborDiscoveryTest.advertisement())));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void whatIsReadIsWrittenAndReadAgain(byte[] octets) {
    if (octets == null) {
      return;
    }
    ByteBuffer bytes = ByteBuffer.wrap(octets);
    NeighborDiscovery.isNeighborDiscovery(bytes, 0, octets.length);
    NeighborDiscovery.isFragmented(bytes, 0, octets.length);
    if (octets.length > 48 && octets.length < 65_536) {
      repair(bytes, octets.length - 40);
    }
    NeighborMessage message = NeighborDiscovery.parse(bytes, 0, octets.length);
    if (message != null) {
      byte[] built = NeighborDiscovery.build(message);
      NeighborMessage again = NeighborDiscovery.parse(ByteBuffer.wrap(built), 0, built.length);
      assertNotNull(again);
      assertArrayEquals(built, NeighborDiscovery.build(again));
    }
  }

  /** Lets the input in where it matters. */
  private static void repair(ByteBuffer bytes, int payload) {
    bytes.put(0, (byte) (0x60 | bytes.get(0) & 0xf));
    bytes.putShort(4, (short) payload).put(6, (byte) Protocol.ICMPV6).put(7, (byte) 255);
    bytes.put(40, (byte) (RouterSolicitation.TYPE + (bytes.get(40) & 0xff) % 5));
    bytes.put(41, (byte) 0).putShort(42, (short) 0);
    long sum =
        InternetChecksum.pseudoHeader(bytes, 0, payload, Protocol.ICMPV6)
            + InternetChecksum.sum(bytes, 40, payload);
    bytes.putShort(42, (short) InternetChecksum.finish(sum));
  }
}
