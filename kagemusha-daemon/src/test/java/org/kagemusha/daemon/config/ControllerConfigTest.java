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

/** The controller, hosts, and who may have keys, in a home agent's file. */
class ControllerConfigTest {

  private static final String CONTROLLER = "[controller]\n";
  private static final String HOST = "[[host]]\nname = \"hv-a\"\nsubject = \"CN=hv-a\"\n";
  private static final String NODE =
      "[[mobile-node]]\nname = \"vm1\"\nhome-address = \"2001:db8:2000::10\"\n";
  private static final String HOSTS = "hosts = \"hv-a\"\n";
  private static final String KEYS =
      ConfigTexts.association("signalling", 1000).replace("[[a", "[[mobile-node.a");

  @TempDir Path directory;

  private HomeAgentConfig read(String text) throws Exception {
    return new ConfigFile(directory.resolve("credentials"))
        .readHomeAgent(ConfigTexts.write(directory, "home.toml", ConfigTexts.HOME_AGENT + text));
  }

  private void refused(String text, String expected) throws IOException {
    String problems = ConfigTexts.homeAgentProblems(directory, ConfigTexts.HOME_AGENT + text);
    assertTrue(problems.contains(expected), problems);
    assertEquals(1, problems.lines().count(), problems);
  }

  @Test
  void fillsInTheDefaults() throws Exception {
    HomeAgentConfig config = read(CONTROLLER);
    Path libvirt = Path.of("/etc/pki/libvirt");
    assertEquals(
        new ControllerConfig(
            Ipv6Address.parse("2001:db8:2000::1"), 7872,
            new TlsFiles(
                Path.of("/etc/pki/CA/cacert.pem"), libvirt.resolve("servercert.pem"),
                libvirt.resolve("private/serverkey.pem"), null),
            List.of(Ciphersuite.AES_256_GCM, Ciphersuite.AES_128_GCM), 3600, 4_294_967_296L,
            68_719_476_736L, 5, 10, 64, 5000),
        config.controller());
    assertEquals(4500, config.encapsulationPort());
  }

  @Test
  void withoutTheSectionNothingListens() throws Exception {
    HomeAgentConfig config = read("");
    assertNull(config.controller());
    assertEquals(0, config.encapsulationPort());
  }

  @Test
  void readsEveryKey() throws Exception {
    HomeAgentConfig config =
        read(
            """
            [controller]
            listen = "2001:db8:1::1"
            port = 443
            ca = "ca.pem"
            certificate = "/x/cert.pem"
            key = "key.pem"
            crl = "/x/crl.pem"
            algorithms = "chacha20-poly1305"
            association-lifetime = "10s"
            maximum-packets = 1000
            maximum-octets = "1MiB"
            grace = "9s"
            handshakes-per-second = 1
            maximum-connections = 2
            handshake-timeout = "250ms"
            [encapsulation]
            udp = true
            port = 4501
            """);
    Path credentials = directory.resolve("credentials");
    assertEquals(
        new ControllerConfig(
            Ipv6Address.parse("2001:db8:1::1"), 443,
            new TlsFiles(
                credentials.resolve("ca.pem"), Path.of("/x/cert.pem"),
                credentials.resolve("key.pem"), Path.of("/x/crl.pem")),
            List.of(Ciphersuite.CHACHA20_POLY1305), 10, 1000, 1 << 20, 9, 1, 2, 250),
        config.controller());
    assertEquals(4501, config.encapsulationPort());
    assertEquals(0, read(CONTROLLER + "[encapsulation]\nudp = false\n").encapsulationPort());
    assertEquals(70_000, read(CONTROLLER + "maximum-octets = 70000\n").controller()
        .maximumOctets());
  }

  @Test
  void hostsHaveOneFormOfTheirNames() throws Exception {
    HomeAgentConfig config =
        read(
            CONTROLLER
                + """
                [[mobile-node]]
                name = "vm1"
                home-address = "2001:db8:2000::10"
                hosts = ["hv-a", "hv-c", "hv-d"]
                [[mobile-node]]
                name = "vm2"
                home-address = "2001:db8:2000::20"
                payload = "required"
                hosts = "hv-b"
                [[host]]
                name = "hv-a"
                subject = "cn = hv-a.example ,  o=\\"Example, Inc.\\""
                issuer = "CN=Example CA, O=Example"
                [[host]]
                name = "hv-b"
                san = "dns:HV-B.Example"
                [[host]]
                name = "hv-c"
                san = "ip:2001:DB8:0:0::0001"
                [[host]]
                name = "hv-d"
                san = "ip:192.0.2.1"
                [[host]]
                name = "unused"
                san = "uri:spiffe://example/hv"
                """);
    MobileNodeConfig first = config.mobileNodes().get(0);
    assertEquals("CN=hv-a.example,O=Example\\, Inc.", first.hosts().get(0).subject());
    assertEquals("CN=Example CA,O=Example", first.hosts().get(0).issuer());
    assertEquals("ip:2001:db8::1", first.hosts().get(1).alternativeName());
    assertEquals("ip:192.0.2.1", first.hosts().get(2).alternativeName());
    assertEquals(PayloadProtection.OPPORTUNISTIC, first.payload());
    MobileNodeConfig second = config.mobileNodes().get(1);
    assertEquals("dns:hv-b.example", second.hosts().get(0).alternativeName());
    assertNull(second.hosts().get(0).subject());
    assertEquals(PayloadProtection.REQUIRED, second.payload());
  }

  @Test
  void payloadOfAMobileNodeIsWhatItsKeysAllowUnlessSaid() throws Exception {
    String both = CONTROLLER + "%s" + HOST + NODE + HOSTS + NODE.replace("vm1", "vm2") + KEYS;
    HomeAgentConfig unsaid = read(String.format(both, ""));
    assertEquals(PayloadProtection.OPPORTUNISTIC, unsaid.mobileNodes().get(0).payload());
    assertEquals(PayloadProtection.DISABLED, unsaid.mobileNodes().get(1).payload());
    HomeAgentConfig said = read(String.format(both, "[protection]\npayload = \"disabled\"\n"));
    assertEquals(PayloadProtection.DISABLED, said.mobileNodes().get(0).payload());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          listen = "::"                 | expected a routable IPv6 unicast address
          port = 65536                  | a whole number from 1 to 65535
          key = "x"                     | found "x", but there is no $CREDENTIALS
          algorithms = ["null"]         | found "null"; expected one or more of "aes-gcm-128"
          association-lifetime = "9s"   | a duration from "10s" to "7d"
          association-lifetime = "8d"   | a duration from "10s" to "7d"
          maximum-packets = 15          | a whole number from 16 to 281474976710656
          maximum-octets = "1KiB"       | octets from "64KiB" to "1024TiB" (units KiB, Mi
          maximum-octets = "64 GB"      | octets from "64KiB"
          maximum-octets = 1            | octets from "64KiB"
          maximum-octets = true         | octets from "64KiB"
          grace = "61s"                 | a duration from "1s" to "1m"
          handshakes-per-second = 0     | a whole number from 1 to 10000
          maximum-connections = 0       | a whole number from 1 to 10000
          handshake-timeout = "99ms"    | a duration from "100ms" to "1m"
          """)
  void tellsWhatWasExpected(String line, String expected) throws IOException {
    refused(CONTROLLER + line + "\n", expected);
  }

  @Test
  void graceEndsBeforeTheKeys() throws IOException {
    refused(
        CONTROLLER + "association-lifetime = \"10s\"\ngrace = \"10s\"\n",
        "grace: found 10s; expected less than association-lifetime, 10s");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          subject = "hv-a.example"        | a distinguished name, most specific part first
          subject = "/O=Example/CN=hv-a"  | a distinguished name
          subject = ""                    | a distinguished name
          san = "hv-b.example"            | "dns:NAME", "ip:ADDRESS", "uri:URI" or "email:ADDRESS"
          san = "dns:"                    | "dns:NAME", "ip:ADDRESS", "uri:URI" or "email:ADDRESS"
          san = "ip:10.0.0"               | "dns:NAME", "ip:ADDRESS", "uri:URI" or "email:ADDRESS"
          san = "ip:hv-b"                 | "dns:NAME", "ip:ADDRESS", "uri:URI" or "email:ADDRESS"
          issuer = "x"                    | subject: missing, and san too; expected at least one
          """)
  void checksHosts(String line, String expected) throws IOException {
    String problems =
        ConfigTexts.homeAgentProblems(
            directory,
            ConfigTexts.HOME_AGENT + CONTROLLER + "[[host]]\nname = \"hv-b\"\n" + line + "\n"
                + NODE + "hosts = \"hv-b\"\n");
    assertTrue(problems.contains(expected), problems);
    assertEquals(line.startsWith("issuer") ? 2 : 1, problems.lines().count(), problems);
  }

  @Test
  void aHostHasANameOfItsOwn() throws IOException {
    refused(
        CONTROLLER + HOST + HOST,
        "[[host]] name: found \"hv-a\", which line 8 uses already; expected a name of its own");
    refused(CONTROLLER + HOST.replace("hv-a\"\ns", "hv a\"\ns"), "[[host]] name: found \"hv a\"");
    refused(CONTROLLER + HOST.replace("name = \"hv-a\"", ""), "[[host]] name: missing");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          hosts = ["hv-a", "hv-A"]  | hosts: found "hv-A"; expected one of "hv-a"; did you mean "hv
          hosts = ["hv-a", "hv-a"]  | hosts: found "hv-a" twice; expected each once
          hosts = [1]               | hosts: found 1; expected the name of a [[host]]
          payload = "esp"~hosts = "hv-a" | payload: found "esp"; expected "required"
          """)
  void checksWhoMayHaveKeys(String lines, String expected) throws IOException {
    refused(CONTROLLER + HOST + NODE + lines.replace('~', '\n') + "\n", expected);
  }

  @Test
  void hostsNeedAController() throws IOException {
    refused(HOST + NODE + HOSTS, "hosts: found hosts without a section [controller]");
  }

  @Test
  void hostsExcludeStaticKeys() throws IOException {
    refused(
        CONTROLLER + HOST + NODE + HOSTS + KEYS,
        "[[mobile-node]] association: found static keys beside hosts; expected one or the other");
  }

  @Test
  void freshKeysProtectSignallingAlways() throws IOException {
    refused(
        CONTROLLER + HOST + ConfigTexts.CLEAR + NODE + HOSTS,
        "signalling: found \"none\" in [protection] together with hosts; expected \"esp\"");
  }

  @Test
  void staticKeysLeaveNoOpportunity() throws IOException {
    refused(
        NODE + "payload = \"opportunistic\"\n" + KEYS,
        "[[mobile-node]] payload: found \"opportunistic\" without hosts; expected \"required\"");
    refused(
        "[protection]\npayload = \"opportunistic\"\n" + NODE + KEYS,
        "[[mobile-node]] payload: found \"opportunistic\" without hosts; expected \"required\"");
  }

  @Test
  void aMobileNodeNeedsKeysOfOneKind() throws IOException {
    refused(
        CONTROLLER + HOST + NODE,
        "found no keys for signalling of 2001:db8:2000::10; expected hosts, or an association");
    refused(
        CONTROLLER + HOST + NODE.replace("::10", "::/65"),
        "hosts: missing, and associations too; expected one or the other");
  }

  @Test
  void encapsulationIsTheMobileNodesChoice() throws IOException {
    refused("[tunnel]\nencapsulation = \"udp\"\n", "encapsulation: unknown key");
    refused("[encapsulation]\nport = 0\n", "a whole number from 1 to 65535");
  }
}
