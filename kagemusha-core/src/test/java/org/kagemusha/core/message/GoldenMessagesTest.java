package org.kagemusha.core.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.Ipv6Header;

/** Neighbor Discovery and ICMPv6 as Linux kernels, radvd and UMIP send it. */
class GoldenMessagesTest {

  @Test
  void rfc4861_s4_everyCapturedMessageIsReadAndRebuiltOctetForOctet() {
    TreeMap<String, Integer> seen = new TreeMap<>();
    for (String name : Captures.ALL) {
      for (byte[] packet : Captures.packets(name)) {
        ByteBuffer bytes = ByteBuffer.wrap(packet);
        if (!NeighborDiscovery.isNeighborDiscovery(bytes, 0, packet.length)) {
          continue;
        }
        assertFalse(NeighborDiscovery.isFragmented(bytes, 0, packet.length));
        NeighborMessage message = NeighborDiscovery.parse(bytes, 0, packet.length);
        assertNotNull(message, () -> HexFormat.of().formatHex(packet));
        assertSameAfterFlowLabel(packet, NeighborDiscovery.build(message));
        seen.merge(message.getClass().getSimpleName(), 1, Integer::sum);
      }
    }
    assertEquals(
        "{NeighborAdvertisement=28, NeighborSolicitation=36, RouterAdvertisement=9}",
        seen.toString());
  }

  @Test
  void rfc4443_s3_everyCapturedErrorIsReadAndRebuiltOctetForOctet() {
    TreeMap<Integer, Integer> seen = new TreeMap<>();
    for (String name : Captures.ALL) {
      for (byte[] packet : Captures.packets(name)) {
        Icmpv6Error error = Icmpv6.parseError(ByteBuffer.wrap(packet), 0, packet.length);
        if (error == null) {
          continue;
        }
        ByteBuffer quoted = ByteBuffer.wrap(error.invokingPacket());
        int parameter = (int) error.parameter();
        int length = quoted.capacity();
        byte[] rebuilt =
            switch (error.type()) {
              case Icmpv6.PARAMETER_PROBLEM ->
                  Icmpv6.parameterProblem(
                      error.source(), error.code(), parameter, quoted, 0, length);
              case Icmpv6.PACKET_TOO_BIG ->
                  Icmpv6.packetTooBig(error.source(), parameter, quoted, 0, length);
              default ->
                  Icmpv6.destinationUnreachable(error.source(), error.code(), quoted, 0, length);
            };
        assertSameAfterFlowLabel(packet, rebuilt);
        seen.merge(error.type(), 1, Integer::sum);
      }
    }
    assertEquals("{1=2, 2=1, 4=52}", seen.toString());
  }

  @Test
  void rfc4443_s4_2_everyCapturedEchoReplyIsWhatTheRequestAsksFor() {
    int seen = 0;
    for (String name : Captures.ALL) {
      byte[] request = null;
      for (byte[] packet : Captures.packets(name)) {
        int type = packet[6] == 58 ? packet[40] & 0xff : 0;
        if (type == Icmpv6.ECHO_REQUEST) {
          request = packet;
        } else if (type == Icmpv6.ECHO_REPLY && request != null) {
          ByteBuffer bytes = ByteBuffer.wrap(request);
          byte[] reply =
              Icmpv6.echoReply(Ipv6Header.destination(bytes, 0), bytes, 0, request.length);
          assertSameAfterFlowLabel(packet, reply);
          seen++;
        }
      }
    }
    assertEquals(9, seen);
  }

  /**
   * Traffic class, flow label and (but for Neighbor Discovery) hop limit are the sender's choice.
   */
  private static void assertSameAfterFlowLabel(byte[] captured, byte[] built) {
    assertNotNull(built);
    byte[] ours = Arrays.copyOf(built, built.length);
    System.arraycopy(captured, 0, ours, 0, 4);
    if ((captured[40] & 0xff) < 133 || (captured[40] & 0xff) > 137) {
      ours[7] = captured[7];
    }
    assertEquals(HexFormat.of().formatHex(captured), HexFormat.of().formatHex(ours));
  }
}
