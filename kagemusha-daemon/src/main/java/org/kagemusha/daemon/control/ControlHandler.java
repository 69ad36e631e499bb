package org.kagemusha.daemon.control;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.unix.PeerCredentials;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.timeout.ReadTimeoutException;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers the one request of a connection. */
final class ControlHandler extends SimpleChannelInboundHandler<String> {

  private static final Logger log = LoggerFactory.getLogger(ControlHandler.class);

  private final ControlCommands commands;
  private boolean answered;

  ControlHandler(ControlCommands commands) {
    this.commands = commands;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, String line) {
    if (answered) {
      return;
    }
    answered = true;
    context.pipeline().remove("timeout");
    List<String> words = Arrays.asList(line.strip().split("\\s+"));
    try {
      commands.execute(
          words.get(0),
          words.subList(1, words.size()),
          reply -> context.executor().execute(() -> answer(context, checked(context, reply))));
    } catch (RuntimeException e) {
      log.error("control request failed", e);
      answer(context, ControlReply.error("internal error, see the log"));
    }
  }

  /** Being in the socket's group is enough to command the daemon, not to have its secrets. */
  private static ControlReply checked(ChannelHandlerContext context, ControlReply reply) {
    if (!reply.rootOnly()) {
      return reply;
    }
    try {
      PeerCredentials peer = ((EpollDomainSocketChannel) context.channel()).peerCredentials();
      if (peer.uid() == 0) {
        return reply;
      }
      log.warn("refused to a peer that is not root uid={} pid={}", peer.uid(), peer.pid());
      return ControlReply.error("only root may have that");
    } catch (IOException | ClassCastException e) {
      return ControlReply.error("only root may have that, and who asks is not known");
    }
  }

  private static void answer(ChannelHandlerContext context, ControlReply reply) {
    var written =
        context.writeAndFlush(
            Unpooled.copiedBuffer(reply.text(), StandardCharsets.UTF_8));
    if (reply.stream() == null) {
      written.addListener(ChannelFutureListener.CLOSE);
      // A client that does not read its answer would keep its place among the clients for ever.
      Future<?> limit =
          context
              .executor()
              .schedule(
                  () -> context.close(), ControlServer.ANSWER_TIMEOUT_SECONDS, TimeUnit.SECONDS);
      context.channel().closeFuture().addListener(done -> limit.cancel(false));
    } else {
      reply.stream().accept(context.channel());
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (!answered && event instanceof ChannelInputShutdownEvent) {
      context.close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (!answered && cause instanceof TooLongFrameException) {
      answered = true;
      answer(
          context,
          ControlReply.error("request longer than " + ControlServer.LONGEST_LINE + " octets"));
    } else if (!answered && cause instanceof ReadTimeoutException) {
      answered = true;
      answer(context, ControlReply.error("no request came"));
    } else {
      context.close();
    }
  }
}
