package org.kagemusha.daemon.provision;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLException;
import org.kagemusha.core.provisioning.MobileNodeExchange;

/** What a mobile node says and hears inside TLS; what is heard is overwritten when it is read. */
final class ClientSession extends ChannelInboundHandlerAdapter {

  private static final String PEER = "the controller";

  private final ControllerClient.Listener outcome;
  private final MobileNodeExchange exchange;
  private boolean begun;

  /** The outcome may be told more than once: the first counts. */
  ClientSession(ControllerClient.Listener outcome, MobileNodeExchange exchange) {
    this.outcome = outcome;
    this.exchange = exchange;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof SslHandshakeCompletionEvent done) {
      if (done.isSuccess()) {
        begun = true;
        context.writeAndFlush(Unpooled.wrappedBuffer(exchange.start()));
      } else if (isTls(done.cause()) && !TlsFailure.isClosed(done.cause())) {
        outcome.onFailed(TlsFailure.words(done.cause(), PEER), 0);
      }
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf octets = (ByteBuf) message;
    try {
      // A buffer of several parts is copied here, so both are overwritten.
      ByteBuffer view = octets.nioBuffer();
      on(context, exchange.onOctets(view));
      overwrite(view);
    } finally {
      if (!octets.isReadOnly()) {
        octets.setZero(0, octets.capacity());
      }
      octets.release();
    }
  }

  private static void overwrite(ByteBuffer view) {
    if (!view.isReadOnly()) {
      for (int i = 0; i < view.limit(); i++) {
        view.put(i, (byte) 0);
      }
    }
  }

  private void on(ChannelHandlerContext context, MobileNodeExchange.Step step) {
    if (step instanceof MobileNodeExchange.Step.Send send) {
      context.writeAndFlush(Unpooled.wrappedBuffer(send.octets()));
    } else if (step instanceof MobileNodeExchange.Step.Granted granted) {
      outcome.onGranted(granted.grant());
    } else if (step instanceof MobileNodeExchange.Step.Failed failed) {
      outcome.onFailed(failed.reason(), failed.retryAfterSeconds());
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    // In TLS 1.3 the client's handshake is done before the server has judged its certificate.
    outcome.onFailed(
        begun
            ? "it closed the connection without an answer; its audit log says why"
            : "it closed the connection before the TLS handshake was done: it is busy, or does not"
                + " serve TLS 1.3",
        0);
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    outcome.onFailed(
        isTls(cause)
            ? TlsFailure.words(cause, PEER)
            : "the connection broke: " + TlsFailure.words(cause, PEER),
        0);
    context.close();
  }

  private static boolean isTls(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof SSLException) {
        return true;
      }
    }
    return false;
  }
}
