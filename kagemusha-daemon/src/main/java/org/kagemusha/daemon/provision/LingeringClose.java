package org.kagemusha.daemon.provision;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Closes our direction first and discards what still comes until the peer closes its own. A socket
 * that is closed with unread octets answers with a reset, and a reset makes the peer lose what it
 * has not read yet: the alert that would have told it why. First in the pipeline, as it acts on the
 * socket itself.
 */
final class LingeringClose extends ChannelDuplexHandler {

  private static final long LONGEST_MS = 1000;

  private boolean lingering;

  @Override
  public void close(ChannelHandlerContext context, ChannelPromise promise) {
    if (!(context.channel() instanceof DuplexChannel duplex) || !duplex.isActive()) {
      context.close(promise);
      return;
    }
    duplex.closeFuture().addListener(closed -> promise.trySuccess());
    // TLS and the session may both want it closed: the second must not cut the first one short.
    if (lingering) {
      return;
    }
    lingering = true;
    Future<?> limit =
        context.executor().schedule(() -> context.close(), LONGEST_MS, TimeUnit.MILLISECONDS);
    duplex.closeFuture().addListener(closed -> limit.cancel(false));
    duplex
        .shutdownOutput()
        .addListener(
            shut -> {
              if (shut.isSuccess()) {
                duplex.config().setAutoRead(true);
              } else {
                context.close();
              }
            });
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (lingering) {
      ReferenceCountUtil.release(message);
    } else {
      context.fireChannelRead(message);
    }
  }
}
