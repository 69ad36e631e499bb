package org.kagemusha.daemon.provision;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.provisioning.ProvisioningRequest;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.daemon.config.TlsFiles;
import org.kagemusha.daemon.tls.TlsCredentials;
import org.kagemusha.daemon.tls.TrialRole;

/** What a mobile node says when its controller is not what it should be. */
@Timeout(60)
class ControllerClientTest {

  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  @TempDir Path directory;
  private TrialHosts hosts;
  private TlsCredentials credentials;

  @BeforeEach
  void prepare() throws Exception {
    hosts = new TrialHosts(directory.resolve("ca"), "Trial CA");
    credentials = hosts.host("hv-a");
  }

  private Outcome.Failed attempt(InetAddress source, int port, int timeoutMs) throws Exception {
    Outcome outcome = new Outcome();
    ControllerClient client =
        ControllerClient.start(
            new ControllerClient.Target(
                new InetSocketAddress(LOOPBACK, port), "127.0.0.1", source, credentials,
                timeoutMs),
            TrialHosts.request(),
            new SecureRandom(),
            outcome);
    try (client) {
      return outcome.failed();
    }
  }

  private String reason(int port) throws Exception {
    String reason = attempt(null, port, 20_000).reason();
    assertTrue(reason.startsWith("controller 127.0.0.1:" + port + ": "), reason);
    assertFalse(reason.contains("\n"), reason);
    return reason;
  }

  @Test
  void nobodyListens() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, LOOPBACK)) {
      port = free.getLocalPort();
    }
    String reason = reason(port);
    assertTrue(reason.contains("connection refused: no controller listens there"), reason);
  }

  @Test
  void nobodyAnswers() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 1, LOOPBACK)) {
      String reason = attempt(null, silent.getLocalPort(), 300).reason();
      assertTrue(reason.contains("no answer within 300 ms to the TLS handshake"), reason);
    }
  }

  @Test
  void theCareOfAddressIsNotThere() throws Exception {
    Outcome.Failed failed = attempt(InetAddress.getByName("192.0.2.77"), 7872, 20_000);
    assertTrue(
        failed.reason().contains("this host does not have the address 192.0.2.77"),
        failed.reason());
  }

  @Test
  void theConnectionIsClosedAtOnce() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, LOOPBACK)) {
      CompletableFuture<Void> served =
          CompletableFuture.runAsync(
              () -> {
                try (Socket socket = server.accept()) {
                  socket.shutdownOutput();
                  socket.getInputStream().readAllBytes();
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      String reason = reason(server.getLocalPort());
      assertTrue(reason.contains("closed the connection before the TLS handshake"), reason);
      served.get(20, TimeUnit.SECONDS);
    }
  }

  private interface Talk {
    void with(SSLSocket socket) throws IOException;
  }

  /** What our client makes of a TLS server that is none of ours. */
  private String served(TlsFiles files, Talk talk) throws Exception {
    try (SSLServerSocket server =
        (SSLServerSocket)
            TrialHosts.context(files).getServerSocketFactory().createServerSocket(0, 1, LOOPBACK)) {
      CompletableFuture<Void> served =
          CompletableFuture.runAsync(
              () -> {
                try (SSLSocket socket = (SSLSocket) server.accept()) {
                  talk.with(socket);
                } catch (IOException e) {
                  // The client may well end it; what it says is what counts.
                  assertTrue(e.getMessage() != null);
                }
              });
      String reason = reason(server.getLocalPort());
      served.get(20, TimeUnit.SECONDS);
      return reason;
    }
  }

  private TlsFiles server(Duration validity) throws Exception {
    return hosts.files("ha", TrialRole.HOME_AGENT, validity, "ip:127.0.0.1");
  }

  @Test
  void itsCertificateHasExpired() throws Exception {
    String reason = served(server(Duration.ofSeconds(-60)), SSLSocket::startHandshake);
    assertTrue(reason.contains("the controller's certificate refused"), reason);
    assertTrue(reason.contains("it expired at "), reason);
  }

  @Test
  void itsCertificateIsOfAnotherAuthority() throws Exception {
    TlsFiles other =
        new TrialHosts(directory.resolve("other"), "Other CA").homeAgentFiles("ip:127.0.0.1");
    String reason = served(other, SSLSocket::startHandshake);
    assertTrue(reason.contains("no authority that is trusted here issued it"), reason);
  }

  @Test
  void itsCertificateWasRevoked() throws Exception {
    TlsFiles files = server(Duration.ofHours(1));
    hosts.revoke("ha");
    credentials =
        TlsCredentials.load(hosts.files("hv-b", TrialRole.HOST, Duration.ofHours(1)));
    String reason = served(files, SSLSocket::startHandshake);
    assertTrue(reason.contains("it was revoked"), reason);
  }

  @Test
  void itSpeaksOldTlsOnly() throws Exception {
    String reason =
        served(
            server(Duration.ofHours(1)),
            socket -> {
              socket.setEnabledProtocols(new String[] {"TLSv1.2"});
              socket.startHandshake();
            });
    assertTrue(reason.contains("the controller does not speak TLS 1.3"), reason);
  }

  @Test
  void whatItAnswersIsNoMessage() throws Exception {
    String reason =
        served(
            server(Duration.ofHours(1)),
            socket -> {
              socket.getInputStream().read(new byte[1000]);
              socket.getOutputStream().write("400 Bad\r\n".getBytes(StandardCharsets.US_ASCII));
            });
    assertTrue(reason.contains("the controller's response is not usable"), reason);
  }

  @Test
  void aRequestThatCannotBeSentIsAnErrorOfTheCaller() {
    ProvisioningRequest nobody =
        new ProvisioningRequest(
            "vm1@hv-a", List.<Ipv6Address>of(), null, true, TrialHosts.request().suites());
    assertThrows(
        IllegalArgumentException.class,
        () ->
            ControllerClient.start(
                new ControllerClient.Target(
                    new InetSocketAddress(LOOPBACK, 1), "127.0.0.1", null, credentials, 1000),
                nobody, new SecureRandom(), new Outcome()));
  }
}
