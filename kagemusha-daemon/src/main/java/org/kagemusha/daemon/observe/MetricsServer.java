package org.kagemusha.daemon.observe;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.kagemusha.daemon.config.MetricsAddress;
import org.kagemusha.daemon.control.ClientLimit;

/** Serves the metrics page over HTTP, to this host only. */
public final class MetricsServer implements AutoCloseable {

  private static final int MOST_CLIENTS = 8;
  private static final int LARGEST_REQUEST = 8192;
  private static final int TIMEOUT_SECONDS = 10;

  private final Channel channel;
  private final Path socket;

  private MetricsServer(Channel channel, Path socket) {
    this.channel = channel;
    this.socket = socket;
  }

  /**
   * Begins to listen.
   *
   * @throws IOException if the address cannot be had
   */
  public static MetricsServer open(EventLoop loop, MetricsAddress where, MetricsPage page)
      throws IOException {
    ClientLimit limit = new ClientLimit(MOST_CLIENTS);
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(loop)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel client) {
                    if (limit.admit(client)) {
                      client
                          .pipeline()
                          .addLast(new ReadTimeoutHandler(TIMEOUT_SECONDS))
                          .addLast(new HttpServerCodec())
                          .addLast(new HttpObjectAggregator(LARGEST_REQUEST))
                          .addLast(new MetricsHandler(page));
                    }
                  }
                });
    Path socket = null;
    SocketAddress address = where.address();
    if (address instanceof UnixDomainSocketAddress unix) {
      socket = unix.getPath();
      Files.deleteIfExists(socket);
      address = new DomainSocketAddress(socket.toFile());
      bootstrap.channel(EpollServerDomainSocketChannel.class);
    } else {
      bootstrap.channel(EpollServerSocketChannel.class);
    }
    var bound = bootstrap.bind(address).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(
          "cannot serve metrics on " + where.address() + ": " + bound.cause().getMessage());
    }
    if (socket != null) {
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw----"));
    }
    return new MetricsServer(bound.channel(), socket);
  }

  @Override
  public void close() throws IOException {
    channel.close().awaitUninterruptibly();
    if (socket != null) {
      Files.deleteIfExists(socket);
    }
  }
}
