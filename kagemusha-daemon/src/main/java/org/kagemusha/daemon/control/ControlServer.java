package org.kagemusha.daemon.control;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.string.StringDecoder;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Listens on the control socket, mode 0660: who may open it may command the daemon. */
public final class ControlServer implements AutoCloseable {

  /** The longest request in octets. */
  static final int LONGEST_LINE = 512;

  /** Clients at a time. */
  static final int MOST_CLIENTS = 32;

  /** How long a client may take to read its answer. */
  static final int ANSWER_TIMEOUT_SECONDS = 30;

  private static final int REQUEST_TIMEOUT_SECONDS = 5;

  private final Channel channel;
  private final Path path;

  private ControlServer(Channel channel, Path path) {
    this.channel = channel;
    this.path = path;
  }

  /**
   * Opens the socket and replaces one that a dead daemon left behind; the caller has made sure that
   * there is no living one ({@link InstanceLock}).
   *
   * @throws IOException if the socket cannot be made
   */
  public static ControlServer open(EventLoop loop, Path path, ControlCommands commands)
      throws IOException {
    Files.createDirectories(path.getParent());
    Files.deleteIfExists(path);
    ClientLimit limit = new ClientLimit(MOST_CLIENTS);
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loop)
            .channel(EpollServerDomainSocketChannel.class)
            // A client that has sent its request may close its own direction, as socat does.
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel client) {
                    if (!limit.admit(client)) {
                      return;
                    }
                    client
                        .pipeline()
                        .addLast("timeout", new ReadTimeoutHandler(REQUEST_TIMEOUT_SECONDS))
                        .addLast("line", new LineBasedFrameDecoder(LONGEST_LINE, true, true))
                        .addLast("text", new StringDecoder(StandardCharsets.UTF_8))
                        .addLast("request", new ControlHandler(commands));
                  }
                })
            .bind(new DomainSocketAddress(path.toFile()))
            .awaitUninterruptibly();
    Channel channel = bound.channel();
    if (!channel.isActive()) {
      throw new IOException(
          "cannot listen on " + path + ": " + bound.cause().getMessage());
    }
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw----"));
    return new ControlServer(channel, path);
  }

  /** Stops listening and removes the socket. */
  @Override
  public void close() throws IOException {
    channel.close().awaitUninterruptibly();
    Files.deleteIfExists(path);
  }
}
