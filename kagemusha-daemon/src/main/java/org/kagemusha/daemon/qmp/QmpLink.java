package org.kagemusha.daemon.qmp;

import com.google.gson.JsonObject;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.string.StringDecoder;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.FileNotFoundException;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.kagemusha.core.node.NodeEngine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a connection to a VMM's monitor socket, on the daemon's loop: tries again where there is
 * none, gives up one that does not speak QMP, and says each reason once. For the loop's thread.
 */
public final class QmpLink implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(QmpLink.class);

  /** While the VM is stopped, and the VMM does not tell of migrations, the status is asked for. */
  private static final long ASK_AGAIN_MS = 1_000;

  /** While a migration that was completed awaits the run state that confirms it. */
  private static final long CONFIRM_MS = 20;

  private final EventLoop loop;
  private final String vm;
  private final Path path;
  private final LongSupplier clock;
  private final VmTracker tracker;
  private final VmmListener listener;
  private final BackOff backOff = new BackOff();
  private Connection connection;
  private ScheduledFuture<?> retry;
  private String lastTrouble = "";
  private boolean closed;

  /**
   * @param vm the VM's name, in log lines
   * @param path of the VMM's socket; it need not be there
   * @param clock monotonic, ns
   */
  public QmpLink(EventLoop loop, String vm, Path path, VmmListener listener, LongSupplier clock) {
    this.loop = loop;
    this.vm = vm;
    this.path = path;
    this.clock = clock;
    this.listener = listener;
    this.tracker = new VmTracker(vm, listener, LOG);
  }

  /** Begins. */
  public void start() {
    connect();
  }

  /** The VM is expected: its VMM's socket is looked for more often for a minute. */
  public void hurry() {
    backOff.hurry(clock.getAsLong());
    if (connection == null && !closed) {
      again(0);
    }
  }

  /** One word for the status command. */
  public String text() {
    return connection != null && connection.ready ? tracker.vm().text() : "not-connected";
  }

  /** Ends; the VMM's socket is let go. */
  @Override
  public void close() {
    closed = true;
    if (retry != null) {
      retry.cancel(false);
    }
    if (connection != null) {
      connection.channel.close();
    }
  }

  private void connect() {
    retry = null;
    if (closed || connection != null) {
      return;
    }
    Connection next = new Connection();
    connection = next;
    var connecting =
        new Bootstrap()
            .group(loop)
            .channel(EpollDomainSocketChannel.class)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel opened) {
                    opened
                        .pipeline()
                        .addLast(new LineBasedFrameDecoder(QmpSession.LONGEST_LINE, true, true))
                        .addLast(new StringDecoder(StandardCharsets.UTF_8))
                        .addLast(next);
                  }
                })
            .connect(new DomainSocketAddress(path.toFile()));
    next.channel = connecting.channel();
    connecting.addListener(
        done -> {
          if (done.isSuccess()) {
            next.watch();
          } else if (connection == next) {
            connection = null;
            notConnected(done.cause());
          }
        });
  }

  private void notConnected(Throwable cause) {
    String words = String.valueOf(cause.getMessage());
    // ECONNREFUSED: a VMM that is gone has left its socket behind. Others, such as EACCES, stay.
    if (cause instanceof FileNotFoundException
        || cause instanceof ConnectException && words.contains("refused")) {
      trouble(
          "no VMM listens on it yet", false, backOff.missingMs(clock.getAsLong()));
    } else {
      trouble(words, true, backOff.failedMs());
    }
  }

  /** Each reason is told once, until a session served. */
  private void trouble(String reason, boolean warn, long retryMs) {
    if (!closed && !reason.equals(lastTrouble)) {
      lastTrouble = reason;
      if (warn) {
        LOG.warn("qmp failed vm={} socket={} reason=\"{}\"", vm, path, reason);
      } else {
        LOG.info("qmp waits vm={} socket={} reason=\"{}\"", vm, path, reason);
      }
    }
    again(retryMs);
  }

  private void again(long ms) {
    if (retry != null) {
      retry.cancel(false);
    }
    if (!closed) {
      retry = loop.schedule(this::connect, ms, TimeUnit.MILLISECONDS);
    }
  }

  /** One connection, from the attempt to its end. */
  private final class Connection extends SimpleChannelInboundHandler<String>
      implements QmpSession.Listener {

    private final QmpSession session =
        new QmpSession(this::send, this, clock.getAsLong());
    private Channel channel;
    private ScheduledFuture<?> deadline;
    private ScheduledFuture<?> poll;
    private boolean ready;
    private String failure;

    private void send(String line) {
      channel.writeAndFlush(
          channel.alloc().buffer().writeBytes((line + "\r\n").getBytes(StandardCharsets.UTF_8)));
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, String line) {
      if (failure != null) {
        return;
      }
      try {
        session.onLine(line, clock.getAsLong());
        watch();
      } catch (QmpException e) {
        fail(e.getMessage());
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      fail(
          cause instanceof TooLongFrameException
              ? "a line of more than " + QmpSession.LONGEST_LINE + " octets"
              : String.valueOf(cause.getMessage()));
    }

    private void fail(String reason) {
      if (failure == null) {
        failure = reason;
        channel.close();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      stopTimers();
      if (connection != this) {
        return;
      }
      connection = null;
      if (closed) {
        return;
      }
      tracker.onClosed(failure == null ? "the VMM closed its socket" : failure);
      if (failure != null) {
        trouble(failure, true, backOff.failedMs());
      } else if (ready) {
        trouble("the VMM closed it", false, backOff.missingMs(clock.getAsLong()));
      } else {
        trouble("closed before it served", true, backOff.failedMs());
      }
    }

    /** Sets the timer for what is overdue next. */
    void watch() {
      if (deadline != null) {
        deadline.cancel(false);
        deadline = null;
      }
      long next = session.nextDeadlineNs();
      if (next != NodeEngine.NEVER) {
        deadline =
            loop.schedule(
                this::onDeadline, Math.max(0, next - clock.getAsLong()), TimeUnit.NANOSECONDS);
      }
    }

    private void onDeadline() {
      deadline = null;
      try {
        session.onDeadline(clock.getAsLong());
        watch();
      } catch (QmpException e) {
        fail(e.getMessage());
      }
    }

    private void stopTimers() {
      if (deadline != null) {
        deadline.cancel(false);
      }
      if (poll != null) {
        poll.cancel(false);
      }
    }

    @Override
    public void onReady(String version) {
      ready = true;
      lastTrouble = "";
      backOff.served();
      LOG.info("qmp connected vm={} socket={} qemu={}", vm, path, version);
    }

    @Override
    public void onStatus(String status) {
      tracker.onStatus(status);
      askAgain(CONFIRM_MS);
    }

    @Override
    public void onTimestamp(String name, long unixUs) {
      if (name.equals("RESUME") || name.equals("STOP")) {
        listener.happenedAt(name.equals("RESUME"), unixUs);
      }
    }

    @Override
    public void onEvent(String name, JsonObject data) {
      tracker.onEvent(name, data);
      askAgain(0);
    }

    private void askAgain(long confirmMs) {
      boolean silent =
          session.isSilentAboutMigration() && tracker.vm() == VmTracker.Vm.PAUSED;
      if (poll != null) {
        poll.cancel(false);
        poll = null;
      }
      if (tracker.isHandingOver() || silent) {
        poll =
            loop.schedule(
                () -> {
                  poll = null;
                  session.askStatus(clock.getAsLong());
                  watch();
                },
                tracker.isHandingOver() ? confirmMs : ASK_AGAIN_MS,
                TimeUnit.MILLISECONDS);
      }
    }
  }
}
