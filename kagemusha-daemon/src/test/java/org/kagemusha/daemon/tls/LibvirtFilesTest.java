package org.kagemusha.daemon.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.daemon.config.TlsFiles;

/** What certtool makes as libvirt's documentation says does for both ends. */
class LibvirtFilesTest {

  @TempDir Path directory;

  private void make(String name, String... template) throws Exception {
    certtool("--generate-privkey", "--key-type", "rsa", "--bits", "2048", "--outfile",
        name + "key.pem");
    Files.writeString(directory.resolve(name + ".info"), String.join("\n", template) + "\n");
    certtool("--generate-certificate", "--load-privkey", name + "key.pem",
        "--load-ca-certificate", "cacert.pem", "--load-ca-privkey", "cakey.pem", "--template",
        name + ".info", "--outfile", name + "cert.pem");
  }

  private void certtool(String... arguments) throws Exception {
    String[] command = new String[arguments.length + 1];
    command[0] = "certtool";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    TestPki.run(directory, 0, command);
  }

  private TlsFiles files(String name, String list) {
    return new TlsFiles(
        directory.resolve("cacert.pem"),
        directory.resolve(name + "cert.pem"),
        directory.resolve(name + "key.pem"),
        list == null ? null : directory.resolve(list));
  }

  private static boolean installed() {
    try {
      new ProcessBuilder("certtool", "--version").start().destroy();
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void theFilesOfALibvirtHostServe() throws Exception {
    assumeTrue(installed(), "certtool is not installed");
    certtool("--generate-privkey", "--key-type", "rsa", "--bits", "2048", "--outfile",
        "cakey.pem");
    Files.writeString(directory.resolve("ca.info"), "cn = Libvirt CA\nca\ncert_signing_key\n");
    certtool("--generate-self-signed", "--load-privkey", "cakey.pem", "--template", "ca.info",
        "--outfile", "cacert.pem");
    make("server", "organization = Example", "cn = compute1.example", "dns_name = compute1",
        "dns_name = compute1.example", "ip_address = 2001:db8::74", "tls_www_server",
        "encryption_key", "signing_key");
    make("client", "country = GB", "state = London", "organization = Example", "cn = client1",
        "tls_www_client", "encryption_key", "signing_key");
    String key = Files.readString(directory.resolve("clientkey.pem"));
    assertTrue(key.contains("-----BEGIN RSA PRIVATE KEY-----"), "PKCS #1");
    assertFalse(key.startsWith("-----BEGIN"), "text in front");

    TlsCredentials server = TlsCredentials.load(files("server", null));
    TlsCredentials client = TlsCredentials.load(files("client", null));
    assertEquals("CN=client1,O=Example,ST=London,C=GB", client.identity().subject());
    assertEquals(
        List.of("dns:compute1", "dns:compute1.example", "ip:2001:db8::74"),
        server.identity().alternativeNames());
    for (String name : List.of("compute1", "compute1.example", "2001:DB8:0::74")) {
      Connection connection = connect(client, name, server);
      assertTrue(connection.works(), connection::clientErrors);
    }
    assertFalse(connect(server, "compute1", server).works(), "no client's certificate");
    assertFalse(connect(client, "compute1", client).works(), "no server's certificate");

    Files.writeString(directory.resolve("crl.info"), "crl_next_update = 30\ncrl_number = 1\n");
    certtool("--generate-crl", "--load-ca-privkey", "cakey.pem", "--load-ca-certificate",
        "cacert.pem", "--load-certificate", "clientcert.pem", "--template", "crl.info",
        "--outfile", "cacrl.pem");
    TlsCredentials strict = TlsCredentials.load(files("server", "cacrl.pem"));
    assertTrue(strict.isRevoked(client.identity()));
    assertFalse(connect(client, "compute1", strict).works());
  }

  private static Connection connect(TlsCredentials client, String name, TlsCredentials server) {
    return new Connection(
        client.clientHandler(ByteBufAllocator.DEFAULT, name, 7872),
        server.serverHandler(ByteBufAllocator.DEFAULT));
  }
}
