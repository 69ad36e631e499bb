package org.kagemusha.daemon.provision;

import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.kagemusha.core.provisioning.PeerIdentity;
import org.kagemusha.daemon.provision.AuditLog.Refusal;
import org.kagemusha.daemon.provision.ControllerCounters.Event;

/** One connection to the controller, from acceptance to end. For the controller's thread. */
final class ControllerConnection implements HandshakeGate.Guard {

  private enum Phase {
    SILENT,
    WAITING,
    HANDSHAKE,
    SESSION,
    OVER
  }

  private final ControllerServer server;
  private final SocketChannel channel;
  private final SourceNetwork network;
  private final boolean known;
  private final String from;
  private final HandshakeGate gate = new HandshakeGate(this);
  private Phase phase = Phase.SILENT;
  private PeerIdentity peer;

  ControllerConnection(
      ControllerServer server, SocketChannel channel, SourceNetwork network, boolean known) {
    this.server = server;
    this.channel = channel;
    this.network = network;
    this.known = known;
    this.from = Endpoints.words(channel.remoteAddress());
  }

  /** Begins to listen to it; the whole session has so many milliseconds. */
  void start(int timeoutMs) {
    channel.pipeline().addLast(new LingeringClose()).addLast(gate);
    Future<?> timer =
        channel
            .eventLoop()
            .schedule(
                () -> {
                  broken("not done within " + timeoutMs + " ms");
                  abort();
                },
                timeoutMs,
                TimeUnit.MILLISECONDS);
    channel
        .closeFuture()
        .addListener(
            closed -> {
              timer.cancel(false);
              server.left(this);
              broken("closed by the peer");
            });
  }

  SourceNetwork network() {
    return network;
  }

  boolean isKnown() {
    return known;
  }

  String from() {
    return from;
  }

  boolean isOver() {
    return phase == Phase.OVER;
  }

  @Override
  public void onClientHello() {
    phase = Phase.WAITING;
    server.wantsHandshake(this);
  }

  @Override
  public void onOther(String reason) {
    refused(Event.NOT_TLS, Refusal.NOT_TLS, reason);
    channel.close();
  }

  /** It has its token: from here on it costs public-key operations. */
  void begin() {
    phase = Phase.HANDSHAKE;
    SslHandler tls = server.credentials().serverHandler(channel.alloc());
    // The whole session has its own limit.
    tls.setHandshakeTimeoutMillis(0);
    channel.pipeline().addLast(tls).addLast(new ControllerSession(server, this));
    gate.open();
  }

  /** A newcomer has a better claim to its place. */
  void displace() {
    refused(
        Event.CONNECTIONS_DISPLACED, Refusal.LIMIT, "its place was needed before it was known");
    abort();
  }

  /** The limit does not let it begin. */
  void limited(String reason) {
    refused(Event.HANDSHAKES_LIMITED, Refusal.LIMIT, reason);
    abort();
  }

  void authenticated(PeerIdentity identity) {
    phase = Phase.SESSION;
    peer = identity;
    server.authenticated(this);
  }

  void handshakeFailed(String reason) {
    refused(Event.HANDSHAKES_FAILED, Refusal.HANDSHAKE, reason);
  }

  /** Keys were handed out. */
  void granted() {
    if (end(Event.GRANTED)) {
      server.known(network);
    }
  }

  /** The peer was told that it gets nothing; whoever decided has written the audit line. */
  void refused() {
    end(Event.REFUSED);
  }

  /** The session of an authenticated peer ends here, for a reason. */
  void failed(Event event, String reason) {
    if (!server.isClosing() && end(event)) {
      server.audit().onUnfinished(from, peer, reason);
    }
  }

  /** It ends without having come to an end; if it is the server that ends all, silently. */
  private void broken(String reason) {
    switch (phase) {
      case SILENT ->
          refused(Event.CONNECTIONS_SILENT, Refusal.SILENCE, "no ClientHello: " + reason);
      case WAITING ->
          refused(
              Event.HANDSHAKES_LIMITED, Refusal.LIMIT, "no turn for its handshake: " + reason);
      case HANDSHAKE -> handshakeFailed("handshake " + reason);
      case SESSION -> failed(Event.UNFINISHED, "session " + reason);
      case OVER -> { }
    }
  }

  private void refused(Event event, Refusal kind, String reason) {
    if (!server.isClosing() && end(event)) {
      server.audit().onRefused(kind, from, reason);
    }
  }

  /** Ends once; false if it is over. */
  private boolean end(Event event) {
    if (phase == Phase.OVER) {
      return false;
    }
    phase = Phase.OVER;
    server.counters().add(event);
    return true;
  }

  /** Closes the socket at once: nothing is left to be said. */
  void abort() {
    channel.unsafe().close(channel.unsafe().voidPromise());
  }
}
