package org.kagemusha.daemon.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;

/** A domain's XML as the hook gets it, with our settings in its metadata. */
class DomainSettingsTest {

  private static final String OURS = "https://kagemusha.org/xmlns/vm/1";

  @TempDir Path directory;

  private static String sample() throws IOException {
    try (InputStream input =
        DomainSettingsTest.class.getResourceAsStream("/libvirt/domain.xml")) {
      return new String(input.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private Path file(String xml) throws IOException {
    return Files.writeString(directory.resolve("vm1.xml"), xml);
  }

  private VmConfig read(String xml) throws Exception {
    return new ConfigFile(directory).readVm(file(xml));
  }

  private String problems(String xml) throws Exception {
    Path file = file(xml);
    return assertThrows(ConfigException.class, () -> new ConfigFile((Path) null).readVm(file))
        .getMessage()
        .replace(directory + "/", "");
  }

  /** A domain with one card and these settings. */
  private static String domain(String metadata) {
    return "<domain>\n<name>vm1</name>\n"
        + "<uuid>6f1a1c0e-58b2-4a7e-9a39-0c1f7a3c9f10</uuid>\n<metadata>" + metadata
        + "</metadata>\n<devices><interface type='bridge'><mac address='52:54:00:12:34:10'/>"
        + "<source bridge='br0'/></interface></devices></domain>\n";
  }

  private static String vm(String attributes, String sections) {
    return domain(
        "<k:vm xmlns:k='" + OURS + "' home-address='2001:db8:2000::10' " + attributes
            + ">\n<k:home prefix='2001:db8:2000::/64' agent='2001:db8:2000::1'/>\n" + sections
            + "</k:vm>");
  }

  private static final String CLEAR = "<k:protection signalling='none' insecure='true'/>";

  @Test
  void settingsTravelWithTheDomain() throws Exception {
    VmConfig config = read(sample());
    assertEquals("vm1", config.name());
    assertEquals(MacAddress.parse("52:54:00:12:34:10"), config.guestMac());
    assertEquals(List.of(Ipv6Address.parse("2001:db8:2000::10")), config.homeAddresses());
    assertEquals("br0", config.tap().bridge());
    assertEquals("km-vm1", config.tap().name());
    assertEquals(300, config.binding().lifetimeSeconds());
    assertTrue(config.binding().waitForAcknowledgement());
    assertEquals("ha.example", config.provisioning().serverName());
    assertEquals(2, config.provisioning().suites().size());
    assertEquals(PayloadProtection.REQUIRED, config.protection().payload());
    assertEquals(1400, config.tunnel().maximumMtu());
    assertEquals(Path.of("/run/kagemusha/vm1.sock"), config.operating().socket());
  }

  /** Before `start` there are no ports, and at each start they have other names. */
  @Test
  void portsNeitherMatterNorTheirAbsence() throws Exception {
    VmConfig config = read(sample());
    assertEquals(config, read(sample().replaceAll("<target dev='vnet[0-9]+'/>", "")));
    assertEquals(config, read(sample().replace("vnet1", "vnet9").replace("id='7'", "id='8'")));
  }

  @Test
  void onlyCardOfADomainNeedsNotBeNamed() throws Exception {
    VmConfig config = read(vm("", CLEAR));
    assertEquals(MacAddress.parse("52:54:00:12:34:10"), config.guestMac());
    assertEquals("br0", config.tap().bridge());
  }

  @Test
  void listsAreWordsAndBridgesMayBeOthers() throws Exception {
    VmConfig config =
        read(
            vm("", CLEAR + "<k:tap bridge='br7' mtu='9000'/>")
                .replace("::10' ", "::10\n  2001:db8:2000::11' "));
    assertEquals(2, config.homeAddresses().size());
    assertEquals("br7", config.tap().bridge());
    assertEquals(9000, config.tap().mtu());
  }

  @Test
  void domainWhoseNameIsNoFileNameIsCalledByItsUuid() throws Exception {
    VmConfig config = read(vm("", CLEAR).replace("<name>vm1<", "<name>../my vm<"));
    assertEquals("6f1a1c0e-58b2-4a7e-9a39-0c1f7a3c9f10", config.name());
    assertTrue(config.tap().name().length() <= 15);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "<other:vm xmlns:other='https://example.com/'/>", "<vm mac='52:54:00:12:34:10'/>"
      })
  void domainWithoutSettingsIsTold(String metadata) throws Exception {
    assertEquals(
        "vm1.xml:1: no settings in the domain's <metadata>; expected an element vm of " + OURS,
        problems(domain(metadata)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "<k:tunnel batsh='7'/> | vm1.xml:6: [tunnel] batsh: unknown key; did you mean \"batch\"?",
        "<k:tunel/> | vm1.xml:6: tunel: unknown key; did you mean \"tunnel\"?",
        "<k:tunnel batch='many'/> | vm1.xml:6: [tunnel] batch: found \"many\"; expected a whole"
            + " number from 1 to 64",
        "<k:state directory='/tmp'/> | vm1.xml:6: [state]: found in a domain's metadata; expected"
            + " nothing, as it is the host's own business",
        "<k:tap mtu='1500'/><k:tap/> | vm1.xml:6: [tap]: found twice; expected once",
        "<k:tap><k:mtu/></k:tap> | vm1.xml:6: found <mtu>; expected the sections of the file, in"
            + " the namespace of vm, and nothing in them",
        "<tap/> | vm1.xml:6: found <tap>; expected the sections of the file, in the namespace of"
            + " vm, and nothing in them",
        "<k:tap k:mtu='7'/> | vm1.xml:6: [tap] mtu: found such an attribute; expected a key of the"
            + " file, without a prefix",
        "text | vm1.xml:6: found text between elements; expected attributes alone",
        "<k:association integrity-key-in='00'/> | vm1.xml:6: [association] integrity-key-in: found"
            + " a key in a domain's metadata, which are no secret; expected key-file or"
            + " key-credential, or <provisioning>"
      })
  void mistakesHaveTheirLine(String section, String problem) throws Exception {
    assertEquals(problem, problems(vm("", section.startsWith("<") ? CLEAR + section : section)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "mac='52:54:00:00:00:99' | [vm] mac: found \"52:54:00:00:00:99\", which no interface of the"
            + " domain has; expected one of [52:54:00:12:34:10]",
        "name='vm2' | [vm] name: found; expected none: it is the domain's name"
      })
  void cardAndNameAreTheDomains(String attribute, String problem) throws Exception {
    assertEquals("vm1.xml:4: " + problem, problems(vm(attribute, CLEAR)));
  }

  @Test
  void aSocketNeedsTheMacAndNoInterface() throws Exception {
    assertEquals(
        "vm1.xml:4: [vm] mac: missing; expected mac with link = \"stream\", as libvirt knows"
            + " nothing of such an interface",
        problems(vm("link='stream'", CLEAR)));
    VmConfig config =
        read(vm("link='stream' mac='52:54:00:00:00:99' socket='/run/vm1.net'", CLEAR));
    assertEquals(Path.of("/run/vm1.net"), config.tap().socket().path());
    assertEquals("52:54:00:00:00:99", config.guestMac().toString());
    assertNull(config.tap().bridge());
  }

  @Test
  void cardIsToldWhereThereAreSeveral() throws Exception {
    assertEquals(
        "vm1.xml:8: [vm] mac: missing; expected mac, as the domain has 2 interfaces",
        problems(sample().replace(" mac=\"52:54:00:12:34:10\"", "")));
  }

  @Test
  void quotesCannotLeaveTheirValue() throws Exception {
    String told = problems(vm("", CLEAR + "<k:log level='x&quot;&#10;[tap]&#10;name=&quot;y'/>"));
    assertTrue(told.startsWith("vm1.xml:6: [log] level: found \"x\"?"), told);
    assertFalse(told.contains("\n"), told);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "nonsense", "<domain>", "<domain><name>vm1</domain>", "<domain a='1' a='2'/>",
        "<domain>&nope;</domain>", "\u0000", "<?xml version='1.0' encoding='nope'?><domain/>"
      })
  void whatIsNotXmlIsTold(String xml) throws Exception {
    String told = problems(xml);
    assertTrue(told.matches("vm1\\.xml:[0-9]+: not XML: .+"), told);
  }

  @Test
  void otherDocumentsAreRefused() throws Exception {
    assertEquals(
        "vm1.xml:1: not XML: the document is not a libvirt <domain>",
        problems("<network><name>default</name></network>"));
  }

  @Test
  @Timeout(10)
  void documentTypesAreRefusedWithAllTheirEntities() throws Exception {
    Path secret = Files.writeString(directory.resolve("secret"), "2001:db8::666");
    for (String type :
        List.of(
            "<!DOCTYPE domain>",
            "<!DOCTYPE domain [<!ENTITY e SYSTEM 'file://" + secret + "'>]>",
            "<!DOCTYPE domain SYSTEM 'http://[::1]:9/none.dtd'>",
            "<!DOCTYPE domain [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
                + "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;'>]>")) {
      String told = problems(type + vm("", CLEAR).replace("2001:db8:2000::10'", "&e;'"));
      assertTrue(told.startsWith("vm1.xml:1: not XML: "), told);
      assertFalse(told.contains("666"), told);
    }
  }

  /** Whatever is cut off or changed, there is a configuration or a list of mistakes. */
  @Test
  void noDamageIsAnExceptionOfAnotherKind() throws Exception {
    String sample = sample();
    Random random = new Random(42);
    ConfigFile reader = new ConfigFile(directory);
    for (int i = 0; i < 1_000; i++) {
      char[] damaged = sample.substring(0, random.nextInt(sample.length())).toCharArray();
      String text = i % 2 == 0 ? new String(damaged) : sample;
      int at = random.nextInt(sample.length() - 400);
      text = i % 2 == 0 ? text : text.substring(0, at) + (char) random.nextInt(128)
          + text.substring(at + random.nextInt(5));
      try {
        assertEquals("vm1.xml", reader.readVm(file(text)).file().getFileName().toString());
      } catch (ConfigException e) {
        assertFalse(e.problems().isEmpty());
      }
    }
  }
}
