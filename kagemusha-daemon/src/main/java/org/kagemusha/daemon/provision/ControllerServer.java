package org.kagemusha.daemon.provision;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.kagemusha.core.provisioning.ControllerDecision;
import org.kagemusha.core.provisioning.PeerIdentity;
import org.kagemusha.core.provisioning.ProvisioningRequest;
import org.kagemusha.daemon.provision.AuditLog.Refusal;
import org.kagemusha.daemon.provision.ConnectionSlots.Stage;
import org.kagemusha.daemon.provision.ControllerCounters.Event;
import org.kagemusha.daemon.tls.TlsCredentials;

/**
 * The Home Agent Controller's port, RFC 6618 §4.3: TLS connections, each with one request that is
 * decided elsewhere. On a thread of its own. Whoever is not authenticated costs a place for a
 * limited time, and public-key operations only as often as {@link Limits#handshakesPerSecond} says.
 */
public final class ControllerServer implements AutoCloseable {

  private static final int SHUTDOWN_SECONDS = 5;

  /**
   * What strangers may use up.
   *
   * @param handshakesPerSecond how many TLS handshakes may begin in a second, 1 to 10^6
   * @param maximumConnections at one time, at least 1; half of them at most for one network (/64)
   *     from which nobody was given keys before
   * @param timeoutMs within which a whole session, handshake and decision included, has ended; at
   *     least 1
   */
  public record Limits(int handshakesPerSecond, int maximumConnections, int timeoutMs) {

    /** A quarter of a second's tokens may be had at once. */
    int burst() {
      return Math.max(1, handshakesPerSecond / 4);
    }
  }

  private final Limits limits;
  private final BiFunction<PeerIdentity, ProvisioningRequest, CompletionStage<ControllerDecision>>
      decide;
  private final AuditLog audit;
  private final RandomGenerator random;
  private final LongSupplier wallMs;
  private final ControllerCounters counters = new ControllerCounters();
  private final MultiThreadIoEventLoopGroup group;
  private final ConnectionSlots<ControllerConnection> slots;
  private final HandshakeLimit<ControllerConnection> handshakes;
  private final KnownSources knownSources = new KnownSources();
  private volatile TlsCredentials credentials;
  private volatile boolean closing;
  private volatile Channel listener;
  private Future<?> nextTurn;

  /**
   * Prepares the server.
   *
   * @param decide carries a request to whoever decides, and answers on any thread; called on the
   *     controller's thread
   * @param random makes what is random in answers
   * @param wallMs milliseconds since 1970
   */
  public ControllerServer(
      Limits limits,
      TlsCredentials credentials,
      BiFunction<PeerIdentity, ProvisioningRequest, CompletionStage<ControllerDecision>> decide,
      AuditLog audit,
      RandomGenerator random,
      LongSupplier wallMs) {
    this.limits = limits;
    this.credentials = credentials;
    this.decide = decide;
    this.audit = audit;
    this.random = random;
    this.wallMs = wallMs;
    int most = limits.maximumConnections();
    slots = new ConnectionSlots<>(most, Math.max(1, most / 2));
    handshakes = new HandshakeLimit<>(limits.handshakesPerSecond(), limits.burst(), most);
    group =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("controller", false), EpollIoHandler.newFactory());
  }

  /**
   * Begins to listen; the address need not be there yet, or not any more.
   *
   * @param address with a port, or 0 for any
   * @throws IOException if the port cannot be had; {@link #close} is still due
   */
  public void listen(InetSocketAddress address) throws IOException {
    ChannelFuture bound =
        new ServerBootstrap()
            .group(group)
            .channel(EpollServerSocketChannel.class)
            // The kernel may still be looking for a duplicate of the address.
            .option(EpollChannelOption.IP_FREEBIND, true)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    accept(channel);
                  }
                })
            .bind(address)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(
          "the controller cannot listen at " + Endpoints.words(address) + ": "
              + bound.cause().getMessage(),
          bound.cause());
    }
    listener = bound.channel();
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return (InetSocketAddress) listener.localAddress();
  }

  /** Handshakes that begin from now on use these; requests of certificates they revoke fail. */
  public void credentials(TlsCredentials replacement) {
    credentials = replacement;
  }

  /** What was counted. */
  public ControllerCounters counters() {
    return counters;
  }

  private void accept(SocketChannel channel) {
    InetSocketAddress remote = channel.remoteAddress();
    if (remote == null || closing) {
      channel.close();
      return;
    }
    counters.add(Event.CONNECTIONS);
    SourceNetwork network = SourceNetwork.of(remote.getAddress());
    boolean known = knownSources.contains(network);
    if (!slots.hasPlace(network, known)) {
      ControllerConnection other = slots.toDisplace(network, known);
      if (other == null) {
        counters.add(Event.CONNECTIONS_REFUSED);
        audit.onRefused(
            Refusal.LIMIT, Endpoints.words(remote), slots.size() + " connections are open");
        channel.close();
        return;
      }
      slots.leave(other);
      other.displace();
    }
    ControllerConnection connection = new ControllerConnection(this, channel, network, known);
    slots.enter(connection, network, known);
    connection.start(limits.timeoutMs());
  }

  void wantsHandshake(ControllerConnection connection) {
    slots.reached(connection, Stage.WAITING);
    if (handshakes.tryTake(System.nanoTime())) {
      begin(connection);
    } else if (handshakes.await(connection.network(), connection.isKnown(), connection)) {
      counters.add(Event.HANDSHAKES_DELAYED);
      takeTurns();
    } else {
      connection.limited("too many of its network wait for their handshake");
    }
  }

  private void takeTurns() {
    long nowNs = System.nanoTime();
    for (ControllerConnection next = handshakes.next(nowNs);
        next != null;
        next = handshakes.next(nowNs)) {
      begin(next);
    }
    if (handshakes.waiting() > 0 && nextTurn == null && !closing) {
      nextTurn =
          group
              .next()
              .schedule(
                  () -> {
                    nextTurn = null;
                    takeTurns();
                  },
                  Math.max(1, handshakes.delayNs(nowNs)),
                  TimeUnit.NANOSECONDS);
    }
  }

  private void begin(ControllerConnection connection) {
    counters.add(Event.HANDSHAKES);
    slots.reached(connection, Stage.HANDSHAKE);
    connection.begin();
  }

  void authenticated(ControllerConnection connection) {
    slots.reached(connection, Stage.AUTHENTICATED);
  }

  void left(ControllerConnection connection) {
    slots.leave(connection);
    handshakes.cancel(connection.network(), connection);
  }

  void known(SourceNetwork network) {
    knownSources.add(network);
  }

  CompletionStage<ControllerDecision> decide(PeerIdentity peer, ProvisioningRequest request) {
    return decide.apply(peer, request);
  }

  TlsCredentials credentials() {
    return credentials;
  }

  AuditLog audit() {
    return audit;
  }

  RandomGenerator random() {
    return random;
  }

  LongSupplier wallMs() {
    return wallMs;
  }

  boolean isClosing() {
    return closing;
  }

  /** Ends all connections and the thread; waits for it. */
  @Override
  public void close() {
    closing = true;
    group
        .shutdownGracefully(0, SHUTDOWN_SECONDS, TimeUnit.SECONDS)
        .awaitUninterruptibly(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
  }
}
