package org.kagemusha.daemon.service;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import java.io.IOException;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.RouterSolicitation;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.tap.libc.Libc;

/**
 * What takes a start longest and depends on no configuration: begun beside the reading of it, on a
 * processor that would wait otherwise. Whoever needs it meanwhile waits for the rest.
 */
public final class EarlyStart {

  private EarlyStart() {}

  /** Of URLs that nobody opens. */
  private static final class Unopened extends URLStreamHandler {
    @Override
    protected URLConnection openConnection(URL url) throws IOException {
      throw new IOException("no URL is opened here: " + url);
    }
  }

  /**
   * Before anything else of a daemon, in a process of its own: JCE makes a URL of http and never
   * opens it, and would have the JDK look for a handler of it in every jar of the class path, whose
   * directories then stay in memory.
   */
  public static void withoutUrls() {
    URL.setURLStreamHandlerFactory(protocol -> protocol.equals("http") ? new Unopened() : null);
  }

  /** Begins, and returns at once. */
  public static void begin() {
    start(
        "early-start",
        () -> {
          Libc.errno();
          loadNetty();
          loadCiphers();
          loadFirstPacket();
          loadControlSocket();
        });
  }

  private static void start(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    // What fails here fails again where it is needed, and is told there.
    thread.setUncaughtExceptionHandler((failed, e) -> { });
    thread.start();
  }

  /** And how it asks a handler for its annotations, for which the JDK makes classes. */
  private static void loadNetty() {
    Epoll.ensureAvailability();
    ChannelInitializer.class.isAnnotationPresent(ChannelHandler.Sharable.class);
  }

  private static void loadFirstPacket() {
    NeighborDiscovery.build(
        new RouterSolicitation(Ipv6Address.UNSPECIFIED, Ipv6Address.ALL_ROUTERS, null));
  }

  private static void loadControlSocket() {
    new EpollServerDomainSocketChannel().unsafe().closeForcibly();
  }

  private static void loadCiphers() {
    try {
      Cipher.getInstance("AES/CBC/NoPadding");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
