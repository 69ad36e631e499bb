package org.kagemusha.daemon.provision;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.provisioning.ControllerDecision;
import org.kagemusha.core.provisioning.Grant;
import org.kagemusha.core.provisioning.MobileNodeExchange;
import org.kagemusha.core.provisioning.PeerIdentity;
import org.kagemusha.core.provisioning.ProvisioningRequest;
import org.kagemusha.core.provisioning.StatusCode;
import org.kagemusha.daemon.LogLines;
import org.kagemusha.daemon.config.TlsFiles;
import org.kagemusha.daemon.provision.ControllerCounters.Event;
import org.kagemusha.daemon.tls.TlsCredentials;
import org.kagemusha.daemon.tls.TrialRole;

/** The whole port on the loopback, with our client and with others. */
@Timeout(120)
class ControllerServerTest {

  private static final ControllerServer.Limits USUAL = new ControllerServer.Limits(100, 64, 20_000);
  private static final int CLIENT_MS = 20_000;

  @TempDir Path directory;
  private final SecureRandom random = new SecureRandom();
  private final List<PeerIdentity> asked = new ArrayList<>();
  private final List<AutoCloseable> open = new ArrayList<>();
  private LogLines lines;
  private TrialHosts hosts;
  private TlsFiles serverFiles;
  private ControllerServer server;

  @BeforeEach
  void prepare() throws Exception {
    lines = new LogLines(AuditLog.NAME);
    hosts = new TrialHosts(directory.resolve("ca"), "Trial CA");
    serverFiles = hosts.homeAgentFiles("ip:127.0.0.1", "ip:::1", "dns:ha.example");
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : open) {
      one.close();
    }
    if (server != null) {
      server.close();
    }
    lines.close();
  }

  private void listen(
      ControllerServer.Limits limits,
      BiFunction<PeerIdentity, ProvisioningRequest, CompletionStage<ControllerDecision>> decide)
      throws Exception {
    server =
        new ControllerServer(
            limits,
            TlsCredentials.load(serverFiles),
            decide,
            new AuditLog(System::currentTimeMillis, System::nanoTime),
            random,
            System::currentTimeMillis);
    server.listen(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0));
  }

  private CompletionStage<ControllerDecision> grant(
      PeerIdentity peer, ProvisioningRequest request) {
    asked.add(peer);
    return CompletableFuture.completedFuture(new ControllerDecision.Granted(TrialHosts.grant()));
  }

  private ControllerClient.Target target(TlsCredentials credentials) {
    return new ControllerClient.Target(
        server.address(), "127.0.0.1", null, credentials, CLIENT_MS);
  }

  private Outcome ask(ControllerClient.Target target) {
    Outcome outcome = new Outcome();
    open.add(ControllerClient.start(target, TrialHosts.request(), random, outcome));
    return outcome;
  }

  private Outcome ask(TlsCredentials credentials) {
    return ask(target(credentials));
  }

  private long count(Event event) {
    return server.counters().get(event);
  }

  @Test
  void rfc6618_s4_3_aMobileNodeGetsItsAssociations() throws Exception {
    listen(USUAL, this::grant);
    Grant grant = ask(hosts.host("hv-a")).granted();
    Grant expected = TrialHosts.grant();
    assertArrayEquals(expected.keyToHomeAgent(), grant.keyToHomeAgent());
    assertArrayEquals(expected.keyToMobileNode(), grant.keyToMobileNode());
    assertEquals(expected.toString(), grant.toString());
    assertEquals("CN=hv-a", asked.get(0).subject());
    assertEquals(1, count(Event.HANDSHAKES));
    server.close();
    assertEquals(1, count(Event.GRANTED));
    assertEquals(List.of(), lines.all());
  }

  @Test
  void overIpv6ByAnAddressAsItsName() throws Exception {
    listen(USUAL, this::grant);
    server.listen(new InetSocketAddress(InetAddress.getByName("::1"), 0));
    TlsCredentials credentials = hosts.host("hv-a");
    InetAddress source = InetAddress.getByName("::1");
    ask(new ControllerClient.Target(
            server.address(), "0:0:0:0:0:0:0:1", source, credentials, CLIENT_MS))
        .granted();
    hosts.revoke("hv-a");
    server.credentials(TlsCredentials.load(serverFiles));
    String reason =
        ask(new ControllerClient.Target(server.address(), "::1", null, credentials, CLIENT_MS))
            .failed()
            .reason();
    assertTrue(reason.startsWith("controller [::1]:"), reason);
    lines.await("refusal peer=[::1]:", "revoked");
  }

  @Test
  void theServersNameIsAskedFor() throws Exception {
    listen(USUAL, this::grant);
    TlsCredentials credentials = hosts.host("hv-a");
    ask(new ControllerClient.Target(server.address(), "ha.example", null, credentials, CLIENT_MS))
        .granted();
    String reason =
        ask(new ControllerClient.Target(
                server.address(), "other.example", null, credentials, CLIENT_MS))
            .failed()
            .reason();
    assertTrue(reason.contains("controller 127.0.0.1:"), reason);
    assertTrue(reason.contains("the controller's certificate refused"), reason);
    assertTrue(reason.contains("other.example"), reason);
    lines.await("refusal peer=127.0.0.1:", "the peer does not accept our certificate");
  }

  @Test
  void aRefusalIsToldWithTheTimeToRetry() throws Exception {
    listen(
        USUAL,
        (peer, request) ->
            CompletableFuture.completedFuture(
                new ControllerDecision.Refused(StatusCode.SERVICE_UNAVAILABLE, "busy", 7)));
    Outcome.Failed failed = ask(hosts.host("hv-a")).failed();
    assertTrue(failed.reason().contains("503"), failed.reason());
    assertEquals(7, failed.retryAfterSeconds());
    assertTrue(failed.thread().startsWith("provisioning"), failed.thread());
    assertEquals(1, count(Event.REFUSED));
    assertEquals(0, count(Event.GRANTED));
  }

  @Test
  void anUnauthorisedCertificateGets401() throws Exception {
    listen(
        USUAL,
        (peer, request) ->
            CompletableFuture.completedFuture(
                new ControllerDecision.Refused(StatusCode.UNAUTHORIZED, "not its VM", 0)));
    String reason = ask(hosts.host("hv-b")).failed().reason();
    assertTrue(reason.contains("401 UNAUTHORIZED"), reason);
  }

  @Test
  void aDecisionThatFailsIsAnInternalError() throws Exception {
    listen(USUAL, (peer, request) -> CompletableFuture.failedFuture(new IOException("broken")));
    try (LogLines log = new LogLines(ControllerSession.class)) {
      String reason = ask(hosts.host("hv-a")).failed().reason();
      assertTrue(reason.contains("500"), reason);
      assertFalse(reason.contains("broken"), reason);
      log.await("a provisioning request could not be decided");
      assertEquals(1, log.warnings().size());
    }
  }

  @Test
  void aDecisionThatTakesTooLongEndsTheSession() throws Exception {
    CompletableFuture<ControllerDecision> never = new CompletableFuture<>();
    listen(new ControllerServer.Limits(100, 64, 3000), (peer, request) -> never);
    String reason = ask(hosts.host("hv-a")).failed().reason();
    assertTrue(reason.contains("closed the connection without an answer"), reason);
    lines.await("refusal", "subject=\"CN=hv-a\"", "session not done within 3000 ms");
    // Too late: nobody is there to be answered.
    never.complete(new ControllerDecision.Granted(TrialHosts.grant()));
    server.close();
    assertEquals(0, count(Event.GRANTED));
    assertEquals(1, count(Event.UNFINISHED));
  }

  @Test
  void aRevokedCertificateIsRefusedAfterAReload() throws Exception {
    listen(USUAL, this::grant);
    TlsCredentials credentials = hosts.host("hv-a");
    ask(credentials).granted();
    hosts.revoke("hv-a");
    server.credentials(TlsCredentials.load(serverFiles));
    String reason = ask(credentials).failed().reason();
    assertTrue(reason.contains("the controller does not accept our certificate"), reason);
    lines.await("refusal", "CN=hv-a", "revoked");
    assertEquals(1, count(Event.HANDSHAKES_FAILED));
    assertEquals(1, asked.size());
  }

  @Test
  void aRequestOfACertificateRevokedMeanwhileIsRefused() throws Exception {
    listen(USUAL, this::grant);
    TlsFiles files = hosts.files("hv-a", TrialRole.HOST, Duration.ofHours(1));
    SSLSocket socket = TrialHosts.connect(TrialHosts.context(files), server.address());
    try (socket) {
      socket.startHandshake();
      // The first response shows that the old credentials accepted the certificate.
      var exchange =
          new MobileNodeExchange(TrialHosts.request(), random);
      socket.getOutputStream().write(exchange.start());
      byte[] next = step(exchange, socket.getInputStream());
      hosts.revoke("hv-a");
      server.credentials(TlsCredentials.load(serverFiles));
      socket.getOutputStream().write(next);
      assertNull(step(exchange, socket.getInputStream()));
    }
    lines.await("refusal", "CN=hv-a", "its certificate was revoked");
    assertEquals(List.of(), asked);
    assertEquals(1, count(Event.REFUSED));
  }

  private static byte[] step(
      MobileNodeExchange exchange, InputStream stream)
      throws IOException {
    byte[] some = new byte[4096];
    while (true) {
      int octets = stream.read(some);
      if (octets < 0) {
        throw new IOException("closed");
      }
      var step = exchange.onOctets(ByteBuffer.wrap(some, 0, octets));
      if (step instanceof MobileNodeExchange.Step.Send send) {
        return send.octets();
      }
      if (step instanceof MobileNodeExchange.Step.Failed failed) {
        assertEquals(StatusCode.UNAUTHORIZED, failed.status());
        return null;
      }
    }
  }

  private void refusedBy(TlsFiles files, String... words) throws Exception {
    try (SSLSocket socket = TrialHosts.connect(TrialHosts.context(files), server.address())) {
      // The alert arrives although the client has data under way.
      IOException told =
          assertThrows(
              IOException.class,
              () -> {
                socket.startHandshake();
                socket.getOutputStream().write(new byte[100]);
                socket.getInputStream().read();
              });
      assertTrue(String.valueOf(told.getMessage()).contains("alert"), told.toString());
    }
    lines.await(words);
    assertEquals(1, count(Event.HANDSHAKES_FAILED));
    assertEquals(List.of(), asked);
  }

  @Test
  void nobodyWithoutACertificate() throws Exception {
    listen(USUAL, this::grant);
    refusedBy(null, "refusal peer=127.0.0.1:", "Empty client certificate chain");
  }

  @Test
  void nobodyWithAnExpiredCertificate() throws Exception {
    listen(USUAL, this::grant);
    refusedBy(
        hosts.files("old", TrialRole.HOST, Duration.ofSeconds(-60)),
        "refusal peer=127.0.0.1:", "CN=old", "expired");
  }

  @Test
  void nobodyWithACertificateOfAnotherAuthority() throws Exception {
    listen(USUAL, this::grant);
    TlsFiles other =
        new TrialHosts(directory.resolve("other"), "Other CA")
            .files("hv-a", TrialRole.HOST, Duration.ofHours(1));
    // The JDK's own client would not show it: the server says whose it wants.
    String reason =
        ask(TlsCredentials.load(
                new TlsFiles(serverFiles.authority(), other.certificate(), other.key(), null)))
            .failed()
            .reason();
    assertTrue(reason.contains("does not accept our certificate"), reason);
    lines.await("refusal peer=127.0.0.1:", "CN=hv-a", "no authority that is trusted here");
    assertEquals(1, count(Event.HANDSHAKES_FAILED));
    assertEquals(List.of(), asked);
  }

  @Test
  void nobodyWithAServersCertificate() throws Exception {
    listen(USUAL, this::grant);
    refusedBy(
        hosts.files("web", TrialRole.HOME_AGENT, Duration.ofHours(1)),
        "refusal peer=127.0.0.1:", "CN=web");
  }

  private SSLSocket authenticated() throws Exception {
    SSLSocket socket =
        TrialHosts.connect(
            TrialHosts.context(hosts.files("hv-a", TrialRole.HOST, Duration.ofHours(1))),
            server.address());
    open.add(socket);
    socket.startHandshake();
    return socket;
  }

  @Test
  void aTruncatedMessageIsAnAuditLine() throws Exception {
    listen(USUAL, this::grant);
    SSLSocket socket = authenticated();
    socket.getOutputStream().write(new byte[] {0, 1, 1, 0, 'm'});
    socket.close();
    lines.await("refusal peer=", "subject=\"CN=hv-a\"", "session closed by the peer");
    assertEquals(1, count(Event.UNFINISHED));
  }

  @Test
  void anOversizedMessageIsRefusedBeforeItHasCome() throws Exception {
    listen(USUAL, this::grant);
    SSLSocket socket = authenticated();
    socket.getOutputStream().write(new byte[] {0, 1, (byte) 0xff, (byte) 0xff});
    byte[] answer = socket.getInputStream().readAllBytes();
    assertTrue(new String(answer, StandardCharsets.US_ASCII).contains("400"));
    lines.await("refusal peer=", "subject=\"CN=hv-a\"", "not usable");
    assertEquals(1, count(Event.MALFORMED));
  }

  @Test
  void garbageCostsNoHandshake() throws Exception {
    listen(USUAL, this::grant);
    byte[][] all = {
      "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
      {22, 2},
      {22, 3, 1, 0, 0},
      {22, 3, 1, (byte) 0x40, 1},
      {22, 3, 1, 0, 100, 2},
      {(byte) 0x80, 46, 1, 3, 1}
    };
    for (byte[] garbage : all) {
      try (Socket socket = plain("127.0.0.1")) {
        for (byte octet : garbage) {
          socket.getOutputStream().write(octet);
        }
        assertEquals(-1, readOrReset(socket));
      }
      lines.await("refusal peer=127.0.0.1:", "not ");
    }
    assertEquals(all.length, count(Event.NOT_TLS));
    assertEquals(0, count(Event.HANDSHAKES));
  }

  @Test
  void aBrokenClientHelloIsAFailedHandshake() throws Exception {
    listen(USUAL, this::grant);
    try (Socket socket = plain("127.0.0.1")) {
      socket.getOutputStream().write(new byte[] {22, 3, 1, 0, 6, 1, 0, 0, 2, 9, 9});
      lines.await("refusal peer=127.0.0.1:", "TLS with the peer failed");
    }
    assertEquals(1, count(Event.HANDSHAKES_FAILED));
  }

  private static int readOrReset(Socket socket) {
    try {
      return socket.getInputStream().read();
    } catch (IOException e) {
      return -1;
    }
  }

  private Socket plain(String source) throws IOException {
    Socket socket =
        new Socket(
            server.address().getAddress(), server.address().getPort(),
            InetAddress.getByName(source), 0);
    socket.setSoTimeout(20_000);
    open.add(socket);
    return socket;
  }

  @Test
  void silentConnectionsDoNotKeepAnybodyOut() throws Exception {
    listen(new ControllerServer.Limits(100, 16, 60_000), this::grant);
    for (int i = 0; i < 200; i++) {
      plain("127.0.0.2");
    }
    ask(target("127.0.0.1", hosts.host("hv-a"))).granted();
    // Even out of the network that the flood comes from.
    ask(target("127.0.0.2", hosts.host("hv-b"))).granted();
    assertEquals(2, count(Event.HANDSHAKES));
    assertTrue(count(Event.CONNECTIONS_DISPLACED) >= 200 - 16, "displaced");
    lines.await("refusal peer=127.0.0.2:", "its place was needed");
    // The flood is a few lines, not hundreds.
    assertTrue(lines.all().size() < 100, "lines " + lines.all().size());
  }

  private ControllerClient.Target target(String source, TlsCredentials credentials)
      throws IOException {
    return new ControllerClient.Target(
        server.address(), "127.0.0.1", InetAddress.getByName(source), credentials, CLIENT_MS);
  }

  @Test
  void silenceEndsInTime() throws Exception {
    listen(new ControllerServer.Limits(100, 16, 200), this::grant);
    Socket socket = plain("127.0.0.2");
    assertEquals(-1, readOrReset(socket));
    lines.await("refusal peer=127.0.0.2:", "no ClientHello: not done within 200 ms");
    assertEquals(1, count(Event.CONNECTIONS_SILENT));
  }

  @Test
  void aFloodOfHandshakesIsHeldToTheRate() throws Exception {
    int perSecond = 4;
    listen(new ControllerServer.Limits(perSecond, 64, 30_000), this::grant);
    byte[] hello = clientHello();
    long beganNs = System.nanoTime();
    for (int i = 0; i < 60; i++) {
      plain("127.0.0.2").getOutputStream().write(hello);
    }
    ask(target("127.0.0.1", hosts.host("hv-a"))).granted();
    long handshakes = count(Event.HANDSHAKES);
    double seconds = (System.nanoTime() - beganNs) / 1e9;
    assertTrue(
        handshakes <= 1 + perSecond * seconds + 1,
        handshakes + " handshakes in " + seconds + " s");
    assertTrue(count(Event.HANDSHAKES_DELAYED) > 0, "delayed");
    assertEquals(1, asked.size());
  }

  private static byte[] clientHello() throws Exception {
    SSLEngine engine = TrialHosts.context(null).createSSLEngine();
    engine.setUseClientMode(true);
    ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    engine.wrap(ByteBuffer.allocate(0), out);
    return Arrays.copyOf(out.array(), out.position());
  }

  @Test
  void aClientHelloMayComeOctetByOctet() throws Exception {
    listen(USUAL, this::grant);
    Socket socket = plain("127.0.0.1");
    socket.setTcpNoDelay(true);
    for (byte octet : clientHello()) {
      socket.getOutputStream().write(octet);
    }
    // A ServerHello.
    assertEquals(22, socket.getInputStream().read());
    assertEquals(1, count(Event.HANDSHAKES));
  }

  @Test
  void manyAskAtOnce() throws Exception {
    LinkedBlockingQueue<String> threads = new LinkedBlockingQueue<>();
    listen(
        new ControllerServer.Limits(1000, 64, 30_000),
        (peer, request) -> {
          threads.add(Thread.currentThread().getName());
          return CompletableFuture.supplyAsync(
              () -> new ControllerDecision.Granted(TrialHosts.grant()));
        });
    TlsCredentials credentials = hosts.host("hv-a");
    List<Outcome> outcomes = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      outcomes.add(ask(credentials));
    }
    for (Outcome outcome : outcomes) {
      outcome.granted();
    }
    assertEquals(20, threads.size());
    assertTrue(threads.stream().allMatch(name -> name.startsWith("controller")));
  }

  @Test
  void aClientThatGaveUpHearsNothing() throws Exception {
    CompletableFuture<ControllerDecision> decision = new CompletableFuture<>();
    CompletableFuture<Boolean> reached = new CompletableFuture<>();
    listen(
        USUAL,
        (peer, request) -> {
          reached.complete(true);
          return decision;
        });
    Outcome outcome = new Outcome();
    ControllerClient client =
        ControllerClient.start(
            target(hosts.host("hv-a")), TrialHosts.request(), random, outcome);
    reached.get(20, TimeUnit.SECONDS);
    client.close();
    lines.await("refusal", "session closed by the peer");
    decision.complete(new ControllerDecision.Granted(TrialHosts.grant()));
    assertFalse(outcome.isSettled());
  }

  @Test
  void theAddressNeedNotBeThereYet() throws Exception {
    listen(USUAL, this::grant);
    server.close();
    server =
        new ControllerServer(
            USUAL,
            TlsCredentials.load(serverFiles),
            this::grant,
            new AuditLog(System::currentTimeMillis, System::nanoTime),
            random,
            System::currentTimeMillis);
    server.listen(new InetSocketAddress(InetAddress.getByName("2001:db8:ffff::1"), 0));
    assertTrue(server.address().getPort() > 0);
  }

  @Test
  void aPortThatIsTakenIsTold() throws Exception {
    listen(USUAL, this::grant);
    ControllerServer second =
        new ControllerServer(
            USUAL,
            TlsCredentials.load(serverFiles),
            this::grant,
            new AuditLog(System::currentTimeMillis, System::nanoTime),
            random,
            System::currentTimeMillis);
    try (second) {
      IOException refused =
          assertThrows(IOException.class, () -> second.listen(server.address()));
      assertTrue(
          refused.getMessage().startsWith("the controller cannot listen at 127.0.0.1:"),
          refused.getMessage());
    }
  }
}
