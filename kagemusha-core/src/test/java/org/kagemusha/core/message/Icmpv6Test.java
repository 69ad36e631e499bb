package org.kagemusha.core.message;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Protocol;

class Icmpv6Test {

  private static final Ipv6Address US = Ipv6Address.parse("2001:db8:2000::1");
  private static final Ipv6Address SOURCE = Ipv6Address.parse("2001:db8:2000::2");
  private static final Ipv6Address DESTINATION = Ipv6Address.parse("2001:db8:2000::10");

  private static ByteBuffer packet(
      int next, Ipv6Address source, Ipv6Address destination, int length) {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    Ipv6Header.write(bytes, 0, 0, 0, length - 40, next, 64, source, destination);
    return bytes;
  }

  private static byte[] tooBig(ByteBuffer invoking) {
    return Icmpv6.packetTooBig(US, 1400, invoking, 0, invoking.capacity());
  }

  private static byte[] unreachable(ByteBuffer invoking) {
    return Icmpv6.destinationUnreachable(
        US, Icmpv6.ADDRESS_UNREACHABLE, invoking, 0, invoking.capacity());
  }

  @Test
  void rfc4443_s2_4_c_asMuchIsQuotedAsTheMinimumMtuAllows() {
    byte[] large = tooBig(packet(Protocol.UDP, SOURCE, DESTINATION, 1500));
    assertEquals(1280, large.length);
    assertEquals(88 + 40 + 8, unreachable(packet(Protocol.UDP, SOURCE, DESTINATION, 88)).length);
    Icmpv6Error read = Icmpv6.parseError(ByteBuffer.wrap(large), 0, large.length);
    assertEquals(Icmpv6.PACKET_TOO_BIG, read.type());
    assertEquals(1400, read.parameter());
    assertEquals(US, read.source());
    assertEquals(SOURCE, read.destination());
    assertEquals(1232, read.invokingPacket().length);
  }

  @Test
  void rfc4443_s2_4_e1_noErrorAnswersAnError() {
    ByteBuffer error = packet(Protocol.ICMPV6, SOURCE, DESTINATION, 88);
    for (int type = 0; type < 128; type++) {
      assertNull(unreachable(error.put(40, (byte) type)));
    }
    assertNotNull(unreachable(error.put(40, (byte) Icmpv6.ECHO_REQUEST)));
  }

  @Test
  void rfc4443_s2_4_e1_anErrorBehindExtensionHeadersIsFoundToo() {
    ByteBuffer error = packet(Protocol.DESTINATION_OPTIONS, SOURCE, DESTINATION, 96);
    error.put(40, (byte) Protocol.ICMPV6).put(48, (byte) Icmpv6.TIME_EXCEEDED);
    assertNull(unreachable(error));
    assertNotNull(unreachable(error.put(48, (byte) Icmpv6.ECHO_REQUEST)));
  }

  @Test
  void rfc4443_s2_4_e1_anIcmpTypeThatCannotBeReadIsNotAnswered() {
    assertNull(unreachable(packet(Protocol.ICMPV6, SOURCE, DESTINATION, 40)));
  }

  @Test
  void rfc4443_s2_4_e2_noErrorAnswersARedirect() {
    assertNull(
        unreachable(
            packet(Protocol.ICMPV6, SOURCE, DESTINATION, 88).put(40, (byte) Redirect.TYPE)));
  }

  @Test
  void rfc4443_s2_4_e3_multicastIsAnsweredByPacketTooBigAndUnknownOptionsOnly() {
    ByteBuffer multicast = packet(Protocol.UDP, SOURCE, Ipv6Address.parse("ff0e::1"), 88);
    assertNull(unreachable(multicast));
    assertNull(Icmpv6.hopLimitExceeded(US, multicast, 0, 88));
    assertNotNull(tooBig(multicast));
    multicast.put(42, (byte) 0x80).put(50, (byte) 0xc0);
    assertNotNull(Icmpv6.parameterProblem(US, 2, 42, multicast, 0, 88));
    assertNull(Icmpv6.parameterProblem(US, 2, 50, multicast, 0, 88));
    assertNull(Icmpv6.parameterProblem(US, 0, 42, multicast, 0, 88));
    assertNull(Icmpv6.parameterProblem(US, 2, 88, multicast, 0, 88));
  }

  @Test
  void rfc4443_s2_4_e6_aSourceThatIsNotASingleNodeIsNotAnswered() {
    assertNull(tooBig(packet(Protocol.UDP, Ipv6Address.UNSPECIFIED, DESTINATION, 88)));
    assertNull(tooBig(packet(Protocol.UDP, Ipv6Address.ALL_NODES, DESTINATION, 88)));
  }

  @Test
  void rfc4443_s2_4_e_aLaterFragmentCannotBeAnErrorThatIsKnown() {
    ByteBuffer later = packet(Protocol.FRAGMENT, SOURCE, DESTINATION, 88);
    later.put(40, (byte) Protocol.ICMPV6).putShort(42, (short) 8);
    assertNotNull(tooBig(later));
  }

  @Test
  void rfc4443_s4_2_theReplyReturnsTheData() {
    byte[] request = Captures.packet(Captures.PLAIN_FOREIGN, 1);
    byte[] reply = Icmpv6.echoReply(US, ByteBuffer.wrap(request), 0, request.length);
    assertArrayEquals(
        Arrays.copyOfRange(request, 44, request.length),
        Arrays.copyOfRange(reply, 44, reply.length));
    assertTrue(Icmpv6.isValid(ByteBuffer.wrap(reply), 0, reply.length));
    assertNull(Icmpv6.echoReply(US, ByteBuffer.wrap(reply), 0, reply.length));
  }

  @Test
  void rfc4443_s4_2_aRequestWithAWrongChecksumIsNotAnswered() {
    byte[] request = Captures.packet(Captures.PLAIN_FOREIGN, 1);
    request[60] ^= 1;
    assertNull(Icmpv6.echoReply(US, ByteBuffer.wrap(request), 0, request.length));
  }

  @Test
  void rfc4443_s2_1_informationalMessagesAreNoErrors() {
    byte[] request = Captures.packet(Captures.PLAIN_FOREIGN, 1);
    assertNull(Icmpv6.parseError(ByteBuffer.wrap(request), 0, request.length));
    assertFalse(Icmpv6.isValid(ByteBuffer.wrap(request), 0, request.length - 1));
  }
}
