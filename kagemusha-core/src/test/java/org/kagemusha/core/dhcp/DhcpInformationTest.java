package org.kagemusha.core.dhcp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class DhcpInformationTest {

  private static final String SERVER = "20010db8200000000000000000000053";

  private static byte[] hex(String octets) {
    return HexFormat.of().parseHex(octets);
  }

  @Test
  void rfc8106_s5_1_serversOfAllOptionsAreTakenButThoseWithoutLifetime() {
    DhcpInformation information =
        DhcpInformation.of(
            List.of(
                hex("1903000000000258" + SERVER),
                hex("1903000000000000" + SERVER.replace("53", "54"))));
    assertArrayEquals(hex(SERVER), information.dnsServers());
    assertEquals(0, information.domains().length);
  }

  @Test
  void rfc8106_s5_2_namesAreTakenWithoutTheirPadding() {
    String names = "0161" + "0474657374" + "00" + "0162" + "00";
    DhcpInformation information =
        DhcpInformation.of(List.of(hex("1f03000000000258" + names + "0000000000")));
    assertArrayEquals(hex(names), information.domains());
  }

  @Test
  void rfc1035_s3_1_aNameThatGoesBeyondItsOptionIsLeftOut() {
    DhcpInformation information =
        DhcpInformation.of(
            List.of(
                hex("1f02000000000258" + "0162000861626364"),
                hex("1f02000000000258" + "c0".repeat(8))));
    assertArrayEquals(hex("016200"), information.domains());
  }

  @Test
  void whatIsTooMuchIsLeftOut() {
    byte[] option = hex("1903000000000258" + SERVER);
    DhcpInformation information = DhcpInformation.of(Collections.nCopies(100, option));
    assertEquals(256, information.dnsServers().length);
    assertTrue(DhcpInformation.of(List.of()).isEmpty());
  }
}
