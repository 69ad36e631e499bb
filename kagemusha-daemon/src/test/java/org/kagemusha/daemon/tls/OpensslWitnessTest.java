package org.kagemusha.daemon.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.io.BufferedReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.daemon.config.TlsFiles;

/** OpenSSL at the other end of a socket. */
@Timeout(60)
class OpensslWitnessTest {

  @TempDir Path directory;
  private EventLoopGroup group;
  private TlsFiles host;
  private TlsFiles agent;

  /** Says hello to whom it believes, and hangs up. */
  private static final class Greeter extends ChannelInboundHandlerAdapter {
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof SslHandshakeCompletionEvent done && done.isSuccess()) {
        context
            .writeAndFlush(Unpooled.copiedBuffer("hello\n", StandardCharsets.UTF_8))
            .addListener(ChannelFutureListener.CLOSE);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }

  @BeforeEach
  void open() throws Exception {
    group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    TestPki pki = new TestPki(directory, "Test CA");
    host = pki.leaf("hv-a").write();
    agent = pki.leaf("ha").names("dns:ha.example", "ip:::1").write();
  }

  @AfterEach
  void close() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  private String connect(int status, String... options) throws Exception {
    TlsCredentials credentials = TlsCredentials.load(agent);
    Channel server =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(credentials.serverHandler(channel.alloc()), new Greeter());
                  }
                })
            .bind("::1", 0)
            .sync()
            .channel();
    int port = ((InetSocketAddress) server.localAddress()).getPort();
    String[] command = {
      "openssl", "s_client", "-connect", "[::1]:" + port, "-CAfile", agent.authority().toString(),
      "-verify_return_error", "-verify_ip", "::1", "-ign_eof", "-msg"
    };
    String[] all = Arrays.copyOf(command, command.length + options.length);
    System.arraycopy(options, 0, all, command.length, options.length);
    return TestPki.run(directory, status, all);
  }

  @Test
  void opensslIsServedAndGetsNoTicket() throws Exception {
    String output =
        connect(0, "-cert", host.certificate().toString(), "-key", host.key().toString());
    assertTrue(output.contains("Verify return code: 0 (ok)"), output);
    assertTrue(output.contains("TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384"), output);
    assertTrue(output.contains("CertificateRequest"), output);
    assertTrue(output.lines().anyMatch("hello"::equals), output);
    assertFalse(output.contains("NewSessionTicket"), output);
  }

  @Test
  void opensslIsRefusedWithoutACertificateAndWithAnOlderProtocol() throws Exception {
    assertFalse(connect(1).lines().anyMatch("hello"::equals));
    String output =
        connect(
            1, "-tls1_2", "-cert", host.certificate().toString(), "-key", host.key().toString());
    assertTrue(output.contains("protocol version"), output);
  }

  @Test
  void opensslIsAServerToOurClient() throws Exception {
    Process process =
        new ProcessBuilder(
                "openssl", "s_server", "-accept", "[::1]:0", "-naccept", "1", "-tls1_3",
                "-CAfile", agent.authority().toString(), "-cert", agent.certificate().toString(),
                "-key", agent.key().toString(), "-Verify", "1", "-verify_return_error")
            .redirectErrorStream(true)
            .start();
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      String line = lines.readLine();
      while (line != null && !line.matches("ACCEPT \\[::1\\]:\\d+")) {
        line = lines.readLine();
      }
      int port = Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
      SslHandler tls =
          TlsCredentials.load(host)
              .clientHandler(ByteBufAllocator.DEFAULT, "0::1", port);
      Channel client =
          new Bootstrap()
              .group(group)
              .channel(NioSocketChannel.class)
              .handler(tls)
              .connect("::1", port)
              .sync()
              .channel();
      tls.handshakeFuture().sync();
      assertEquals("CN=ha", PeerIdentities.of(tls.engine().getSession()).subject());
      client.writeAndFlush(Unpooled.copiedBuffer("hello\n", StandardCharsets.UTF_8)).sync();
      client.close().sync();
      String text = String.join("\n", lines.lines().toList());
      assertTrue(text.contains("subject=CN = hv-a"), text);
      assertTrue(text.contains("\nhello"), text);
    } finally {
      process.destroyForcibly();
    }
  }
}
