package org.kagemusha.daemon.provision;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.provisioning.ControllerDecision;
import org.kagemusha.core.provisioning.ControllerExchange;
import org.kagemusha.core.provisioning.Grant;
import org.kagemusha.core.provisioning.MobileNodeExchange;
import org.kagemusha.core.provisioning.PeerIdentity;

/** What held keys on their way holds none afterwards. */
class KeysInMemoryTest {

  private final Outcome outcome = new Outcome();
  private final SecureRandom random = new SecureRandom();
  private final ControllerExchange controller =
      new ControllerExchange(
          new PeerIdentity("CN=hv-a", List.of(), "CN=CA", "1", 0), random, () -> 1_000_000L);
  private final EmbeddedChannel channel =
      new EmbeddedChannel(
          new ClientSession(outcome, new MobileNodeExchange(TrialHosts.request(), random)));

  private ByteBuffer sent() {
    ByteBuf octets = channel.readOutbound();
    return octets.nioBuffer();
  }

  /** The response that has the keys. */
  private byte[] lastResponse() {
    channel.pipeline().fireUserEventTriggered(SslHandshakeCompletionEvent.SUCCESS);
    ControllerExchange.Step.Send first =
        (ControllerExchange.Step.Send) controller.onOctets(sent());
    channel.writeInbound(Unpooled.wrappedBuffer(first.octets()));
    assertTrue(controller.onOctets(sent()) instanceof ControllerExchange.Step.Decide);
    return controller.answer(new ControllerDecision.Granted(TrialHosts.grant()));
  }

  @Test
  void theBufferOfTheResponseIsOverwritten() throws Exception {
    byte[] response = lastResponse();
    int length = response.length;
    ByteBuf received = Unpooled.directBuffer(length + 100);
    received.writeBytes(response);
    received.retain();
    channel.writeInbound(received);
    Grant grant = outcome.granted();
    assertArrayEquals(TrialHosts.grant().keyToHomeAgent(), grant.keyToHomeAgent());
    for (int i = 0; i < received.capacity(); i++) {
      assertEquals(0, received.getByte(i));
    }
    received.release();
    assertEquals(0, received.refCnt());
  }

  @Test
  void soAreAllPartsOfOneInPieces() throws Exception {
    byte[] response = lastResponse();
    ByteBuf one = Unpooled.wrappedBuffer(response, 0, 100);
    ByteBuf other = Unpooled.wrappedBuffer(response, 100, response.length - 100);
    CompositeByteBuf both = Unpooled.compositeBuffer().addComponents(true, one, other);
    channel.writeInbound(both);
    outcome.granted();
    assertArrayEquals(new byte[response.length], response);
  }
}
