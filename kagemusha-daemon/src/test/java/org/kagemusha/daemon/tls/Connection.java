package org.kagemusha.daemon.tls;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslHandler;
import java.nio.charset.StandardCharsets;
import javax.net.ssl.SSLSession;

/** A TLS connection through memory: octets go to and fro until both ends have nothing to say. */
final class Connection {

  private final SslHandler clientTls;
  private final SslHandler serverTls;
  private final EmbeddedChannel client;
  private final EmbeddedChannel server;
  private Throwable clientError;
  private Throwable serverError;

  Connection(SslHandler clientTls, SslHandler serverTls) {
    this.clientTls = clientTls;
    this.serverTls = serverTls;
    server = new EmbeddedChannel(serverTls);
    client = new EmbeddedChannel(clientTls);
    pump();
  }

  private void pump() {
    boolean moved;
    do {
      moved = false;
      for (ByteBuf data = client.readOutbound(); data != null; data = client.readOutbound()) {
        moved = true;
        Throwable error = deliver(data, server);
        serverError = serverError == null ? error : serverError;
      }
      for (ByteBuf data = server.readOutbound(); data != null; data = server.readOutbound()) {
        moved = true;
        Throwable error = deliver(data, client);
        clientError = clientError == null ? error : clientError;
      }
    } while (moved);
  }

  private static Throwable deliver(ByteBuf data, EmbeddedChannel to) {
    if (!to.isOpen()) {
      data.release();
      return null;
    }
    try {
      to.writeInbound(data);
      return null;
    } catch (Exception e) {
      return e;
    }
  }

  /** Says whether both ends are content, and data arrive in both directions. */
  boolean works() {
    return clientTls.handshakeFuture().isSuccess()
        && serverTls.handshakeFuture().isSuccess()
        && clientError == null
        && serverError == null
        && arrives(client, server)
        && arrives(server, client);
  }

  private boolean arrives(EmbeddedChannel from, EmbeddedChannel to) {
    from.writeOutbound(Unpooled.copiedBuffer("hello", StandardCharsets.UTF_8));
    pump();
    ByteBuf received = to.readInbound();
    try {
      return received != null && received.toString(StandardCharsets.UTF_8).equals("hello");
    } finally {
      if (received != null) {
        received.release();
      }
    }
  }

  SSLSession clientSession() {
    return clientTls.engine().getSession();
  }

  SSLSession serverSession() {
    return serverTls.engine().getSession();
  }

  /** Everything that went wrong at the server, in one text. */
  String serverErrors() {
    return texts(serverTls.handshakeFuture().cause()) + texts(serverError);
  }

  /** Everything that went wrong at the client, in one text. */
  String clientErrors() {
    return texts(clientTls.handshakeFuture().cause()) + texts(clientError);
  }

  private static String texts(Throwable error) {
    StringBuilder text = new StringBuilder();
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      text.append(cause).append('\n');
    }
    return text.toString();
  }
}
