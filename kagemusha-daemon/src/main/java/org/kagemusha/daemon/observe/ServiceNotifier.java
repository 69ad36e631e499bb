package org.kagemusha.daemon.observe;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the service manager how the service is, by the protocol of sd_notify(3): a datagram of
 * {@code KEY=value} lines to {@code $NOTIFY_SOCKET}. Without that variable it does nothing. The
 * watchdog is fed by the packet loop's own timer, so it starves when the loop hangs.
 */
public final class ServiceNotifier {

  private static final Logger log = LoggerFactory.getLogger(ServiceNotifier.class);

  private final Channel channel;
  private final long watchdogUs;
  private String lastStatus = "";

  /**
   * Opens the way to the service manager; never from the loop's own thread.
   *
   * @param environment with {@code NOTIFY_SOCKET}, {@code WATCHDOG_USEC} and {@code WATCHDOG_PID}
   */
  public ServiceNotifier(EventLoop loop, Map<String, String> environment) {
    String socket = environment.getOrDefault("NOTIFY_SOCKET", "");
    // A leading @ stands for the zero octet of the abstract namespace, unix(7).
    channel =
        socket.startsWith("/") || socket.startsWith("@")
            ? open(loop, socket.startsWith("@") ? "\0" + socket.substring(1) : socket)
            : null;
    watchdogUs = channel == null ? 0 : watchdog(environment);
  }

  private static Channel open(EventLoop loop, String socket) {
    ChannelFuture connected =
        new Bootstrap()
            .group(loop)
            .channel(EpollDomainDatagramChannel.class)
            .handler(
                new SimpleChannelInboundHandler<DomainDatagramPacket>() {
                  @Override
                  protected void channelRead0(
                      ChannelHandlerContext context, DomainDatagramPacket got) {
                    // Nobody answers a notification.
                  }
                })
            .connect(new DomainSocketAddress(socket))
            .awaitUninterruptibly();
    if (!connected.isSuccess()) {
      log.warn("service manager not reached cause={}", connected.cause().getMessage());
      return null;
    }
    return connected.channel();
  }

  private static long watchdog(Map<String, String> environment) {
    String pid = environment.get("WATCHDOG_PID");
    if (pid != null && !pid.equals(Long.toString(ProcessHandle.current().pid()))) {
      return 0;
    }
    try {
      return Math.max(0, Long.parseLong(environment.getOrDefault("WATCHDOG_USEC", "0")));
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /** The service is up; from now on the watchdog is fed, at half of its interval. */
  public void ready(String status) {
    lastStatus = status;
    send("READY=1\nSTATUS=" + status);
    if (watchdogUs > 0) {
      long halfUs = Math.max(1, watchdogUs / 2);
      channel
          .eventLoop()
          .scheduleAtFixedRate(() -> send("WATCHDOG=1"), 0, halfUs, TimeUnit.MICROSECONDS);
    }
  }

  /** Says whether there is a service manager that wants to know. */
  public boolean isActive() {
    return channel != null;
  }

  /** One line on how things are; sent only when it changes. */
  public void status(String status) {
    if (!status.equals(lastStatus)) {
      lastStatus = status;
      send("STATUS=" + status);
    }
  }

  /** The configuration is about to be read again; {@link #ready} must follow, sd_notify(3). */
  public void reloading() {
    send("RELOADING=1\nMONOTONIC_USEC=" + System.nanoTime() / 1000);
  }

  /** The configuration was read again, or refused. */
  public void reloaded() {
    send("READY=1\nSTATUS=" + lastStatus);
  }

  /** The service ends; returns when the datagram is out. Never from the loop's own thread. */
  public void stopping() {
    if (channel != null) {
      write("STOPPING=1").awaitUninterruptibly(1, TimeUnit.SECONDS);
    }
  }

  private void send(String message) {
    if (channel != null) {
      write(message);
    }
  }

  private ChannelFuture write(String message) {
    return channel
        .writeAndFlush(Unpooled.copiedBuffer(message, StandardCharsets.UTF_8))
        .addListener(
            done -> {
              if (!done.isSuccess()) {
                log.warn("notification failed cause={}", done.cause().getMessage());
              }
            });
  }
}
