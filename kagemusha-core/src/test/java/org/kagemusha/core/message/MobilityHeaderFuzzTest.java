package org.kagemusha.core.message;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Protocol;

class MobilityHeaderFuzzTest {

  private static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  private static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");

  static Stream<byte[]> seeds() {
    return Captures.packets(Captures.PLAIN_FOREIGN).stream()
        .filter(packet -> packet.length > 72 && packet[40] == (byte) Protocol.MOBILITY)
        .map(packet -> Arrays.copyOfRange(packet, 64, packet.length));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void whatIsAcceptedIsWrittenAndReadAgain(byte[] octets) {
    if (octets == null) {
      return;
    }
    ByteBuffer bytes = ByteBuffer.wrap(octets);
    MobilityHeader.decode(bytes, 0, octets.length, HOME, HOME_AGENT);
    if (octets.length < 8) {
      return;
    }
    // A right checksum lets the input in where it matters.
    int length = Math.min(octets.length, 8 * ((octets[1] & 0xff) + 1));
    bytes.putShort(4, (short) 0);
    long sum =
        InternetChecksum.pseudoHeader(HOME, HOME_AGENT, length, Protocol.MOBILITY)
            + InternetChecksum.sum(bytes, 0, length);
    bytes.putShort(4, (short) InternetChecksum.finish(sum));
    MobilityHeader.Decoded decoded =
        MobilityHeader.decode(bytes, 0, octets.length, HOME, HOME_AGENT);
    if (decoded instanceof MobilityHeader.Accepted accepted
        && !(accepted.message() instanceof UnknownMobilityMessage)) {
      byte[] again = MobilityHeader.encode(accepted.message(), HOME, HOME_AGENT);
      assertEquals(
          accepted,
          MobilityHeader.decode(ByteBuffer.wrap(again), 0, again.length, HOME, HOME_AGENT));
    }
  }
}
