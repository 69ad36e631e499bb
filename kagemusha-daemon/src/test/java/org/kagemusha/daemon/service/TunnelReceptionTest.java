package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;

class TunnelReceptionTest {

  private final List<String> done = new ArrayList<>();
  private boolean refused;
  private final TunnelReception tunnels =
      new TunnelReception(
          new TunnelReception.Sockets() {
            @Override
            public void open() throws KernelException {
              done.add(refused ? "refused" : "open");
              if (refused) {
                throw KernelException.of("socket", "raw socket 41", Errno.EINTR);
              }
            }

            @Override
            public void close() {
              done.add("close");
            }
          });

  @Test
  void closesWhenNothingWasExpectedTwiceInARow() {
    assertTrue(tunnels.isOpen());
    tunnels.idle();
    assertEquals(List.of(), done);
    tunnels.idle();
    tunnels.idle();
    assertFalse(tunnels.isOpen());
    assertEquals(List.of("close"), done);
  }

  @Test
  void whatIsExpectedInBetweenKeepsThemOpen() {
    for (int i = 0; i < 3; i++) {
      tunnels.idle();
      tunnels.expect();
    }
    assertEquals(List.of(), done);
  }

  @Test
  void opensOnceWhenSomethingIsExpected() {
    tunnels.rest();
    tunnels.rest();
    tunnels.expect();
    tunnels.expect();
    assertTrue(tunnels.isOpen());
    assertEquals(List.of("close", "open"), done);
  }

  @Test
  void whatCannotBeOpenedIsTriedAgain() {
    tunnels.rest();
    refused = true;
    tunnels.expect();
    tunnels.expect();
    assertFalse(tunnels.isOpen());
    refused = false;
    tunnels.expect();
    assertTrue(tunnels.isOpen());
    assertEquals(List.of("close", "refused", "refused", "open"), done);
  }
}
