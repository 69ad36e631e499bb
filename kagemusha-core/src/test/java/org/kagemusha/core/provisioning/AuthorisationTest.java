package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.provisioning.KeysFixture.HOME;
import static org.kagemusha.core.provisioning.KeysFixture.HOST_A;
import static org.kagemusha.core.provisioning.KeysFixture.HOST_B;
import static org.kagemusha.core.provisioning.KeysFixture.OTHER_HOME;
import static org.kagemusha.core.provisioning.KeysFixture.RULE_A;
import static org.kagemusha.core.provisioning.KeysFixture.RULE_B;
import static org.kagemusha.core.provisioning.KeysFixture.SECOND_HOME;
import static org.kagemusha.core.provisioning.KeysFixture.VALID_SECONDS;
import static org.kagemusha.core.provisioning.KeysFixture.VM1;
import static org.kagemusha.core.provisioning.KeysFixture.VM2;
import static org.kagemusha.core.provisioning.KeysFixture.WALL_MS;
import static org.kagemusha.core.provisioning.KeysFixture.node;
import static org.kagemusha.core.provisioning.KeysFixture.peer;
import static org.kagemusha.core.provisioning.KeysFixture.request;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/** Who is given which keys by a Home Agent Controller. */
class AuthorisationTest {

  private final KeysFixture home = new KeysFixture().settings(VM1, VM2);

  private void assertUnauthorised(PeerIdentity peer, ProvisioningRequest request) {
    ControllerDecision.Refused refused = home.refuse(peer, request);
    assertEquals(StatusCode.UNAUTHORIZED, refused.status());
    assertFalse(refused.reason().isEmpty());
    assertEquals(0, home.database.size());
  }

  private static ProvisionedNode careOf(String prefix, ProvisionedNode node) {
    return new ProvisionedNode(
        node.name(), node.homeAddresses(), List.of(Ipv6Prefix.parse(prefix)), node.payload(),
        node.hosts());
  }

  private static ProvisioningRequest at(Ipv6Address careOf) {
    return new ProvisioningRequest(
        "vm1@hv-a", List.of(HOME), careOf, true, List.of(Ciphersuite.AES_256_GCM));
  }

  @Test
  void withoutSettingsNobodyIsGivenKeys() {
    KeysFixture fresh = new KeysFixture();
    assertEquals(
        StatusCode.SERVICE_UNAVAILABLE, fresh.refuse(HOST_A, request(true, HOME)).status());
    assertFalse(fresh.keys.manages(HOME));
  }

  @Test
  void aHostOfTheNodeIsGivenWhatItNeeds() {
    Grant grant = home.grant(HOST_A, HOME, SECOND_HOME);
    assertEquals(KeysFixture.HOME_AGENT, grant.homeAgent());
    assertEquals(KeysFixture.HOME_PREFIX, grant.homePrefix());
    assertEquals(List.of(HOME, SECOND_HOME), grant.homeAddresses());
    assertEquals(VALID_SECONDS, grant.validitySeconds());
    assertEquals(home.maximumPackets, grant.maximumPackets());
    assertEquals(home.maximumOctets, grant.maximumOctets());
    assertEquals(4500, grant.encapsulationPort());
    assertTrue(grant.spi() >= 256 && grant.spi() <= 0x0fff_ffff);
    assertEquals(grant.spi(), home.pair(grant).inbound().spi());
    assertEquals(grant.spi(), home.pair(grant).outbound().spi());
    assertTrue(home.pair(grant).inbound().extendedSequenceNumbers());
    assertEquals("vm1", home.granted.get(0).node());
    assertEquals("hv-a", home.granted.get(0).host());
  }

  @Test
  void aHomeAddressThatNobodyHasIsRefused() {
    assertUnauthorised(HOST_A, request(true, Ipv6Address.parse("2001:db8:2000::99")));
    assertUnauthorised(HOST_A, request(true, HOME, Ipv6Address.parse("2001:db8:2000::99")));
  }

  @Test
  void homeAddressesOfTwoNodesAreRefused() {
    assertUnauthorised(HOST_B, request(true, HOME, OTHER_HOME));
    assertUnauthorised(HOST_B, request(true, OTHER_HOME, HOME));
  }

  @Test
  void aRequestWithoutHomeAddressIsBad() {
    assertEquals(StatusCode.BAD_REQUEST, home.refuse(HOST_A, request(true)).status());
  }

  @Test
  void aCertificateOfNoHostOfTheNodeIsRefused() {
    assertUnauthorised(peer("CN=hv-c", "dns:hv-c"), request(true, HOME));
    assertUnauthorised(HOST_A, request(true, OTHER_HOME));
    home.grant(HOST_B, OTHER_HOME);
  }

  @ParameterizedTest
  @CsvSource({
    "CN=hv-a, dns:hv-a, CN=CA, true",
    "'CN=hv-a,O=Example', dns:hv-a, CN=CA, false",
    "cn=hv-a, dns:hv-a, CN=CA, false",
    "CN=hv-ab, dns:hv-a, CN=CA, false",
    // A host by its alternative name, whatever its subject, but by its issuer.
    "CN=anything, dns:hv-b, CN=CA, true",
    "CN=anything, dns:hv-b, CN=Another CA, false",
    "CN=anything, uri:hv-b, CN=CA, false",
    "CN=anything, dns:hv-b.example, CN=CA, false",
    // The name of a host as another's subject is not that host.
    "CN=hv-b, dns:hv-c, CN=CA, false",
    "CN=hv-a, dns:hv-c, CN=Another CA, true"
  })
  void allThatARuleGivesMustMatchExactly(
      String subject, String alternative, String issuer, boolean allowed) {
    PeerIdentity host =
        new PeerIdentity(
            subject, List.of("email:x@example", alternative), issuer, "2a", WALL_MS + 3_600_000);
    if (allowed) {
      home.grant(host, HOME);
    } else {
      assertUnauthorised(host, request(true, HOME));
    }
  }

  @Test
  void subjectAndAlternativeNameTogetherMustBothMatch() {
    CertificateRule both = new CertificateRule("hv", "CN=hv", "ip:2001:db8::1", null);
    assertTrue(both.matches(peer("CN=hv", "ip:2001:db8::1")));
    assertFalse(both.matches(peer("CN=hv", "ip:2001:db8::2")));
    assertFalse(both.matches(peer("CN=hw", "ip:2001:db8::1")));
    assertThrows(
        IllegalArgumentException.class, () -> new CertificateRule("hv", null, null, "CN=CA"));
  }

  @Test
  void aCareOfAddressElsewhereIsRefused() {
    home.settings(careOf("2001:db8:a::/48", VM1));
    assertUnauthorised(HOST_A, at(Ipv6Address.parse("2001:db8:b::1")));
    home.grant(HOST_A, at(Ipv6Address.parse("2001:db8:a:1::1")));
    // Who prepares does not know it yet.
    home.grant(HOST_A, at(null));
  }

  @Test
  void aPrefixAuthorisesAllItsAddressesButTheLongestDecides() {
    ProvisionedNode router =
        new ProvisionedNode(
            "router", List.of(Ipv6Prefix.parse("2001:db8:2000::/56")), List.of(),
            PayloadProtection.OPPORTUNISTIC, List.of(RULE_A));
    home.settings(router, VM2);
    home.grant(HOST_A, Ipv6Address.parse("2001:db8:2000:7::1"));
    assertFalse(home.keys.manages(Ipv6Address.parse("2001:db8:2000:100::1")));
    ControllerDecision.Refused refused = home.refuse(HOST_A, request(true, OTHER_HOME));
    assertTrue(refused.reason().contains("vm2"), refused.reason());
    home.grant(HOST_B, OTHER_HOME);
    assertEquals("vm2", home.granted.get(1).node());
  }

  @Test
  void rfc6618_s5_6_5_withoutACommonSuiteNothingIsGiven() {
    ProvisioningRequest request =
        new ProvisioningRequest(
            "vm1@hv-a", List.of(HOME), null, true, List.of(Ciphersuite.CHACHA20_POLY1305));
    assertEquals(StatusCode.NOT_IMPLEMENTED, home.refuse(HOST_A, request).status());
  }

  @Test
  void rfc6618_s5_6_5_theControllerChoosesTheSuiteItPrefers() {
    // The request prefers 128 bits.
    assertEquals(Ciphersuite.AES_256_GCM, home.grant(HOST_A, HOME).suite());
  }

  @Test
  void keysLiveNoLongerThanTheCertificate() {
    PeerIdentity host =
        new PeerIdentity("CN=hv-a", List.of(), "CN=CA", "1", WALL_MS + 100_999);
    Grant grant = home.grant(host, HOME);
    assertEquals(100, grant.validitySeconds());
    home.advance(100 * KeysFixture.SECOND_NS - 1);
    assertEquals(1, home.database.size());
    home.advance(1);
    assertEquals(0, home.database.size());
    assertEquals("expired", home.ended.get(0).reason());
  }

  @Test
  void anExpiredCertificateIsRefused() {
    for (long notAfter : new long[] {WALL_MS + 999, WALL_MS, WALL_MS - 1, 0}) {
      assertUnauthorised(
          new PeerIdentity("CN=hv-a", List.of(), "CN=CA", "1", notAfter), request(true, HOME));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "DISABLED, true, false", "DISABLED, false, false", "OPPORTUNISTIC, true, true",
    "OPPORTUNISTIC, false, false", "REQUIRED, true, true", "REQUIRED, false, true"
  })
  void rfc6618_s5_6_4_theScopeIsTheControllersDecision(
      PayloadProtection payload, boolean proposed, boolean granted) {
    home.settings(node("vm1", payload, List.of(RULE_A), HOME));
    assertEquals(granted, home.grant(HOST_A, request(proposed, HOME)).payloadProtected());
  }

  @Test
  void eachHostHasItsOwnKeysAndSpi() {
    Grant a = home.grant(HOST_A, HOME);
    Grant b = home.grant(HOST_B, HOME);
    assertNotEquals(a.spi(), b.spi());
    byte[][] keys = {
      a.keyToHomeAgent(), a.keyToMobileNode(), b.keyToHomeAgent(), b.keyToMobileNode()
    };
    for (int i = 0; i < keys.length; i++) {
      assertFalse(Arrays.equals(new byte[keys[i].length], keys[i]));
      for (int j = 0; j < i; j++) {
        assertFalse(Arrays.equals(keys[i], keys[j]));
      }
    }
    assertEquals(2, home.database.size());
  }

  @Test
  void whatIsHandedOutIsACopy() {
    Grant handed = home.grant(HOST_A, HOME);
    Grant held = home.keys.held(home.nowNs).get(0).grant();
    assertNotSame(held, handed);
    assertTrue(Arrays.equals(held.keyToHomeAgent(), handed.keyToHomeAgent()));
    assertTrue(Arrays.equals(held.keyToMobileNode(), handed.keyToMobileNode()));
    handed.destroy();
    assertNotEquals(0, sum(held.keyToHomeAgent()));
    Grant second = home.grant(HOST_B, HOME);
    home.keys.revoke(HOST_B::equals, home.nowNs);
    assertNotEquals(0, sum(second.keyToHomeAgent()), "its answer may be under way");
  }

  private static int sum(byte[] octets) {
    int sum = 0;
    for (byte octet : octets) {
      sum += octet & 0xff;
    }
    return sum;
  }

  @Test
  void rulesAreTriedInTheirOrder() {
    home.settings(
        node("vm1", PayloadProtection.REQUIRED, List.of(RULE_B, RULE_A), HOME));
    home.grant(peer("CN=hv-a", "dns:hv-b"), HOME);
    assertEquals("hv-b", home.granted.get(0).host());
  }
}
