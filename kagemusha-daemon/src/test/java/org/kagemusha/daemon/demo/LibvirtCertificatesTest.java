package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The certificates that a libvirt host has: made by GnuTLS's certtool, with the templates that
 * libvirt's documentation gives, RSA keys with text in front, and no alternative name for the
 * client.
 */
@Tag("netns")
class LibvirtCertificatesTest {

  private static final String AUTHORITY = """
      cn = Example Hosting
      ca
      cert_signing_key
      expiration_days = 700
      """;

  private static final String SERVER = """
      organization = Example Hosting
      cn = ha.example
      dns_name = ha.example
      dns_name = ha
      ip_address = 192.0.2.1
      ip_address = 2001:db8:2000::1
      tls_www_server
      encryption_key
      signing_key
      """;

  private static final String CLIENT = """
      country = GB
      state = London
      locality = London
      organization = Example Hosting
      cn = hv-b.example
      tls_www_client
      encryption_key
      signing_key
      """;

  private static final String CLIENT_NAME =
      "CN=hv-b.example,O=Example Hosting,L=London,ST=London,C=GB";

  @TempDir Path directory;

  @Test
  void aHostsPresentCertificatesServeAsTheyAre() throws Exception {
    final Path authority = key("cakey");
    Path trusted = directory.resolve("cacert.pem");
    certtool(
        "--generate-self-signed", "--load-privkey", authority.toString(), "--template",
        template("ca", AUTHORITY), "--outfile", trusted.toString());
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.required, "off")) {
      DemoConfiguration configuration = laboratory.configuration;
      configuration.hosts(List.of("b"));
      use(configuration, "ha", "controller", issue("server", SERVER, authority, trusted));
      use(configuration, "b", "provisioning", issue("client", CLIENT, authority, trusted));
      configuration.set("ha", "[host]", "san", null);
      configuration.set("ha", "[host]", "subject", "\"" + CLIENT_NAME + "\"");

      DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      DaemonProcess b = laboratory.daemonB();
      laboratory.guestToB();
      Laboratory.eventually(
          "the guest is reached abroad",
          () ->
              laboratory
                  .pingFromGuest("-c", "1", "-W", "1", Topology.CORRESPONDENT)
                  .contains(" 0% packet loss"));
      Laboratory.awaitState(b, "registered");
      assertEquals(
          List.of(Laboratory.text(b.ask("status json"), "care_of")),
          Laboratory.careOf(agent, Topology.HOME_ADDRESS));
      String log = Files.readString(agent.log());
      assertTrue(
          log.lines().anyMatch(line -> line.contains("grant ") && line.contains(CLIENT_NAME)),
          log);
    }
  }

  /** The documentation has {@code (umask 277 && certtool --generate-privkey > serverkey.pem)}. */
  private Path key(String name) throws IOException {
    Path file = directory.resolve(name + ".pem");
    Shell.run(
        "sh", "-c", "umask 277 && certtool --generate-privkey --rsa 2>/dev/null > " + file);
    assertTrue(Files.readString(file).contains("RSA"), "an RSA key");
    return file;
  }

  /** The name of a certificate and of its key, without {@code cert.pem} and {@code key.pem}. */
  private String issue(String name, String text, Path authority, Path trusted)
      throws IOException {
    Path key = key(name + "key");
    certtool(
        "--generate-certificate", "--load-privkey", key.toString(), "--load-ca-certificate",
        trusted.toString(), "--load-ca-privkey", authority.toString(), "--template",
        template(name, text), "--outfile", directory.resolve(name + "cert.pem").toString());
    return directory.resolve(name).toString();
  }

  private String template(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name + ".info"), text).toString();
  }

  private static void certtool(String... arguments) throws IOException {
    String[] command = new String[arguments.length + 1];
    command[0] = "certtool";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    Shell.run(command);
  }

  private void use(DemoConfiguration configuration, String daemon, String section, String files) {
    configuration.set(
        daemon, section, "ca", "\"" + directory.resolve("cacert.pem") + "\"");
    configuration.set(daemon, section, "certificate", "\"" + files + "cert.pem\"");
    configuration.set(daemon, section, "key", "\"" + files + "key.pem\"");
    configuration.set(daemon, section, "crl", null);
  }
}
