package org.kagemusha.daemon.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.daemon.loop.PacketLoop;

/** The test is the service manager. */
@Timeout(60)
class ServiceNotifierTest {

  @TempDir Path directory;
  private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
  private PacketLoop loop;

  @BeforeEach
  void open() {
    loop = new PacketLoop("test", cause -> { });
  }

  @AfterEach
  void close() {
    loop.close();
  }

  private Channel listen(String path) {
    return new Bootstrap()
        .group(loop.eventLoop())
        .channel(EpollDomainDatagramChannel.class)
        .handler(
            new SimpleChannelInboundHandler<DomainDatagramPacket>() {
              @Override
              protected void channelRead0(ChannelHandlerContext context, DomainDatagramPacket got) {
                heard.add(got.content().toString(StandardCharsets.UTF_8));
              }
            })
        .bind(new DomainSocketAddress(path))
        .syncUninterruptibly()
        .channel();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void tellsTheServiceManagerHowTheServiceIs(boolean abstractSocket) throws Exception {
    String name = directory + "/notify";
    listen(abstractSocket ? "\0" + name : name);
    ServiceNotifier notifier =
        new ServiceNotifier(
            loop.eventLoop(), Map.of("NOTIFY_SOCKET", abstractSocket ? "@" + name : name));
    notifier.ready("waiting");
    assertEquals("READY=1\nSTATUS=waiting", heard.take());
    notifier.status("waiting");
    notifier.status("registered");
    assertEquals("STATUS=registered", heard.take());
    long beforeUs = System.nanoTime() / 1000;
    notifier.reloading();
    String reloading = heard.take();
    assertTrue(reloading.startsWith("RELOADING=1\nMONOTONIC_USEC="), reloading);
    assertTrue(Long.parseLong(reloading.substring(reloading.lastIndexOf('=') + 1)) >= beforeUs);
    notifier.reloaded();
    assertEquals("READY=1\nSTATUS=registered", heard.take());
    notifier.stopping();
    assertEquals("STOPPING=1", heard.take());
  }

  @Test
  void theLoopItselfFeedsTheWatchdog() throws Exception {
    listen(directory + "/notify");
    ServiceNotifier notifier =
        new ServiceNotifier(
            loop.eventLoop(),
            Map.of(
                "NOTIFY_SOCKET", directory + "/notify", "WATCHDOG_USEC", "20000",
                "WATCHDOG_PID", Long.toString(ProcessHandle.current().pid())));
    notifier.ready("x");
    heard.take();
    for (int i = 0; i < 3; i++) {
      assertEquals("WATCHDOG=1", heard.take());
    }
  }

  @Test
  void anotherProcessesWatchdogIsNotFed() throws Exception {
    listen(directory + "/notify");
    ServiceNotifier notifier =
        new ServiceNotifier(
            loop.eventLoop(),
            Map.of(
                "NOTIFY_SOCKET", directory + "/notify", "WATCHDOG_USEC", "1000",
                "WATCHDOG_PID", "1"));
    notifier.ready("x");
    heard.take();
    notifier.status("y");
    assertEquals("STATUS=y", heard.take());
  }

  @Test
  void withoutAServiceManagerNothingIsSent() {
    ServiceNotifier notifier = new ServiceNotifier(loop.eventLoop(), Map.of());
    notifier.ready("x");
    notifier.reloading();
    notifier.stopping();
  }
}
