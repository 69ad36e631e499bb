package org.kagemusha.daemon.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.provisioning.Ciphersuite;
import org.kagemusha.core.wire.Ipv6Address;

/** Fresh keys and the three words for payload, in a VM's file. */
class ProvisioningConfigTest {

  private static final String FRESH = "[provisioning]\n";

  @TempDir Path directory;

  private VmConfig read(String text) throws Exception {
    return new ConfigFile(directory.resolve("credentials"))
        .readVm(ConfigTexts.write(directory, "vm7.toml", ConfigTexts.VM + text));
  }

  private void refused(String text, String expected) throws IOException {
    String problems = ConfigTexts.vmProblems(directory, text);
    assertTrue(problems.contains(expected), problems);
    assertEquals(1, problems.lines().count(), problems);
  }

  @Test
  void fillsInTheDefaults() throws Exception {
    VmConfig config = read(FRESH);
    Path libvirt = Path.of("/etc/pki/libvirt");
    assertEquals(
        new ProvisioningConfig(
            Ipv6Address.parse("2001:db8:2000::1"), 7872, "2001:db8:2000::1",
            new TlsFiles(
                Path.of("/etc/pki/CA/cacert.pem"), libvirt.resolve("clientcert.pem"),
                libvirt.resolve("private/clientkey.pem"), null),
            List.of(Ciphersuite.AES_256_GCM, Ciphersuite.AES_128_GCM), "vm7@kagemusha"),
        config.provisioning());
    assertEquals(
        new Protection(true, false, PayloadProtection.OPPORTUNISTIC, true), config.protection());
    assertEquals(Encapsulation.NONE, config.tunnel().encapsulation());
  }

  @Test
  void readsEveryKey() throws Exception {
    VmConfig config =
        read(
            """
            [provisioning]
            controller = "2001:db8:2000::7"
            port = 443
            server-name = "ha.example"
            ca = "/x/ca.pem"
            certificate = "/x/../y/cert.pem"
            key = "vm7.pem"
            crl = "/x/crl.der"
            algorithms = ["chacha20-poly1305", "aes-gcm-128"]
            identity = "web.1@hv-a.example"
            [protection]
            signalling = "esp"
            insecure = false
            payload = "required"
            [tunnel]
            encapsulation = "auto"
            """);
    assertEquals(
        new ProvisioningConfig(
            Ipv6Address.parse("2001:db8:2000::7"), 443, "ha.example",
            new TlsFiles(
                Path.of("/x/ca.pem"), Path.of("/y/cert.pem"),
                directory.resolve("credentials").resolve("vm7.pem"), Path.of("/x/crl.der")),
            List.of(Ciphersuite.CHACHA20_POLY1305, Ciphersuite.AES_128_GCM), "web.1@hv-a.example"),
        config.provisioning());
    assertEquals(PayloadProtection.REQUIRED, config.protection().payload());
    assertEquals(Encapsulation.AUTO, config.tunnel().encapsulation());
  }

  @Test
  void withoutTheSectionPayloadIsClearUnlessSaid() throws Exception {
    VmConfig config = read(ConfigTexts.CLEAR);
    assertNull(config.provisioning());
    assertEquals(
        new Protection(false, true, PayloadProtection.DISABLED, true), config.protection());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          controller = "fe80::1"       | [provisioning] controller: found "fe80::1"; expected
          port = 0                     | a whole number from 1 to 65535
          server-name = "ha example"   | expected a DNS name or an IPv6 address
          server-name = "2001:db8::g"  | expected a DNS name or an IPv6 address
          server-name = ""             | expected a DNS name or an IPv6 address
          ca = "pki/ca.pem"            | ca: found "pki/ca.pem"; expected an absolute path
          key = "vm1.pem"              | key: found "vm1.pem", but there is no $CREDENTIALS
          crl = ""                     | expected an absolute path, or the name of a
          algorithms = "aes-cbc-128"   | "aes-cbc-128"; expected one or more of "aes-gcm-128"
          algorithms = []              | algorithms: found none; expected one or more of
          algorithms = ["aes-gcm-128", "aes-gcm-128"] | found an algorithm twice; expected each once
          identity = "vm1"             | a network access identifier, such as "vm1@kagemusha"
          identity = "a b@example"     | a network access identifier
          certificat = "/x"            | did you mean "certificate"?
          """)
  void tellsWhatWasExpected(String line, String expected) throws IOException {
    refused(ConfigTexts.VM + FRESH + line + "\n", expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          payload = "none"  | payload: found "none"; expected "disabled", which means the same
          payload = "esp"   | payload: found "esp"; expected "required", which means the same
          payload = "requried" | did you mean "required"?
          insecure = true   | insecure: found true, but signalling is protected; expected false, or
          signalling = "none" | signalling: found "none" without insecure = true; expected "esp", or
          """)
  void checksProtection(String line, String expected) throws IOException {
    String keys = ConfigTexts.association("signalling", 1000);
    String payload = line.contains("esp") ? ConfigTexts.association("payload", 2000) : "";
    refused(
        ConfigTexts.VM + "[protection]\n" + line + "\n"
            + (line.startsWith("signalling") ? "" : keys + payload),
        "vm.toml:8: [protection] " + (line.contains("requried") ? "payload" : ""));
    refused(
        ConfigTexts.VM + "[protection]\n" + line + "\n"
            + (line.startsWith("signalling") ? "" : keys + payload),
        expected);
  }

  @Test
  void aWordThatIsNotKnownIsNotToldTwice() throws IOException {
    refused(
        ConfigTexts.VM + FRESH + "[protection]\nsignalling = \"nnoe\"\ninsecure = true\n",
        "did you mean \"none\"?");
  }

  @Test
  void freshKeysExcludeStaticOnes() throws IOException {
    refused(
        ConfigTexts.VM + FRESH + ConfigTexts.association("signalling", 1000),
        "association: found static keys beside [provisioning]; expected one or the other");
  }

  @Test
  void freshKeysProtectSignallingAlways() throws IOException {
    refused(
        ConfigTexts.VM + FRESH + ConfigTexts.CLEAR,
        "found \"none\" in [protection] together with [provisioning]; expected \"esp\"");
  }

  @Test
  void staticKeysLeaveNoOpportunity() throws IOException {
    refused(
        ConfigTexts.VM + "[protection]\npayload = \"opportunistic\"\n"
            + ConfigTexts.association("signalling", 1000),
        "found \"opportunistic\" without [provisioning]; expected \"required\" or \"disabled\"");
  }

  @ParameterizedTest
  @CsvSource({"udp", "auto"})
  void rfc3948_udpCarriesEspOnly(String word) throws IOException {
    String tunnel = "[tunnel]\nencapsulation = \"" + word + "\"\n";
    refused(
        ConfigTexts.VM + tunnel + ConfigTexts.CLEAR,
        "encapsulation: found \"" + word + "\" without [provisioning]; expected \"none\"");
    refused(
        ConfigTexts.VM + tunnel + FRESH + "[protection]\npayload = \"disabled\"\n",
        "found \"" + word + "\" with payload = \"disabled\" in [protection]; expected \"none\"");
  }

  @Test
  void signallingNeedsKeysOfOneKind() throws IOException {
    refused(
        ConfigTexts.VM,
        "found no keys for signalling of 2001:db8:2000::10; expected [provisioning], or an assoc");
  }
}
