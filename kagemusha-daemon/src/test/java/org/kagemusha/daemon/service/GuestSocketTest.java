package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.daemon.LogLines;
import org.kagemusha.daemon.config.VmSocketConfig;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.port.FramePort;

/** What the log tells of who connects to the VM's socket. */
@Timeout(60)
class GuestSocketTest {

  @TempDir Path directory;
  private final LogLines log = new LogLines(GuestSocket.class);
  private final List<SocketChannel> clients = new ArrayList<>();

  @AfterEach
  void close() throws IOException {
    log.close();
    for (SocketChannel client : clients) {
      client.close();
    }
  }

  private SocketChannel connect(Path path) throws IOException {
    SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX);
    client.connect(UnixDomainSocketAddress.of(path));
    clients.add(client);
    return client;
  }

  @Test
  void oneVmmTooManyIsRefusedWithAWarningAndTheCause() throws Exception {
    Path path = directory.resolve("vm1.net");
    PacketBuffer frame = NativeMemory.packetBuffer(2000);
    try (FramePort port =
        GuestSocket.open("vm1", new VmSocketConfig(false, path, null), new Counters())) {
      String us = "vm=vm1 peer=pid:" + ProcessHandle.current().pid();
      int taken = 0;
      SocketChannel last = connect(path);
      assertEquals(0, port.read(frame));
      while (log.warnings().isEmpty()) {
        taken++;
        assertTrue(
            log.await("vmm connected " + us).endsWith(" connections=" + taken));
        last = connect(path);
        assertEquals(0, port.read(frame));
      }
      assertEquals(
          "there are " + taken + " already",
          log.await("vmm refused " + us).replaceFirst(".* cause=\"(.*)\"$", "$1"));
      assertEquals(1, log.warnings().size());
      assertEquals(-1, last.read(ByteBuffer.allocate(1)));
      clients.get(0).close();
      assertEquals(0, port.read(frame));
      assertTrue(
          log.await("vmm disconnected " + us)
              .endsWith(" connections=" + (taken - 1) + " cause=\"closed by the VMM\""));
      assertEquals(1, log.warnings().size());
    }
  }
}
