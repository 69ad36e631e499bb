package org.kagemusha.core.message;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.wire.Ipv6Address;

class Icmpv6FuzzTest {

  private static final Ipv6Address US = Ipv6Address.parse("2001:db8:2000::1");

  static Stream<byte[]> seeds() {
    return Captures.packets(Captures.PLAIN_FOREIGN).stream();
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void answersAreValidAndNeverAnswered(byte[] octets) {
    if (octets == null) {
      return;
    }
    ByteBuffer bytes = ByteBuffer.wrap(octets);
    int length = octets.length;
    Icmpv6.parseError(bytes, 0, length);
    byte[] reply = Icmpv6.echoReply(US, bytes, 0, length);
    if (reply != null) {
      assertTrue(Icmpv6.isValid(ByteBuffer.wrap(reply), 0, reply.length));
    }
    int pointer = length == 0 ? 0 : octets[length - 1];
    byte[] error = Icmpv6.parameterProblem(US, 2, pointer, bytes, 0, length);
    if (error != null) {
      ByteBuffer answer = ByteBuffer.wrap(error);
      assertNotNull(Icmpv6.parseError(answer, 0, error.length));
      assertTrue(Icmpv6.packetTooBig(US, 1280, answer, 0, error.length) == null);
    }
  }
}
