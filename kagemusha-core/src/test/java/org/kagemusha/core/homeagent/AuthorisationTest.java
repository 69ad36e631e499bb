package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

class AuthorisationTest {

  private static MobileNodeAuthorisation node(String name, String prefix, String... careOf) {
    return new MobileNodeAuthorisation(
        name,
        List.of(Ipv6Prefix.parse(prefix)),
        List.of(careOf).stream().map(Ipv6Prefix::parse).toList(),
        false);
  }

  @Test
  void theLongestPrefixSaysWhoMayRegisterAnAddress() {
    Authorisation authorisation =
        new Authorisation(
            List.of(
                node("all", "2001:db8:2000::/64"),
                node("one", "2001:db8:2000::10/128"),
                node("some", "2001:db8:2000::/120")));
    assertEquals("one", authorisation.of(Ipv6Address.parse("2001:db8:2000::10")).name());
    assertEquals("some", authorisation.of(Ipv6Address.parse("2001:db8:2000::11")).name());
    assertEquals("all", authorisation.of(Ipv6Address.parse("2001:db8:2000::1:0")).name());
    assertNull(authorisation.of(Ipv6Address.parse("2001:db8:2001::10")));
  }

  @Test
  void withoutCareOfPrefixesANodeMayBeAnywhere() {
    Ipv6Address careOf = Ipv6Address.parse("2001:db8:3000::3");
    assertTrue(Authorisation.allowsCareOf(node("a", "::/0"), careOf));
    assertTrue(
        Authorisation.allowsCareOf(
            node("b", "::/0", "2001:db8:1::/48", "2001:db8:3000::/48"), careOf));
    assertFalse(Authorisation.allowsCareOf(node("c", "::/0", "2001:db8:1::/48"), careOf));
  }
}
