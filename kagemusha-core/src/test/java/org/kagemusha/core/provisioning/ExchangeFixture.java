package org.kagemusha.core.provisioning;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.random.RandomGenerator;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/** One session as RFC 6618 §5 words it, written by hand, and both of its ends. */
final class ExchangeFixture {

  static final String MN_RAND =
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
  static final String HAC_RAND =
      "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f";

  /** A 256-bit key and a salt of four octets. */
  static final String TO_HOME_AGENT =
      "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f60616263";

  static final String TO_MOBILE_NODE =
      "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3";

  /** The example of RFC 2616 §3.3.1: Sun, 06 Nov 1994 08:49:37 GMT. */
  static final long WALL_MS = 784_111_777_999L;

  static final byte[] INIT_REQUEST =
      message(
          "0001 0077",
          """
          mn-id:vm1@hv-a.example
          mn-rand:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
          auth-method:tls


          """);

  static final byte[] INIT_RESPONSE =
      message(
          "0001 00aa",
          """
          mn-rand:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
          hac-rand:202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f
          auth-method:tls


          """);

  static final String DONE_REQUEST_TEXT =
      """
      mn-rand:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
      hac-rand:202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f
      mip6-sas:1
      mip6-suitelist:{13,02},{13,01}
      mip6-ip6-hoa:2001:db8:2000:0:0:0:0:10
      mip6-ip6-hoa:2001:db8:2000:0:0:0:0:11
      mip6-coa:2001:db8:1000:0:0:0:0:a


      """;

  static final byte[] DONE_REQUEST = message("0002 0135", DONE_REQUEST_TEXT);

  static final String GRANTED_TEXT =
      """
      mip6-sas:1
      mip6-ciphersuite:{13,02}
      mip6-spi:19088743
      mip6-mn-to-ha-ekey:404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f60616263
      mip6-ha-to-mn-ekey:808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3
      date:Sun, 06 Nov 1994 08:49:37 GMT
      mip6-sa-validity-end:Sun, 06 Nov 1994 09:49:37 GMT
      mip6-sa-packets:4294967296
      mip6-sa-octets:68719476736
      mip6-haa-ip6:2001:db8:2000:0:0:0:0:1
      mip6-ip6-hnp:2001:db8:2000:0:0:0:0:0/64
      mip6-ip6-hoa:2001:db8:2000:0:0:0:0:10
      mip6-ip6-hoa:2001:db8:2000:0:0:0:0:11
      mip6-port:4500
      mn-rand:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
      hac-rand:202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f
      status-code:200


      """;

  static final byte[] GRANTED = message("0002 02da", GRANTED_TEXT);

  static final byte[] REFUSED =
      message(
          "0002 00f9",
          """
          date:Sun, 06 Nov 1994 08:49:37 GMT
          retry-after:Sun, 06 Nov 1994 08:50:07 GMT
          mn-rand:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
          hac-rand:202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f
          status-code:503


          """);

  static final PeerIdentity PEER =
      new PeerIdentity("CN=hv-a,O=Example", List.of("dns:hv-a.example"), "CN=CA", "1f", 0);

  static final List<Ipv6Address> HOMES =
      List.of(Ipv6Address.parse("2001:db8:2000::10"), Ipv6Address.parse("2001:db8:2000::11"));

  static final ProvisioningRequest REQUEST =
      new ProvisioningRequest(
          "vm1@hv-a.example",
          HOMES,
          Ipv6Address.parse("2001:db8:1000::a"),
          true,
          List.of(Ciphersuite.AES_256_GCM, Ciphersuite.AES_128_GCM));

  private ExchangeFixture() {}

  static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex);
  }

  static Grant grant() {
    return new Grant(
        0x01234567,
        Ciphersuite.AES_256_GCM,
        bytes(TO_HOME_AGENT),
        bytes(TO_MOBILE_NODE),
        true,
        Ipv6Address.parse("2001:db8:2000::1"),
        Ipv6Prefix.parse("2001:db8:2000::/64"),
        HOMES,
        3600,
        4_294_967_296L,
        68_719_476_736L,
        4500);
  }

  /** A controller's end whose hac-rand is {@link #HAC_RAND}, at {@link #WALL_MS}. */
  static ControllerExchange controller() {
    return new ControllerExchange(PEER, counting(0x20), () -> WALL_MS);
  }

  /** A mobile node's end whose mn-rand is {@link #MN_RAND}. */
  static MobileNodeExchange mobileNode() {
    return new MobileNodeExchange(REQUEST, counting(0));
  }

  /** The octets first, first + 1 and so on. */
  static RandomGenerator counting(int first) {
    return new RandomGenerator() {
      @Override
      public long nextLong() {
        throw new IllegalStateException("octets are asked for");
      }

      @Override
      public void nextBytes(byte[] octets) {
        for (int i = 0; i < octets.length; i++) {
          octets[i] = (byte) (first + i);
        }
      }
    };
  }

  static byte[] content(String text) {
    return text.replace("\n", "\r\n").getBytes(StandardCharsets.ISO_8859_1);
  }

  /** A message with these four octets in front of a text whose lines end with CRLF. */
  static byte[] message(String header, String text) {
    byte[] content = content(text);
    return ByteBuffer.allocate(4 + content.length)
        .put(bytes(header.replace(" ", "")))
        .put(content)
        .array();
  }

  /** A message with the right length. */
  static byte[] message(int identifier, String text) {
    return message(String.format("00%02x%04x", identifier, content(text).length), text);
  }

  static ByteBuffer buffer(byte[]... messages) {
    int length = 0;
    for (byte[] message : messages) {
      length += message.length;
    }
    ByteBuffer buffer = ByteBuffer.allocate(length);
    for (byte[] message : messages) {
      buffer.put(message);
    }
    return buffer.flip();
  }

  /** What is in a message, its lines ending as in Java. */
  static String text(byte[] message) {
    return new String(message, 4, message.length - 4, StandardCharsets.ISO_8859_1)
        .replace("\r\n", "\n");
  }
}
