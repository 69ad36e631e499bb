package org.kagemusha.daemon.provision;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.kagemusha.core.provisioning.Grant;
import org.kagemusha.core.provisioning.MobileNodeExchange;
import org.kagemusha.core.provisioning.ProvisioningRequest;
import org.kagemusha.daemon.tls.TlsCredentials;

/**
 * One attempt to get keys from a Home Agent Controller, RFC 6618 §4.3: a TLS connection, one
 * session, the end. On a thread of its own, which ends with the attempt.
 */
public final class ControllerClient implements AutoCloseable {

  /** Hears the outcome, once, on the attempt's thread; never after {@link #close}. */
  public interface Listener {
    /** Keys; the listener destroys them in the end. */
    void onGranted(Grant grant);

    /**
     * None.
     *
     * @param reason in one line
     * @param retryAfterSeconds when the controller wants to be asked again, or 0 if it did not say
     */
    void onFailed(String reason, int retryAfterSeconds);
  }

  /**
   * Where to, and as whom.
   *
   * @param controller address and TCP port
   * @param serverName the name or address that its certificate must have
   * @param source the local address, such as the care-of address, or null for any
   * @param credentials this host's
   * @param timeoutMs within which the attempt has ended, at least 1
   */
  public record Target(
      InetSocketAddress controller,
      String serverName,
      InetAddress source,
      TlsCredentials credentials,
      int timeoutMs) {}

  private final Target target;
  private final Listener listener;
  private final MultiThreadIoEventLoopGroup group;
  private final AtomicBoolean settled = new AtomicBoolean();
  // Of the attempt's thread alone.
  private Channel channel;
  private String awaited = "the connection: it is down, or something between drops TCP";

  private ControllerClient(Target target, Listener listener) {
    this.target = target;
    this.listener = listener;
    group =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("provisioning", true), EpollIoHandler.newFactory());
  }

  /**
   * Begins an attempt.
   *
   * @param random makes what is random in requests
   * @throws IllegalArgumentException if the request is not one that can be sent, see {@link
   *     MobileNodeExchange}
   */
  public static ControllerClient start(
      Target target, ProvisioningRequest request, RandomGenerator random, Listener listener) {
    MobileNodeExchange exchange = new MobileNodeExchange(request, random);
    ControllerClient client = new ControllerClient(target, listener);
    client.group.execute(() -> client.connect(exchange));
    return client;
  }

  private void connect(MobileNodeExchange exchange) {
    group
        .next()
        .schedule(
            () -> failed("no answer within " + target.timeoutMs() + " ms to " + awaited, 0),
            target.timeoutMs(),
            TimeUnit.MILLISECONDS);
    SslHandler tls;
    try {
      // The first TLS context of a process takes long: not on the caller's thread.
      tls =
          target
              .credentials()
              .clientHandler(
                  ByteBufAllocator.DEFAULT,
                  target.serverName(),
                  target.controller().getPort());
    } catch (RuntimeException e) {
      failed("TLS cannot begin: " + TlsFailure.words(e, "the controller"), 0);
      return;
    }
    // The whole attempt has its own limit.
    tls.setHandshakeTimeoutMillis(0);
    tls.handshakeFuture().addListener(done -> awaited = "the request");
    Bootstrap bootstrap =
        new Bootstrap()
            .group(group)
            .channel(EpollSocketChannel.class)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, target.timeoutMs())
            .option(ChannelOption.TCP_NODELAY, true)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel opened) {
                    opened
                        .pipeline()
                        .addLast(tls)
                        .addLast(new ClientSession(outcome(), exchange));
                  }
                });
    ChannelFuture connecting =
        target.source() == null
            ? bootstrap.connect(target.controller())
            : bootstrap.connect(
                target.controller(), new InetSocketAddress(target.source(), 0));
    channel = connecting.channel();
    connecting.addListener(
        done -> {
          if (done.isSuccess()) {
            awaited = "the TLS handshake: it is busy, or does not run";
          } else {
            failed(ConnectFailure.words(done.cause(), target.source()), 0);
          }
        });
  }

  private Listener outcome() {
    return new Listener() {
      @Override
      public void onGranted(Grant grant) {
        granted(grant);
      }

      @Override
      public void onFailed(String reason, int retryAfterSeconds) {
        failed(reason, retryAfterSeconds);
      }
    };
  }

  private void granted(Grant grant) {
    if (settled.compareAndSet(false, true)) {
      try {
        listener.onGranted(grant);
      } finally {
        end();
      }
    } else {
      grant.destroy();
    }
  }

  private void failed(String reason, int retryAfterSeconds) {
    if (settled.compareAndSet(false, true)) {
      try {
        listener.onFailed(
            "controller " + Endpoints.words(target.controller()) + ": " + reason,
            retryAfterSeconds);
      } finally {
        end();
      }
    }
  }

  private void end() {
    if (channel != null) {
      channel.close();
    }
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  /** Gives the attempt up without waiting; what it may still be given is destroyed. */
  @Override
  public void close() {
    if (settled.compareAndSet(false, true)) {
      group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }
}
