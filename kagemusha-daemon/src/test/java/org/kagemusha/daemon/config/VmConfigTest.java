package org.kagemusha.daemon.config;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.List;
import java.util.logging.Level;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.mobility.MobileNodeSettings.Location;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;

class VmConfigTest {

  @TempDir Path directory;

  private VmConfig read(String text) throws Exception {
    return new ConfigFile((Path) null).readVm(ConfigTexts.write(directory, "vm7.toml", text));
  }

  @Test
  void fillsInTheDefaults() throws Exception {
    VmConfig config = read(ConfigTexts.VM + ConfigTexts.CLEAR);
    assertEquals("vm7", config.name());
    assertEquals(new TapConfig("km-vm7", null, 1500, null, true), config.tap());
    assertEquals(
        new UnderlayConfig(null, UnderlayConfig.Mode.OWN, null), config.underlay());
    assertEquals(new VmConfig.Binding(600, false, false, 10, Location.AUTO), config.binding());
    assertEquals(
        new TunnelConfig(64, -1, true, true, true, 65_535, Encapsulation.NONE, false, true,
            false, false, 64),
        config.tunnel());
    assertEquals(Path.of("/run/kagemusha/vm7.sock"), config.operating().socket());
    assertEquals(Path.of("/var/lib/kagemusha"), config.operating().stateDirectory());
    assertNull(config.operating().metrics());
    assertEquals(Level.INFO, config.operating().logLevel());
    assertEquals(CipherEngineName.AUTO, config.operating().cipherEngine());
    assertEquals(1, config.operating().cipherThreads());
    assertTrue(config.operating().realTime());
    assertEquals(List.of(), config.associations());
  }

  @Test
  void aSocketIsInThePlaceOfTapAndBridge() throws Exception {
    VmConfig config =
        read(
            ConfigTexts.VM.replace("[vm]", "[vm]\nlink = \"dgram\"\nsocket-group = \"qemu\"")
                + ConfigTexts.CLEAR);
    assertEquals(
        new VmSocketConfig(true, Path.of("/run/kagemusha/vm7.net"), "qemu"),
        config.tap().socket());
    assertEquals(Location.FOREIGN, config.binding().location());
    assertEquals("dgram", config.tap().socket().word());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "link = \"tun\" | | [vm] link: found \"tun\"; expected one of \"tap\", \"stream\"",
        "socket = \"/run/x\" | | [vm] socket: found with link = \"tap\"; expected none",
        "link = \"stream\"~socket = \"x\" | | [vm] socket: found \"x\"; expected an absolute path",
        "link = \"stream\"~socket-group = \"a b\" | | [vm] socket-group: found \"a b\"; expected",
        "link = \"stream\" | [tap]~bridge = \"br0\" | [tap] bridge: found with [vm] link = \"stream\"",
        "link = \"stream\" | [tap]~offloads = true | [tap] offloads: found with [vm] link",
        "link = \"stream\" | [binding]~location = \"home\" | joins the guest to no home link",
      })
  void mistakesAboutTheLinkAreTold(String keys, String section, String told) {
    String text =
        ConfigTexts.VM.replace("[vm]", "[vm]\n" + keys) + (section == null ? "" : section + "\n")
            + ConfigTexts.CLEAR;
    ConfigException e =
        assertThrows(ConfigException.class, () -> read(text.replace("~", "\n")));
    assertTrue(e.getMessage().contains(told), e.getMessage());
    assertEquals(1, e.problems().size(), e.getMessage());
  }

  @Test
  void readsEveryKey() throws Exception {
    VmConfig config =
        read(
            """
            [vm]
            name = "web.1"
            mac = "52-54-00-12-34-10"
            home-address = ["2001:db8:2000::10", "2001:db8:2001::10"]
            [home]
            prefix = ["2001:db8:2000::/64", "2001:db8:2001::/64"]
            agent = ["2001:db8:2000::1", "2001:db8:2000::3"]
            router = "fe80::1"
            router-mac = "02:00:00:00:20:01"
            router-lifetime = "1h"
            [tap]
            name = "tap0"
            bridge = "br7"
            mtu = 9000
            mac = "02:00:00:00:00:07"
            offloads = false
            [underlay]
            interface = "eth1"
            care-of = "2001:db8:3000::7"
            [binding]
            lifetime = "1m"
            wait-for-acknowledgement = true
            arrival = "hook"
            presence-timeout = "2s"
            location = "foreign"
            [tunnel]
            hop-limit = 32
            encapsulation-limit = 4
            clamp-mss = false
            flow-label = false
            copy-dscp = false
            maximum-mtu = 1400
            probe-path-mtu = true
            coalescing = false
            batch = 1
            [protection]
            signalling = "esp"
            payload = "disabled"
            peer-anti-replay = false
            cipher-engine = "ipsec-mb"
            cipher-threads = 8
            [scheduling]
            real-time = false
            [[association]]
            purpose = "signalling"
            home-address = "2001:db8:2000::10"
            spi-out = 4294967295
            spi-in = 256
            encryption = "null"
            integrity = "hmac-sha1-96"
            extended-sequence-numbers = true
            replay-window = 4096
            integrity-key-out = "000102030405060708090a0b0c0d0e0f10111213"
            integrity-key-in = "0x202122232425262728292a2b2c2d2e2f30313233"
            [[association]]
            purpose = "signalling"
            home-address = "2001:db8:2001::10"
            spi-out = 1000
            spi-in = 1001
            """
                + ConfigTexts.keys()
                + """
                [control]
                socket = "/tmp/x.sock"
                [state]
                directory = "/tmp/state"
                [metrics]
                listen = "unix:/tmp/m.sock"
                [log]
                level = "debug"
                """);
    assertEquals("web.1", config.name());
    assertEquals(MacAddress.parse("52:54:00:12:34:10"), config.guestMac());
    assertEquals(
        List.of(Ipv6Address.parse("2001:db8:2000::10"), Ipv6Address.parse("2001:db8:2001::10")),
        config.homeAddresses());
    assertEquals(
        new VmConfig.Home(
            List.of(
                Ipv6Prefix.parse("2001:db8:2000::/64"), Ipv6Prefix.parse("2001:db8:2001::/64")),
            List.of(
                Ipv6Address.parse("2001:db8:2000::1"), Ipv6Address.parse("2001:db8:2000::3")),
            Ipv6Address.parse("fe80::1"),
            MacAddress.parse("02:00:00:00:20:01"),
            3600),
        config.home());
    assertEquals(
        new TapConfig("tap0", "br7", 9000, MacAddress.parse("02:00:00:00:00:07"), false),
        config.tap());
    assertEquals(
        new UnderlayConfig(
            "eth1", UnderlayConfig.Mode.FIXED, Ipv6Address.parse("2001:db8:3000::7")),
        config.underlay());
    assertEquals(new VmConfig.Binding(60, true, true, 2, Location.FOREIGN), config.binding());
    assertEquals(
        new TunnelConfig(32, 4, false, false, false, 1400, Encapsulation.NONE, true, false,
            false, false, 1),
        config.tunnel());
    assertEquals(
        new Protection(true, false, PayloadProtection.DISABLED, false), config.protection());
    AssociationConfig first = config.associations().get(0);
    assertEquals(KeySource.Purpose.SIGNALLING, first.purpose());
    assertEquals(-1, first.spiOut());
    assertEquals(256, first.spiIn());
    assertEquals(EncryptionAlgorithm.NULL, first.encryption());
    assertEquals(IntegrityAlgorithm.HMAC_SHA1_96, first.integrity());
    assertTrue(first.extendedSequenceNumbers());
    assertEquals(4096, first.replayWindow());
    assertArrayEquals(
        HexFormat.of().parseHex("202122232425262728292a2b2c2d2e2f30313233"),
        first.keys().integrityIn());
    assertEquals(Path.of("/tmp/x.sock"), config.operating().socket());
    assertEquals(Path.of("/tmp/state"), config.operating().stateDirectory());
    assertEquals(
        UnixDomainSocketAddress.of("/tmp/m.sock"), config.operating().metrics().address());
    assertEquals(Level.FINE, config.operating().logLevel());
    assertEquals(CipherEngineName.IPSEC_MB, config.operating().cipherEngine());
    assertEquals(8, config.operating().cipherThreads());
    assertFalse(config.operating().realTime());
  }

  @Test
  void tellsEveryMistakeOfAFile() throws IOException {
    String golden;
    try (InputStream stream = getClass().getResourceAsStream("mistakes.txt")) {
      golden = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
    String text;
    try (InputStream stream = getClass().getResourceAsStream("mistakes.toml")) {
      text = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
    assertEquals(golden.strip(), ConfigTexts.vmProblems(directory, text));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          [tap]~mtu = 1279                  | 1280 to 65535
          [tap]~mtu = "1500"                | found "1500"; expected a whole number
          [tap]~bridge = "a/b"              | 1 to 15 letters
          [tap]~name = "sixteen-letters-"   | 1 to 15 letters
          [tap]~mac = "01:00:5e:00:00:01"   | unicast MAC address
          [underlay]~care-of = "fe80::1"    | a routable IPv6 unicast address
          [underlay]~care-of = "2001:db8:2000::99" | which is on the home link
          [binding]~lifetime = "10 minutes" | a duration from "8s" to
          [binding]~lifetime = "10s"        | a multiple of 4s
          [binding]~lifetime = "80h"        | a duration from
          [binding]~location = "hoem"       | did you mean "home"?
          [binding]~arrival = "hok"         | did you mean "hook"?
          [binding]~wait-for-acknowledgement = "yes" | true or false
          [tunnel]~hop-limit = 0            | 1 to 255
          [tunnel]~encapsulation-limit = 256 | -1 to 255
          [tunnel]~maximum-mtu = 1279       | 1280 to 65535
          [control]~socket = "x.sock"       | an absolute path
          [metrics]~listen = "0.0.0.0:9470" | not served to the network
          [metrics]~listen = "127.0.0.1:0"  | not served to the network
          [log]~level = "inof"              | did you mean "info"?
          [home2]~x = 1                     | did you mean "home"?
          [tap]~brigde = "br0"              | did you mean "bridge"?
          [tap]~completely-different = 1    | expected one of bridge, mac, mtu, name
          tap = 3                           | a section [tap]
          """)
  void tellsWhatWasExpected(String text, String expected) throws IOException {
    String addition = text.replace('~', '\n') + "\n";
    String whole =
        addition.startsWith("tap =")
            ? addition + ConfigTexts.VM + ConfigTexts.CLEAR
            : ConfigTexts.VM + ConfigTexts.CLEAR + addition;
    String problems = ConfigTexts.vmProblems(directory, whole);
    assertTrue(problems.contains(expected), problems);
    assertEquals(1, problems.lines().count(), problems);
  }

  @ParameterizedTest
  @CsvSource({"aes-gcm-128", "aes-gcm-256", "chacha20-poly1305"})
  void rfc8221_s3_refusesCounterModeWithStaticKeys(String cipher) throws IOException {
    String problems =
        ConfigTexts.vmProblems(
            directory,
            ConfigTexts.VM + ConfigTexts.association("signalling", 1000) + "encryption = \""
                + cipher + "\"\n");
    assertTrue(problems.contains("repeat a nonce under the same key"), problems);
    assertTrue(problems.contains("RFC 8221 section 3"), problems);
    assertEquals(1, problems.lines().count(), problems);
  }

  @Test
  void anUnknownCipherEngineIsRefused() throws IOException {
    String problems =
        ConfigTexts.vmProblems(
            directory,
            ConfigTexts.VM + "[protection]\ncipher-engine = \"openssl\"\ninsecure = false\n"
                + ConfigTexts.association("signalling", 1000));
    assertTrue(problems.contains("\"auto\", \"jdk\""), problems);
    assertTrue(problems.contains("\"ipsec-mb\""), problems);
    assertEquals(1, problems.lines().count(), problems);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "9", "-1"})
  void cipherThreadsOutOfRangeAreRefused(String threads) throws IOException {
    String problems =
        ConfigTexts.vmProblems(
            directory,
            ConfigTexts.VM + "[protection]\ncipher-threads = " + threads + "\n"
                + ConfigTexts.association("signalling", 1000));
    assertTrue(problems.contains("cipher-threads"), problems);
    assertEquals(1, problems.lines().count(), problems);
  }

  @Test
  void payloadWithStaticKeysNeedsExtendedSequenceNumbers() throws IOException {
    String both =
        ConfigTexts.association("signalling", 1000) + ConfigTexts.association("payload", 2000);
    String payload = "[protection]\npayload = \"required\"\n";
    assertEquals("", ConfigTexts.vmProblems(directory, ConfigTexts.VM + payload + both));
    String narrow = both + "extended-sequence-numbers = false\n";
    assertTrue(
        ConfigTexts.vmProblems(directory, ConfigTexts.VM + payload + narrow)
            .contains("expected true, or peer-anti-replay = false"));
    assertEquals(
        "",
        ConfigTexts.vmProblems(
            directory, ConfigTexts.VM + payload + "peer-anti-replay = false\n" + narrow));
  }

  @Test
  void inlineKeysInAFileThatOthersReadAreRefused() throws Exception {
    Path file =
        ConfigTexts.write(
            directory, "vm.toml", ConfigTexts.VM + ConfigTexts.association("signalling", 1000));
    new ConfigFile((Path) null).readVm(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    ConfigException refused =
        assertThrows(
            ConfigException.class, () -> new ConfigFile((Path) null).readVm(file));
    assertTrue(refused.getMessage().contains("chmod 600"), refused.getMessage());
  }

  @Test
  void keysComeFromAFileOrACredential() throws Exception {
    ConfigTexts.write(directory, "keys", ConfigTexts.keys());
    String head =
        ConfigTexts.VM + "[[association]]\npurpose = \"signalling\"\nspi-out = 999\nspi-in = 998\n";
    Path file = ConfigTexts.write(directory, "vm.toml", head + "key-file = \"keys\"\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    byte[] key = HexFormat.of().parseHex("1".repeat(32));
    assertArrayEquals(
        key,
        new ConfigFile((Path) null).readVm(file).associations().get(0).keys().encryptionOut());
    Path other = ConfigTexts.write(directory, "vm2.toml", head + "key-credential = \"keys\"\n");
    assertArrayEquals(
        key, new ConfigFile(directory).readVm(other).associations().get(0).keys().encryptionOut());
    ConfigException without =
        assertThrows(
            ConfigException.class, () -> new ConfigFile((Path) null).readVm(other));
    assertTrue(without.getMessage().contains("LoadCredential="), without.getMessage());
  }

  @Test
  void aKeyIsNeverShown() throws Exception {
    String secret = "deadbeef".repeat(7);
    String text =
        ConfigTexts.VM + "[[association]]\npurpose = \"signalling\"\nspi-out = 999\nspi-in = 998\n";
    String inline =
        ConfigTexts.vmProblems(directory, text + "encryption-key-out = \"" + secret + "\"\n");
    assertTrue(inline.contains("found 56 hexadecimal digits; expected 32"), inline);
    assertFalse(inline.contains("deadbeef"), inline);
    ConfigTexts.write(directory, "keys", "integrity-key-out = \"" + secret + "\n");
    String file = ConfigTexts.vmProblems(directory, text + "key-file = \"keys\"\n");
    assertTrue(file.contains("keys:"), file);
    assertFalse(file.contains("deadbeef"), file);
    assertFalse(
        read(ConfigTexts.VM + ConfigTexts.association("signalling", 300)).toString()
            .contains("11111111"));
  }

  @Test
  void syntaxErrorsHaveTheirLine() throws IOException {
    String problems = ConfigTexts.vmProblems(directory, "[vm]\nname = \nmac = \"x\"\n");
    assertTrue(problems.startsWith("vm.toml:2: not TOML at column"), problems);
  }

  @Test
  void aMissingFileIsAProblemToo() {
    ConfigException missing =
        assertThrows(
            ConfigException.class,
            () -> new ConfigFile((Path) null).readVm(directory.resolve("none.toml")));
    assertTrue(missing.getMessage().contains("no such file"), missing.getMessage());
  }

  @Test
  void theKernelEncapsulatesOnlyWhereItsOuterHeaderIsWhatWasAskedFor() throws Exception {
    String wanted = ConfigTexts.VM + ConfigTexts.CLEAR + "[tunnel]\nkernel-encapsulation = true\n";
    assertTrue(read(wanted).tunnel().kernelEncapsulation());
    for (String other :
        List.of("flow-label = false", "copy-dscp = false", "encapsulation-limit = 0")) {
      String problems = ConfigTexts.vmProblems(directory, wanted + other + "\n");
      assertTrue(problems.contains("[tunnel] kernel-encapsulation"), problems);
      assertEquals(1, problems.lines().count(), problems);
    }
  }

  @Test
  void packetsLeaveStraightInBatchesOnly() throws Exception {
    String wanted = ConfigTexts.VM + ConfigTexts.CLEAR + "[tunnel]\ndirect = true\n";
    assertTrue(read(wanted).tunnel().direct());
    String problems = ConfigTexts.vmProblems(directory, wanted + "batch = 1\n");
    assertTrue(problems.contains("[tunnel] direct"), problems);
    assertEquals(1, problems.lines().count(), problems);
  }

  @Test
  void whatSocketsDependOnStaysWhileADaemonRuns() throws Exception {
    TunnelConfig started =
        read(ConfigTexts.VM + ConfigTexts.CLEAR + "[tunnel]\nhop-limit = 9\n").tunnel();
    TunnelConfig fresh =
        read(
                ConfigTexts.VM + ConfigTexts.CLEAR
                    + "[tunnel]\nhop-limit = 10\ncoalescing = false\nbatch = 9\n"
                    + "kernel-encapsulation = true\ndirect = true\n")
            .tunnel();
    TunnelConfig kept = fresh.whileRunning(started);
    assertEquals(10, kept.hopLimit());
    assertEquals(started, new TunnelConfig(
        9, kept.encapsulationLimit(), kept.clampMss(), kept.flowLabel(), kept.copyDscp(),
        kept.maximumMtu(), kept.encapsulation(), kept.probePathMtu(), kept.coalescing(),
        kept.kernelEncapsulation(), kept.direct(), kept.batch()));
  }
}
