package org.kagemusha.core.provisioning;

import java.util.HashSet;
import java.util.List;
import org.kagemusha.core.wire.Ipv6Address;

/** The two requests of RFC 6618 §5.8, from and to octets. */
final class RequestMessages {

  /** Octets of mn-rand and hac-rand, §5.5.8. */
  static final int RANDOM_OCTETS = 32;

  /** The most home addresses in one request, so that its headers stay below the limit. */
  static final int MAXIMUM_HOME_ADDRESSES = 32;

  /** The authentication method: the client certificate of the TLS connection. */
  static final String TLS = "tls";

  private static final int INIT = 1;
  private static final int DONE = 2;

  /** RFC 4282 §2.2: implementations need not take a longer one than 253 octets. */
  private static final int MAXIMUM_IDENTITY = 253;

  /** What a first request says; unusable if the reader has a problem. */
  record Init(String mobileNodeId, byte[] mnRand, boolean methodKnown) {}

  private RequestMessages() {}

  /**
   * @throws IllegalArgumentException if a request cannot be said in messages
   */
  static void check(ProvisioningRequest request) {
    List<Ipv6Address> homes = request.homeAddresses();
    require(isIdentity(request.mobileNodeId()), "identity is not 1 to 253 visible characters");
    require(
        !homes.isEmpty() && homes.size() <= MAXIMUM_HOME_ADDRESSES,
        "home addresses are not 1 to " + MAXIMUM_HOME_ADDRESSES);
    require(new HashSet<>(homes).size() == homes.size(), "a home address stands twice");
    require(
        homes.stream().allMatch(Ipv6Address::isRoutableUnicast)
            && (request.careOf() == null || request.careOf().isRoutableUnicast()),
        "not a routable address");
    require(!request.suites().isEmpty(), "no ciphersuite");
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  /** Request/MHAuth-Init. */
  static byte[] init(ProvisioningRequest request, byte[] mnRand) {
    return new TvWriter(INIT)
        .text(TvHeader.MN_ID, request.mobileNodeId())
        .octets(TvHeader.MN_RAND, mnRand)
        .text(TvHeader.AUTH_METHOD, TLS)
        .finish();
  }

  /** Request/MHAuth-Done. */
  static byte[] done(ProvisioningRequest request, byte[] mnRand, byte[] hacRand) {
    TvWriter writer =
        new TvWriter(DONE)
            .octets(TvHeader.MN_RAND, mnRand)
            .octets(TvHeader.HAC_RAND, hacRand)
            .number(TvHeader.SAS, request.payloadProtected() ? 1 : 0)
            .suites(TvHeader.SUITELIST, request.suites().stream().distinct().toList())
            .addresses(TvHeader.IP6_HOA, request.homeAddresses());
    if (request.careOf() != null) {
      writer.address(TvHeader.COA, request.careOf());
    }
    return writer.finish();
  }

  /** Reads Request/MHAuth-Init. */
  static Init readInit(TvReader reader) {
    String identity = reader.text(TvHeader.MN_ID);
    if (!isIdentity(identity)) {
      reader.problem("mn-id is not 1 to 253 visible characters");
    }
    byte[] mnRand = reader.octets(TvHeader.MN_RAND, RANDOM_OCTETS);
    return new Init(identity, mnRand, reader.listed(TvHeader.AUTH_METHOD, TLS));
  }

  /** Reads Request/MHAuth-Done; without any suite if none that is proposed is known here. */
  static ProvisioningRequest readDone(TvReader reader, String mobileNodeId) {
    boolean payloadProtected = reader.number(TvHeader.SAS, 0, 1) == 1;
    List<Ciphersuite> suites = reader.suites(TvHeader.SUITELIST, Integer.MAX_VALUE);
    List<Ipv6Address> homes = reader.addresses(TvHeader.IP6_HOA);
    if (homes.size() > MAXIMUM_HOME_ADDRESSES) {
      reader.problem("more than " + MAXIMUM_HOME_ADDRESSES + " home addresses");
    }
    Ipv6Address careOf = reader.has(TvHeader.COA) ? reader.address(TvHeader.COA) : null;
    return new ProvisioningRequest(mobileNodeId, homes, careOf, payloadProtected, suites);
  }

  /** RFC 4282 §2.1, without what is not safe in a line of a log: spaces and other than ASCII. */
  private static boolean isIdentity(String text) {
    return !text.isEmpty()
        && text.length() <= MAXIMUM_IDENTITY
        && text.chars().allMatch(character -> character > ' ' && character < 0x7f);
  }
}
