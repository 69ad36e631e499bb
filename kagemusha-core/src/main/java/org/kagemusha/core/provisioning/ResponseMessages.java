package org.kagemusha.core.provisioning;

import java.util.Arrays;
import java.util.List;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/** The responses of RFC 6618 §5.8, from and to octets. */
final class ResponseMessages {

  /** The longest validity that a mobile node uses, seconds; what a controller says more is cut. */
  static final long MAXIMUM_VALIDITY = 604_800;

  private static final int INIT = 1;
  private static final int DONE = 2;
  private static final int LARGEST_PORT = 0xffff;

  private ResponseMessages() {}

  /** Response/MHAuth-Init. */
  static byte[] init(byte[] mnRand, byte[] hacRand) {
    return new TvWriter(INIT)
        .octets(TvHeader.MN_RAND, mnRand)
        .octets(TvHeader.HAC_RAND, hacRand)
        .text(TvHeader.AUTH_METHOD, RequestMessages.TLS)
        .finish();
  }

  /** Response/MHAuth-Done that gives keys. */
  static byte[] granted(Grant grant, long nowSeconds, byte[] mnRand, byte[] hacRand) {
    TvWriter writer =
        new TvWriter(DONE)
            .number(TvHeader.SAS, grant.payloadProtected() ? 1 : 0)
            .suites(TvHeader.CIPHERSUITE, List.of(grant.suite()))
            .number(TvHeader.SPI, grant.spi())
            .octets(TvHeader.MN_TO_HA_EKEY, grant.keyToHomeAgent())
            .octets(TvHeader.HA_TO_MN_EKEY, grant.keyToMobileNode())
            .date(TvHeader.DATE, nowSeconds)
            .date(TvHeader.SA_VALIDITY_END, nowSeconds + grant.validitySeconds())
            .number(TvHeader.SA_PACKETS, grant.maximumPackets())
            .number(TvHeader.SA_OCTETS, grant.maximumOctets())
            .address(TvHeader.HAA_IP6, grant.homeAgent())
            .prefix(TvHeader.IP6_HNP, grant.homePrefix())
            .addresses(TvHeader.IP6_HOA, grant.homeAddresses());
    if (grant.encapsulationPort() != 0) {
      writer.number(TvHeader.PORT, grant.encapsulationPort());
    }
    return writer
        .octets(TvHeader.MN_RAND, mnRand)
        .octets(TvHeader.HAC_RAND, hacRand)
        .number(TvHeader.STATUS_CODE, StatusCode.OK.code())
        .finish();
  }

  /**
   * A last response without keys (§5.3), to either request.
   *
   * @param identifier the request's
   * @param retryAfterSeconds or 0
   * @param mnRand or null if the mobile node has sent none that can be repeated
   * @param hacRand or null if there is none yet
   */
  static byte[] refused(
      int identifier,
      StatusCode status,
      int retryAfterSeconds,
      long nowSeconds,
      byte[] mnRand,
      byte[] hacRand) {
    TvWriter writer = new TvWriter(identifier).date(TvHeader.DATE, nowSeconds);
    if (retryAfterSeconds > 0) {
      writer.date(TvHeader.RETRY_AFTER, nowSeconds + retryAfterSeconds);
    }
    if (mnRand != null) {
      writer.octets(TvHeader.MN_RAND, mnRand);
    }
    if (hacRand != null) {
      writer.octets(TvHeader.HAC_RAND, hacRand);
    }
    return writer.number(TvHeader.STATUS_CODE, status.code()).finish();
  }

  /** Seconds until the controller may be asked again, or 0 if it does not say in dates. */
  static int readRetryAfter(TvReader reader) {
    if (!reader.has(TvHeader.RETRY_AFTER) || !reader.has(TvHeader.DATE)) {
      return 0;
    }
    long seconds = reader.date(TvHeader.RETRY_AFTER) - reader.date(TvHeader.DATE);
    return reader.problem() == null ? (int) Math.max(0, Math.min(Integer.MAX_VALUE, seconds)) : 0;
  }

  /** Reads what is granted to a request; null, and a problem, if the mobile node cannot take it. */
  static Grant readGranted(TvReader reader, ProvisioningRequest request) {
    List<Ciphersuite> chosen = reader.suites(TvHeader.CIPHERSUITE, 1);
    if (chosen.size() != 1 || !request.suites().contains(chosen.get(0))) {
      reader.problem("mip6-ciphersuite was not proposed");
      return null;
    }
    Ciphersuite suite = chosen.get(0);
    boolean payloadProtected = reader.number(TvHeader.SAS, 0, 1) == 1;
    int spi = (int) reader.number(TvHeader.SPI, Grant.SMALLEST_SPI, Grant.LARGEST_SPI);
    // §5.6.3, but the difference of two dates of one clock: the mobile node's own may be wrong.
    long validity = reader.date(TvHeader.SA_VALIDITY_END) - reader.date(TvHeader.DATE);
    if (validity <= 0) {
      reader.problem("mip6-sa-validity-end is not after date");
    }
    long packets = reader.number(TvHeader.SA_PACKETS, 1, Long.MAX_VALUE);
    long octets = reader.number(TvHeader.SA_OCTETS, 1, Long.MAX_VALUE);
    Ipv6Address homeAgent = reader.address(TvHeader.HAA_IP6);
    Ipv6Prefix homePrefix = reader.prefix(TvHeader.IP6_HNP);
    List<Ipv6Address> homes = reader.addresses(TvHeader.IP6_HOA);
    if (!request.homeAddresses().containsAll(homes)) {
      reader.problem("mip6-ip6-hoa was not asked for");
    }
    int port = reader.has(TvHeader.PORT) ? (int) reader.number(TvHeader.PORT, 0, LARGEST_PORT) : 0;
    byte[] toHomeAgent = key(reader, TvHeader.MN_TO_HA_EKEY, suite);
    byte[] toMobileNode = key(reader, TvHeader.HA_TO_MN_EKEY, suite);
    if (Arrays.equals(toHomeAgent, toMobileNode)) {
      // Two keys that the controller has erased meanwhile are equal as well.
      reader.problem("mip6-ha-to-mn-ekey is the key of the other direction");
    }
    if (reader.problem() != null) {
      Arrays.fill(toHomeAgent, (byte) 0);
      Arrays.fill(toMobileNode, (byte) 0);
      return null;
    }
    return new Grant(
        spi,
        suite,
        toHomeAgent,
        toMobileNode,
        payloadProtected,
        homeAgent,
        homePrefix,
        homes,
        Math.min(validity, MAXIMUM_VALIDITY),
        packets,
        octets,
        port);
  }

  private static byte[] key(TvReader reader, TvHeader header, Ciphersuite suite) {
    byte[] key = reader.octets(header, suite.encryption().keyOctets());
    if (Arrays.equals(key, new byte[key.length])) {
      reader.problem(header.text() + " is blank");
    }
    return key;
  }
}
