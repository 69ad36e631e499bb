package org.kagemusha.daemon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.daemon.Main;
import org.kagemusha.daemon.config.TlsFiles;
import org.kagemusha.daemon.tls.CredentialException;
import org.kagemusha.daemon.tls.TlsCredentials;

/** The authority for trials; openssl and certtool bear witness. */
class PkiCommandTest {

  @TempDir Path parent;
  private Path directory;
  private String output;
  private String errors;

  private int run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status = Main.run(new PrintWriter(out), new PrintWriter(err), arguments);
    output = out.toString();
    errors = err.toString();
    return status;
  }

  private void pki(String verb, String... more) {
    List<String> words = new ArrayList<>(List.of("pki", verb, directory.toString()));
    words.addAll(List.of(more));
    assertEquals(0, run(words.toArray(new String[0])), () -> errors);
  }

  private void init() {
    directory = parent.resolve("pki");
    pki("init", "--name", "Trial \"CA\", Example");
  }

  private String witness(int status, String... command) throws Exception {
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().close();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(status, process.exitValue(), text);
    return text;
  }

  private String mode(String name) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve(name)));
  }

  @Test
  void opensslBelievesWhatIsIssued() throws Exception {
    init();
    pki("issue", "hv-a", "--san", "dns:hv-a.example", "--san", "ip:2001:DB8:0::1", "--days", "3");
    pki("issue", "ha", "--role", "home-agent");
    witness(0, "openssl", "verify", "-x509_strict", "-check_ss_sig", "-CAfile", "cacert.pem",
        "-CRLfile", "cacrl.pem", "-crl_check", "-purpose", "sslclient", "-verify_ip",
        "2001:db8::1", "hv-a-cert.pem");
    witness(0, "openssl", "verify", "-x509_strict", "-CAfile", "cacert.pem", "-purpose",
        "sslserver", "-verify_hostname", "ha", "ha-cert.pem");
    witness(2, "openssl", "verify", "-CAfile", "cacert.pem", "-purpose", "sslserver",
        "hv-a-cert.pem");
    witness(2, "openssl", "verify", "-CAfile", "cacert.pem", "-purpose", "sslclient",
        "ha-cert.pem");
    assertTrue(
        witness(0, "openssl", "crl", "-in", "cacrl.pem", "-CAfile", "cacert.pem", "-noout")
            .contains("verify OK"));
    witness(0, "openssl", "pkey", "-in", "hv-a-key.pem", "-check", "-noout");
    String text = witness(0, "openssl", "x509", "-in", "cacert.pem", "-noout", "-text");
    for (String word :
        List.of("CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign", "ecdsa-with-SHA256",
            "Subject Key Identifier", "Authority Key Identifier", "prime256v1")) {
      assertTrue(text.contains(word), text);
    }
  }

  @Test
  void certtoolBelievesWhatIsIssued() throws Exception {
    init();
    pki("issue", "hv-a");
    String text;
    try {
      text = witness(0, "certtool", "--verify", "--load-ca-certificate", "cacert.pem", "--infile",
          "hv-a-cert.pem");
    } catch (IOException e) {
      Assumptions.abort("certtool is not installed");
      return;
    }
    assertTrue(text.contains("The certificate is trusted"), text);
    text = witness(0, "certtool", "--verify-crl", "--load-ca-certificate", "cacert.pem",
        "--infile", "cacrl.pem");
    assertTrue(text.contains("Verified"), text);
  }

  @Test
  void theRevokedIsRevokedInTheEyesOfAll() throws Exception {
    init();
    pki("issue", "hv-a");
    pki("issue", "hv-b");
    pki("issue", "ha", "--role", "both");
    pki("revoke", directory + "/hv-b-cert.pem");
    pki("revoke", directory + "/hv-a-cert.pem");
    assertTrue(output.contains("cacrl.pem"), output);
    pki("revoke", directory + "/hv-a-cert.pem");
    assertTrue(output.contains("on the list already"), output);
    for (String lost : List.of("hv-a", "hv-b")) {
      String text =
          witness(2, "openssl", "verify", "-CAfile", "cacert.pem", "-CRLfile", "cacrl.pem",
              "-crl_check", lost + "-cert.pem");
      assertTrue(text.contains("certificate revoked"), text);
    }
    String list =
        witness(0, "openssl", "crl", "-in", "cacrl.pem", "-CAfile", "cacert.pem", "-noout",
            "-text");
    assertTrue(list.contains("verify OK"), list);
    assertTrue(list.replaceAll("\\s+", " ").contains("CRL Number: 3"), list);
    TlsCredentials agent = load("ha");
    assertTrue(agent.isRevoked(load("hv-a").identity()));
    assertTrue(agent.isRevoked(load("hv-b").identity()));
    assertFalse(agent.isRevoked(agent.identity()));
  }

  private TlsCredentials load(String name) throws CredentialException {
    return TlsCredentials.load(
        new TlsFiles(
            directory.resolve("cacert.pem"),
            directory.resolve(name + "-cert.pem"),
            directory.resolve(name + "-key.pem"),
            directory.resolve("cacrl.pem")));
  }

  @Test
  void keysAreTheirOwnersAlone() throws Exception {
    init();
    pki("issue", "hv-a");
    assertEquals("rwx------", mode("."));
    assertEquals("rw-------", mode("cakey.pem"));
    assertEquals("rw-------", mode("hv-a-key.pem"));
    assertEquals("rw-r--r--", mode("cacert.pem"));
    assertEquals("rw-r--r--", mode("hv-a-cert.pem"));
    assertEquals("rw-r--r--", mode("cacrl.pem"));
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(5, files.count(), "no temporary file stays");
    }
  }

  @Test
  void whatIsToldToBeWrittenIntoTheConfigurationIsThere() {
    init();
    pki("issue", "hv-a", "--role", "both", "--san", "dns:hv-a.example");
    for (String line :
        List.of("[provisioning]", "[controller]", "[[host]]", "name = \"hv-a\"",
            "subject = \"CN=hv-a\"", "issuer = \"CN=Trial \\\\\\\"CA\\\\\\\"\\\\, Example\"",
            "ca = \"" + directory + "/cacert.pem\"",
            "certificate = \"" + directory + "/hv-a-cert.pem\"",
            "key = \"" + directory + "/hv-a-key.pem\"", "crl = \"" + directory + "/cacrl.pem\"",
            "server-name = \"hv-a.example\"")) {
      assertTrue(output.lines().anyMatch(line::equals), line + " in\n" + output);
    }
  }

  @Test
  void nothingIsOverwritten() throws Exception {
    init();
    String key = Files.readString(directory.resolve("cakey.pem"));
    assertEquals(1, run("pki", "init", directory.toString()));
    assertTrue(errors.contains("exists already"), errors);
    assertEquals(key, Files.readString(directory.resolve("cakey.pem")));
    pki("issue", "hv-a");
    assertEquals(1, run("pki", "issue", directory.toString(), "hv-a"));
    assertTrue(errors.contains("hv-a-cert.pem: exists already"), errors);
    Files.delete(directory.resolve("hv-a-cert.pem"));
    assertEquals(1, run("pki", "issue", directory.toString(), "hv-a"));
    assertTrue(errors.contains("hv-a-key.pem: exists already"), errors);
  }

  @Test
  void failuresAreTold() throws Exception {
    init();
    Path other = parent.resolve("other");
    assertEquals(1, run("pki", "issue", other.toString(), "hv-a"));
    assertTrue(errors.contains("cacert.pem: no such file"), errors);
    assertEquals(1, run("pki", "init", other.resolve("deep").toString()));
    assertTrue(errors.contains("no such file"), errors);
    assertEquals(0, run("pki", "init", other.toString()));
    assertEquals(0, run("pki", "issue", other.toString(), "hv-x"));
    Path stranger = other.resolve("hv-x-cert.pem");
    assertEquals(1, run("pki", "revoke", directory.toString(), stranger.toString()));
    assertTrue(errors.contains(stranger + ": not issued by"), errors);
    assertEquals(1, run("pki", "revoke", directory.toString(), directory + "/none"));
    Files.copy(other.resolve("cacrl.pem"), directory.resolve("cacrl.pem"),
        StandardCopyOption.REPLACE_EXISTING);
    pki("issue", "hv-a");
    assertEquals(
        1, run("pki", "revoke", directory.toString(), directory + "/hv-a-cert.pem"));
    assertTrue(errors.contains("not this authority's list"), errors);
    Files.copy(other.resolve("cakey.pem"), directory.resolve("cakey.pem"),
        StandardCopyOption.REPLACE_EXISTING);
    assertEquals(1, run("pki", "issue", directory.toString(), "hv-c"));
    assertTrue(errors.contains("cakey.pem: not the EC key of"), errors);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "pki", "pki init", "pki issue DIR", "pki issue DIR ../x", "pki issue DIR .x",
        "pki issue DIR x --san example", "pki issue DIR x --san ip:2001:db8::x",
        "pki issue DIR x --san dns:a_b", "pki issue DIR x --days 0", "pki issue DIR x --role king",
        "pki init DIR/new --days 99999", "pki init DIR/new --name "
      })
  void wrongUsageIsStatusTwo(String line) {
    init();
    String[] words = line.replace("DIR", directory.toString()).split(" ", -1);
    assertEquals(2, run(words), () -> errors);
    assertTrue(!errors.isEmpty());
    assertThrows(
        CredentialException.class, () -> load("x"), "nothing was issued");
  }
}
