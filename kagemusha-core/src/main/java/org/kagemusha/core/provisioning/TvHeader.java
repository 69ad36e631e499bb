package org.kagemusha.core.provisioning;

import java.nio.charset.StandardCharsets;

/** The TypeValue headers that are known: RFC 6618 §5.5 to §5.7 and the package's departures. */
enum TvHeader {
  /** §5.5.1: a Network Access Identifier. */
  MN_ID("mn-id"),
  /** §5.5.2. */
  AUTH_METHOD("auth-method"),
  /** §5.5.4. */
  STATUS_CODE("status-code"),
  /** §5.5.6: a date, to be read beside {@link #DATE}. */
  RETRY_AFTER("retry-after"),
  /** §5.5.8: 32 octets of the mobile node's. */
  MN_RAND("mn-rand"),
  /** §5.5.8: 32 octets of the controller's. */
  HAC_RAND("hac-rand"),
  /** §5.6.1. */
  SPI("mip6-spi"),
  /** §5.6.2: the key from the mobile node to the home agent, its salt at the end. */
  MN_TO_HA_EKEY("mip6-mn-to-ha-ekey"),
  /** §5.6.2: the key from the home agent to the mobile node, its salt at the end. */
  HA_TO_MN_EKEY("mip6-ha-to-mn-ekey"),
  /** §5.6.3: a date, to be read beside {@link #DATE}. */
  SA_VALIDITY_END("mip6-sa-validity-end"),
  /** §5.6.4: 0 for signalling alone, 1 for payload too. */
  SAS("mip6-sas"),
  /** §5.6.5: the suite that was chosen. */
  CIPHERSUITE("mip6-ciphersuite"),
  /** §5.6.5: the suites that are proposed. */
  SUITELIST("mip6-suitelist"),
  /** §5.7.1. */
  HAA_IP6("mip6-haa-ip6"),
  /** §5.7.2: here the UDP port of RFC 3948. */
  PORT("mip6-port"),
  /** §5.7.3: may stand more than once. */
  IP6_HOA("mip6-ip6-hoa"),
  /** §5.7.3. */
  IP6_HNP("mip6-ip6-hnp"),
  /** The care-of address; not in the RFC. */
  COA("mip6-coa"),
  /** The controller's date when it wrote the message, RFC 2616 §14.18. */
  DATE("date"),
  /** How many packets may be sealed under one key; not in the RFC. */
  SA_PACKETS("mip6-sa-packets"),
  /** How many octets may be sealed under one key; not in the RFC. */
  SA_OCTETS("mip6-sa-octets");

  private final String text;
  private final byte[] octets;

  TvHeader(String text) {
    this.text = text;
    octets = text.getBytes(StandardCharsets.US_ASCII);
  }

  /** The name as it is written. */
  String text() {
    return text;
  }

  /** Whether it may stand more than once in a message. */
  boolean isRepeatable() {
    return this == IP6_HOA;
  }

  /** The header whose name these octets are, in any case (RFC 2616 §2.1), or null. */
  static TvHeader named(byte[] message, int from, int to) {
    for (TvHeader header : values()) {
      if (header.isNamed(message, from, to)) {
        return header;
      }
    }
    return null;
  }

  private boolean isNamed(byte[] message, int from, int to) {
    if (to - from != octets.length) {
      return false;
    }
    for (int i = 0; i < octets.length; i++) {
      int octet = message[from + i];
      if ((octet >= 'A' && octet <= 'Z' ? octet + 'a' - 'A' : octet) != octets[i]) {
        return false;
      }
    }
    return true;
  }
}
