package org.kagemusha.daemon.loop;

import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;

/** A source as the event loop sees it. */
final class SourceHandle implements EpollIoHandle {

  /** Wake-ups with an error and nothing else after which the descriptor is given up. */
  private static final int MOST_ERRORS = 1000;

  private final PacketLoop loop;
  private final PacketSource source;
  private final FileDescriptor descriptor;
  private final Runnable again = this::drain;
  private IoRegistration registration;
  private boolean cancelled;
  private int errors;

  SourceHandle(PacketLoop loop, PacketSource source) {
    this.loop = loop;
    this.source = source;
    this.descriptor = new FileDescriptor(source.descriptor());
  }

  /** A fresh registration hears of errors only. */
  void arm(IoRegistration newRegistration) {
    registration = newRegistration;
    if (cancelled) {
      registration.cancel();
    } else {
      registration.submit(EpollIoOps.EPOLLIN);
    }
  }

  void cancel() {
    cancelled = true;
    if (registration != null) {
      registration.cancel();
    }
  }

  @Override
  public FileDescriptor fd() {
    return descriptor;
  }

  @Override
  public void handle(IoRegistration from, IoEvent event) {
    // Reading also takes a pending error off a socket; a dead device keeps it for ever.
    if (((EpollIoEvent) event).ops().contains(EpollIoOps.EPOLLIN)) {
      errors = 0;
    } else if (++errors > MOST_ERRORS) {
      from.cancel();
      loop.broken(source.name(), new IOException("the device is gone"));
      return;
    }
    drain();
  }

  private void drain() {
    // A dead descriptor stays readable: it would wake the loop until the service has ended.
    if (!cancelled && !loop.drain(source, again)) {
      cancel();
    }
  }

  @Override
  public void close() {
    // The descriptor belongs to the source.
  }
}
