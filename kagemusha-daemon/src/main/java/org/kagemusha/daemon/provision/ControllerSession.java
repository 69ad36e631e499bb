package org.kagemusha.daemon.provision;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.util.Arrays;
import java.util.concurrent.CompletionStage;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.kagemusha.core.provisioning.ControllerDecision;
import org.kagemusha.core.provisioning.ControllerExchange;
import org.kagemusha.core.provisioning.PeerIdentity;
import org.kagemusha.core.provisioning.ProvisioningRequest;
import org.kagemusha.core.provisioning.StatusCode;
import org.kagemusha.daemon.provision.ControllerCounters.Event;
import org.kagemusha.daemon.tls.PeerIdentities;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is said inside TLS: one communication session, RFC 6618 §5.3, and then the end. */
final class ControllerSession extends SimpleChannelInboundHandler<ByteBuf> {

  private static final Logger log = LoggerFactory.getLogger(ControllerSession.class);
  private static final int RETRY_AFTER_SECONDS = 5;

  private final ControllerServer server;
  private final ControllerConnection connection;
  private PeerIdentity peer;
  private ControllerExchange exchange;

  ControllerSession(ControllerServer server, ControllerConnection connection) {
    this.server = server;
    this.connection = connection;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (!(event instanceof SslHandshakeCompletionEvent done)) {
      context.fireUserEventTriggered(event);
      return;
    }
    if (!done.isSuccess()) {
      // TLS has sent its alert and closes.
      connection.handshakeFailed(TlsFailure.words(done.cause(), "the peer"));
      return;
    }
    try {
      peer = PeerIdentities.of(context.pipeline().get(SslHandler.class).engine().getSession());
    } catch (SSLPeerUnverifiedException e) {
      connection.handshakeFailed("the peer has shown no certificate");
      context.close();
      return;
    }
    connection.authenticated(peer);
    exchange = new ControllerExchange(peer, server.random(), server.wallMs());
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, ByteBuf octets) {
    if (exchange == null || connection.isOver()) {
      return;
    }
    ControllerExchange.Step step = exchange.onOctets(octets.nioBuffer());
    if (step instanceof ControllerExchange.Step.Send send) {
      if (send.last()) {
        connection.failed(Event.MALFORMED, "its request is not usable");
      }
      send(context, send.octets(), send.last());
    } else if (step instanceof ControllerExchange.Step.Decide decide) {
      decide(context, decide.request());
    }
  }

  private void decide(ChannelHandlerContext context, ProvisioningRequest request) {
    // The handshake may have begun before a reload that revoked the certificate.
    if (server.credentials().isRevoked(peer)) {
      server.audit().onRefused(peer, request, "its certificate was revoked");
      answer(
          context,
          new ControllerDecision.Refused(StatusCode.UNAUTHORIZED, "revoked", 0));
      return;
    }
    CompletionStage<ControllerDecision> decision;
    try {
      decision = server.decide(peer, request);
    } catch (RuntimeException e) {
      answer(context, failure(e));
      return;
    }
    decision.whenComplete(
        (made, failed) ->
            context
                .executor()
                .execute(() -> answer(context, failed == null ? made : failure(failed))));
  }

  private static ControllerDecision failure(Throwable cause) {
    log.error("a provisioning request could not be decided", cause);
    return new ControllerDecision.Refused(
        StatusCode.INTERNAL_SERVER_ERROR, "internal error", RETRY_AFTER_SECONDS);
  }

  private void answer(ChannelHandlerContext context, ControllerDecision decision) {
    if (connection.isOver()) {
      return;
    }
    byte[] octets = exchange.answer(decision);
    if (decision instanceof ControllerDecision.Refused) {
      connection.refused();
    }
    send(context, octets, true);
  }

  private void send(ChannelHandlerContext context, byte[] octets, boolean last) {
    context
        .writeAndFlush(Unpooled.wrappedBuffer(octets))
        .addListener(
            written -> {
              Arrays.fill(octets, (byte) 0);
              if (last && written.isSuccess()) {
                connection.granted();
              }
              if (last || !written.isSuccess()) {
                context.close();
              }
            });
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (exchange == null) {
      connection.handshakeFailed(TlsFailure.words(cause, "the peer"));
    } else {
      connection.failed(Event.UNFINISHED, TlsFailure.words(cause, "the peer"));
    }
    context.close();
  }
}
