package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.ipsec.KeySource.Purpose;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.PacketBuffer;

/** Packets run out faster than a timer of seconds would notice. */
class NearLimitTest {

  private static final Ipv6Address AGENT = Ipv6Address.parse("2001:db8:2000::1");
  private static final Ipv6Address HOME_ADDRESS = Ipv6Address.parse("2001:db8:2000::10");
  private static final int PACKETS = 400;

  /** Whatever the origin of the clock: whoever arms a timer takes the difference of two times. */
  @ParameterizedTest
  @ValueSource(longs = {1, 5_000_000_000L, 1L << 62})
  void rfc4301_s4_4_2_1_wantsOtherKeysAtThreeQuartersOfTheHardLimit(long nowNs) {
    List<String> wanted = new ArrayList<>();
    ProvisionedKeys keys =
        new ProvisionedKeys(
            new SecurityAssociationDatabase(), 1, (reason, when) -> wanted.add(reason));
    keys.install(grant(), nowNs);
    for (int i = 1; i <= PACKETS; i++) {
      PacketBuffer payload = PacketBuffer.allocate(100);
      payload.set(payload.offset(), 64);
      assertNull(keys.associations(HOME_ADDRESS, Purpose.PAYLOAD).outbound().seal(payload, 41));
      if (keys.nextDeadlineNs() - nowNs <= 0) {
        keys.onDeadline(nowNs);
      }
      assertTrue(i < PACKETS * 3 / 4 + 64 || wanted.size() == 1, i + " packets: " + wanted);
    }
    assertEquals(1, wanted.size());
    assertTrue(keys.nextDeadlineNs() > nowNs);
  }

  private static Grant grant() {
    return new Grant(
        4711, Ciphersuite.AES_256_GCM, HexFormat.of().parseHex(ExchangeFixture.TO_HOME_AGENT),
        HexFormat.of().parseHex(ExchangeFixture.TO_MOBILE_NODE), true, AGENT,
        Ipv6Prefix.parse("2001:db8:2000::/64"), List.of(HOME_ADDRESS), 3600, PACKETS, 1 << 30, 0);
  }
}
