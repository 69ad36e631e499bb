package org.kagemusha.daemon.control;

import io.netty.channel.Channel;

/** Bounds how many clients a server has at a time; used by one thread. */
public final class ClientLimit {

  private final int most;
  private int clients;

  /** At most so many. */
  public ClientLimit(int most) {
    this.most = most;
  }

  /** Counts a client in until its connection ends, or closes it if there are too many. */
  public boolean admit(Channel client) {
    if (clients >= most) {
      client.close();
      return false;
    }
    clients++;
    client.closeFuture().addListener(done -> clients--);
    return true;
  }
}
