package org.kagemusha.daemon.provision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Whatever comes, and in whatever pieces. */
class HandshakeGateProperties {

  private static final class Seen implements HandshakeGate.Guard {
    private int hellos;
    private int others;

    @Override
    public void onClientHello() {
      hellos++;
    }

    @Override
    public void onOther(String reason) {
      others++;
    }
  }

  private static byte[] hello(int length) {
    byte[] record = new byte[5 + length];
    record[0] = 22;
    record[1] = 3;
    record[2] = 1;
    record[3] = (byte) (length >> 8);
    record[4] = (byte) length;
    record[5] = 1;
    return record;
  }

  @Property
  void aClientHelloIsHeldUntilItIsWholeAndThenPassesUnchanged(
      @ForAll @IntRange(min = 1, max = 600) int length,
      @ForAll @IntRange(min = 1, max = 700) int piece,
      @ForAll @Size(max = 50) byte[] behind) {
    byte[] all = Arrays.copyOf(hello(length), 5 + length + behind.length);
    System.arraycopy(behind, 0, all, 5 + length, behind.length);
    Seen seen = new Seen();
    HandshakeGate gate = new HandshakeGate(seen);
    EmbeddedChannel channel = new EmbeddedChannel(gate);
    for (int at = 0; at < all.length; at += piece) {
      int end = Math.min(all.length, at + piece);
      channel.writeInbound(Unpooled.copiedBuffer(all, at, end - at));
      assertEquals(end >= 5 + length ? 1 : 0, seen.hellos);
      assertEquals(0, channel.inboundMessages().size());
    }
    assertEquals(0, seen.others);
    assertFalse(channel.config().isAutoRead());
    gate.open();
    assertTrue(channel.config().isAutoRead());
    ByteBuf passed = channel.readInbound();
    byte[] octets = new byte[passed.readableBytes()];
    passed.readBytes(octets);
    passed.release();
    assertTrue(Arrays.equals(all, octets));
    assertFalse(channel.finish());
  }

  @Property
  void atMostOneVerdict(@ForAll @Size(max = 64) byte[] octets, @ForAll boolean startsLikeTls) {
    if (startsLikeTls) {
      System.arraycopy(hello(8), 0, octets, 0, Math.min(6, octets.length));
    }
    Seen seen = new Seen();
    EmbeddedChannel channel = new EmbeddedChannel(new HandshakeGate(seen));
    for (byte octet : octets) {
      channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {octet}));
    }
    assertTrue(seen.hellos + seen.others <= 1);
    if (startsLikeTls) {
      assertEquals(octets.length >= 13 ? 1 : 0, seen.hellos);
    } else if (octets.length > 0 && octets[0] != 22) {
      assertEquals(1, seen.others);
    }
    assertFalse(channel.finish());
  }
}
