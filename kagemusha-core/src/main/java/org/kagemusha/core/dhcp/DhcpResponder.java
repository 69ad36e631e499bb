package org.kagemusha.core.dhcp;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * Answers a guest in the place of the DHCPv6 server at home, which is out of its reach: Confirm,
 * Renew and Rebind with the leases that the guest has, Information-request with what the home
 * router told. No lease is made, changed or taken away. Sends nothing itself.
 */
public final class DhcpResponder {

  /** Preferred lifetime granted, seconds. */
  public static final int PREFERRED_SECONDS = 3600;

  /** Valid lifetime granted, seconds; short, so that the server at home is asked soon again. */
  public static final int VALID_SECONDS = 7200;

  /** The largest Reply, octets: with UDP and IPv6 header the minimum MTU of IPv6. */
  public static final int LARGEST_REPLY = 1280 - 40 - 8;

  // RFC 8415 §21.4: "Recommended values for T1 and T2 are 0.5 and 0.8 times the shortest preferred
  // lifetime"; §18.3.4: they "MUST be the same across all IAs".
  private static final int T1 = PREFERRED_SECONDS / 2;
  private static final int T2 = PREFERRED_SECONDS * 4 / 5;
  private static final int SHORTEST_DUID = 3;
  private static final int LONGEST_DUID = 130;
  private static final int IAID = 4;
  private static final int IA_NA_FIXED = 12;
  private static final int ADDRESS_FIXED = 24;
  private static final int SUCCESS = 0;
  private static final byte[] ON_LINK = "on link".getBytes(StandardCharsets.UTF_8);

  private byte[] serverId;

  /** An Identity Association of the request, with the addresses that go on. */
  private record Association(int code, int id, List<Ipv6Address> addresses) {}

  /**
   * @param serverId the DUID (RFC 8415 §11) with which to answer until the guest names that of the
   *     server at home
   */
  public DhcpResponder(byte[] serverId) {
    this.serverId = serverId.clone();
  }

  /** Says whether a message is one that servers must discard, RFC 8415 §16. */
  public static boolean isInvalid(DhcpMessage request) {
    byte[] client = request.first(DhcpOption.CLIENT_ID);
    byte[] server = request.first(DhcpOption.SERVER_ID);
    if (client != null && !isDuid(client) || server != null && !isDuid(server)) {
      return true;
    }
    return switch (request.type()) {
      // §16.5, §16.7: "that do not include a Client Identifier option [...] or that do include a
      // Server Identifier option".
      case DhcpMessage.CONFIRM, DhcpMessage.REBIND -> client == null || server != null;
      // §16.6: "does not include a Server Identifier option [...] a Client Identifier option". Its
      // contents match: we stand for the server at home, whatever its identifier.
      case DhcpMessage.RENEW -> client == null || server == null;
      // §16.12: "the message includes an IA option."
      case DhcpMessage.INFORMATION_REQUEST -> request.hasAssociation();
      default -> false;
    };
  }

  private static boolean isDuid(byte[] duid) {
    // §11.1: "The length of the DUID (not including the type code) is at least 1 octet and at most
    // 128 octets."
    return duid.length >= SHORTEST_DUID && duid.length <= LONGEST_DUID;
  }

  /**
   * Answers a message that is not {@link #isInvalid invalid}.
   *
   * @param isGuests says whether the guest may have an address on the home link
   * @param information what is known of name service
   * @return the Reply, at most {@link #LARGEST_REPLY} octets; null if none is due
   */
  public byte[] answer(
      DhcpMessage request, Predicate<Ipv6Address> isGuests, DhcpInformation information) {
    byte[] server = request.first(DhcpOption.SERVER_ID);
    if (server != null) {
      serverId = server;
    }
    ByteBuffer reply = ByteBuffer.allocate(LARGEST_REPLY);
    reply.putInt(DhcpMessage.REPLY << 24 | request.transaction());
    put(reply, DhcpOption.SERVER_ID, serverId);
    byte[] client = request.first(DhcpOption.CLIENT_ID);
    if (client != null) {
      put(reply, DhcpOption.CLIENT_ID, client);
    }
    boolean due =
        switch (request.type()) {
          case DhcpMessage.CONFIRM -> confirm(request, isGuests, reply);
          case DhcpMessage.RENEW, DhcpMessage.REBIND ->
              extend(request, isGuests, reply) && inform(request, information, reply);
          // An empty answer would take away what the guest has learned at home.
          case DhcpMessage.INFORMATION_REQUEST ->
              !information.isEmpty() && inform(request, information, reply);
          default -> false;
        };
    if (!due) {
      return null;
    }
    byte[] octets = new byte[reply.position()];
    reply.get(0, octets);
    return octets;
  }

  /**
   * RFC 8415 §18.3.3: "If all of the addresses in the Confirm message pass this test, the server
   * returns a status of Success. [...] If the server is unable to perform this test [...] or there
   * were no addresses in any of the IAs sent by the client, the server MUST NOT send a Reply." Of
   * addresses outside of the home prefixes nothing is known here.
   */
  private static boolean confirm(
      DhcpMessage request, Predicate<Ipv6Address> isGuests, ByteBuffer reply) {
    List<Ipv6Address> addresses = new ArrayList<>();
    for (Association association : associations(request, any -> true)) {
      addresses.addAll(association.addresses());
    }
    if (addresses.isEmpty() || !addresses.stream().allMatch(isGuests)) {
      return false;
    }
    reply.putShort((short) DhcpOption.STATUS_CODE);
    reply.putShort((short) (Short.BYTES + ON_LINK.length));
    reply.putShort((short) SUCCESS).put(ON_LINK);
    return true;
  }

  /**
   * RFC 8415 §18.3.4, §18.3.5: "the server sends the IA back to the client with new lifetimes and,
   * if applicable, T1/T2 times. If the server is unable to extend the lifetimes of an address [...]
   * the server MAY choose not to include the IA Address option."
   */
  private static boolean extend(
      DhcpMessage request, Predicate<Ipv6Address> isGuests, ByteBuffer reply) {
    List<Association> associations = associations(request, isGuests);
    for (Association association : associations) {
      if (!put(reply, association)) {
        return false;
      }
    }
    return !associations.isEmpty();
  }

  /** The associations of the request in which addresses go on. */
  private static List<Association> associations(
      DhcpMessage request, Predicate<Ipv6Address> isGuests) {
    List<Association> associations = new ArrayList<>();
    for (DhcpOption option : request.options()) {
      int fixed =
          switch (option.code()) {
            case DhcpOption.IA_NA -> IA_NA_FIXED;
            case DhcpOption.IA_TA -> IAID;
            default -> -1;
          };
      if (fixed < 0 || option.data().length < fixed) {
        continue;
      }
      ByteBuffer data = ByteBuffer.wrap(option.data());
      List<DhcpOption> inner = DhcpOption.read(data, fixed, data.limit());
      List<Ipv6Address> addresses = inner == null ? List.of() : addresses(inner, isGuests);
      if (!addresses.isEmpty()) {
        associations.add(new Association(option.code(), data.getInt(0), addresses));
      }
    }
    return associations;
  }

  private static List<Ipv6Address> addresses(
      List<DhcpOption> options, Predicate<Ipv6Address> isGuests) {
    List<Ipv6Address> addresses = new ArrayList<>();
    for (DhcpOption option : options) {
      if (option.code() == DhcpOption.IA_ADDRESS && option.data().length >= ADDRESS_FIXED) {
        Ipv6Address address = Ipv6Address.read(ByteBuffer.wrap(option.data()), 0);
        if (isGuests.test(address)) {
          addresses.add(address);
        }
      }
    }
    return addresses;
  }

  private static boolean put(ByteBuffer reply, Association association) {
    boolean timed = association.code() == DhcpOption.IA_NA;
    int leases = association.addresses().size() * (DhcpOption.HEADER + ADDRESS_FIXED);
    int length = (timed ? IA_NA_FIXED : IAID) + leases;
    if (reply.remaining() < DhcpOption.HEADER + length) {
      return false;
    }
    reply.putShort((short) association.code()).putShort((short) length);
    reply.putInt(association.id());
    if (timed) {
      reply.putInt(T1).putInt(T2);
    }
    for (Ipv6Address address : association.addresses()) {
      reply.putShort((short) DhcpOption.IA_ADDRESS).putShort((short) ADDRESS_FIXED);
      // §21.6, of the lifetimes: "The server MUST ignore any received values."
      reply.putLong(address.high()).putLong(address.low());
      reply.putInt(PREFERRED_SECONDS).putInt(VALID_SECONDS);
    }
    return true;
  }

  private static boolean inform(
      DhcpMessage request, DhcpInformation information, ByteBuffer reply) {
    informOf(request, DhcpOption.DNS_SERVERS, information.dnsServers(), reply);
    informOf(request, DhcpOption.DOMAIN_LIST, information.domains(), reply);
    return true;
  }

  /** RFC 8415 §18.3: "options that the client has requested". */
  private static void informOf(DhcpMessage request, int code, byte[] data, ByteBuffer reply) {
    boolean fits = reply.remaining() >= DhcpOption.HEADER + data.length;
    if (data.length > 0 && fits && request.asksFor(code)) {
      put(reply, code, data);
    }
  }

  private static void put(ByteBuffer reply, int code, byte[] data) {
    reply.putShort((short) code).putShort((short) data.length).put(data);
  }
}
