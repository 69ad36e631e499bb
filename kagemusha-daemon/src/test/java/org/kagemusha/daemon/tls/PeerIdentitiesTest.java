package org.kagemusha.daemon.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.provisioning.PeerIdentity;

/** Names as rules are written against them. */
class PeerIdentitiesTest {

  @TempDir Path directory;

  private X509Certificate certificate(String subject, String names) throws Exception {
    TestPki.run(
        directory, 0, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem", "-subj", subject, "-addext",
        "subjectAltName=" + names, "-set_serial", "0x00FF10", "-out", "cert.pem", "-utf8");
    byte[] octets = Files.readAllBytes(directory.resolve("cert.pem"));
    return (X509Certificate)
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(octets));
  }

  @Test
  void namesAreCanonical() throws Exception {
    PeerIdentity peer =
        PeerIdentities.of(
            certificate(
                "/C=GB/L=London/O=Example, Inc./CN=hv-a.example",
                "DNS:HV-A.Example,IP:2001:DB8:0:0:0:0:0:1,IP:192.0.2.7,IP:::ffff:192.0.2.7,"
                    + "URI:https://hv-a.example/Id,email:Root@hv-a.example,RID:1.2.3.4"));
    assertEquals("CN=hv-a.example,O=Example\\, Inc.,L=London,C=GB", peer.subject());
    assertEquals(peer.subject(), peer.issuer());
    assertEquals("ff10", peer.serial());
    assertEquals(
        List.of(
            "dns:hv-a.example", "ip:2001:db8::1", "ip:192.0.2.7", "ip:192.0.2.7",
            "uri:https://hv-a.example/Id", "email:Root@hv-a.example"),
        peer.alternativeNames());
  }

  @Test
  void opensslWritesTheSameName() throws Exception {
    X509Certificate certificate =
        certificate("/O=Ex\"am\\+ple, Inc./OU=#a=b#c=/CN= a;<v>\\\\= ", "DNS:a");
    String told =
        TestPki.run(
            directory, 0, "openssl", "x509", "-in", "cert.pem", "-noout", "-subject", "-nameopt",
            "RFC2253,-esc_msb,utf8");
    assertEquals(told.strip(), "subject=" + PeerIdentities.of(certificate).subject());
  }

  @Test
  void aNameCannotBeginALineInALog() {
    String name = PeerIdentities.name(new X500Principal("CN=hv\\0Agrant host\\3Dhv-b"));
    assertEquals("CN=hv\\0Agrant host=hv-b", name);
    assertEquals(new X500Principal(name), new X500Principal("CN=hv\\0Agrant host\\3Dhv-b"));
  }
}
