package org.kagemusha.tap.netlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;

/** Datagrams that Linux 6.18 sent on a little-endian machine. */
class NetlinkCodecTest {

  /** 2001:db8:3000::c0a/128 on interface 2, then the end of the dump. */
  private static final String ADDRESS_AND_DONE =
      "480000001400020005000000863400000a80a20002000000"
          + "1400010020010db8300000000000000000000c0a"
          + "1400060000000000fffffffff40b0600f40b0600"
          + "08000800a2020000"
          + "1400000003000200050000008634000000000000";

  /** An MTU of 70,000 is refused; the request is not quoted but for its header. */
  private static final String REFUSAL =
      "48000000020000030500000086340000eaffffff28000000100005000500000000000000"
          + "240001006d74752067726561746572207468616e20646576696365206d6178696d756d00";

  private static final String NO_SUCH_DEVICE =
      "24000000020000010500000086340000edffffff2c000000120001000500000000000000";

  private static NetlinkReader reader(byte[] octets) {
    ByteBuffer bytes = ByteBuffer.wrap(octets).order(ByteOrder.LITTLE_ENDIAN);
    return new NetlinkReader(bytes, octets.length);
  }

  private static NetlinkReader reader(String hex) {
    return reader(HexFormat.of().parseHex(hex));
  }

  static byte[] recordedLink() throws IOException {
    try (InputStream file =
        NetlinkCodecTest.class.getResourceAsStream("newlink-tap0.hex")) {
      String text = new String(file.readAllBytes(), StandardCharsets.US_ASCII);
      return HexFormat.of().parseHex(text.replaceAll("\\s", ""));
    }
  }

  static byte[] recordedAddress() {
    return HexFormat.of().parseHex(ADDRESS_AND_DONE);
  }

  static byte[] recordedRefusal() {
    return HexFormat.of().parseHex(REFUSAL);
  }

  @Test
  void takesALinkApart() throws Exception {
    NetlinkReader reader = reader(recordedLink());
    assertTrue(reader.next());
    assertEquals(5, reader.sequence());
    Link link = Link.read(reader).orElseThrow();
    assertEquals("tap0", link.name());
    assertEquals(3, link.index());
    assertEquals(1500, link.mtu());
    assertEquals(2, link.master());
    assertEquals("tun", link.kind());
    assertFalse(link.isUp());
    assertTrue(link.mac().isPresent());
    assertEquals(Optional.empty(), InterfaceAddress.read(reader));
    assertFalse(reader.next());
  }

  @Test
  void takesAnAddressAndTheEndOfADumpApart() {
    NetlinkReader reader = reader(ADDRESS_AND_DONE);
    assertTrue(reader.next());
    assertEquals(
        new InterfaceAddress(
            2, Ipv6Address.parse("2001:db8:3000::c0a"), 128, 0, 0x2a2, 0, InterfaceAddress.FOREVER),
        InterfaceAddress.read(reader).orElseThrow());
    assertEquals(Optional.empty(), Link.read(reader));
    assertTrue(reader.next());
    assertEquals(Netlink.NLMSG_DONE, reader.type());
    assertFalse(reader.next());
  }

  @Test
  void takesErrorsApartWithTheKernelsWords() {
    NetlinkReader reader = reader(REFUSAL);
    assertTrue(reader.next());
    assertEquals(22, reader.error());
    assertEquals("mtu greater than device maximum", reader.errorText());
    reader = reader(NO_SUCH_DEVICE);
    assertTrue(reader.next());
    assertEquals(19, reader.error());
    assertEquals("", reader.errorText());
  }

  @Test
  void anyTruncationEndsQuietly() throws Exception {
    for (byte[] whole :
        List.of(recordedLink(), recordedAddress(), recordedRefusal())) {
      for (int length = 0; length < whole.length; length++) {
        readAll(Arrays.copyOf(whole, length));
      }
    }
  }

  /** Reads all that can be read. */
  static void readAll(byte[] octets) {
    NetlinkReader reader = reader(octets);
    while (reader.next()) {
      Link.read(reader);
      InterfaceAddress.read(reader);
      Route.read(reader);
      Neighbour.read(reader);
      reader.error();
      reader.errorText();
    }
    NetlinkMonitor.dispatch(reader(octets), new NetlinkMonitor.Listener() {});
  }

  @Test
  void writesWhatTheKernelsHeadersSay() {
    ByteBuffer bytes = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    Arrays.fill(bytes.array(), (byte) 0xee);
    NetlinkWriter writer = new NetlinkWriter(bytes);
    writer.begin(Netlink.RTM_NEWLINK, 5, 7, Netlink.IFINFOMSG).body32(4, 3);
    writer.attributeString(Netlink.IFLA_IFNAME, "tap0");
    int outer = writer.beginNested(Netlink.IFLA_AF_SPEC);
    writer.attribute8(Netlink.IFLA_INET6_ADDR_GEN_MODE, 1).endNested(outer);
    writer.attribute(Netlink.IFLA_ADDRESS, MacAddress.parse("02:00:00:00:00:01").toBytes());
    int length = writer.attribute32(Netlink.IFLA_MTU, 1400).finish();
    assertEquals(
        "4c000000100005000700000000000000"
            + "00000000030000000000000000000000"
            + "09000300" + "7461703000000000"
            + "0c001a80" + "0500080001000000"
            + "0a000100" + "0200000000010000"
            + "08000400" + "78050000",
        HexFormat.of().formatHex(bytes.array(), 0, length));
  }

  @Test
  void tellsAListenerWhatChangedButNotABridgesViewOfItsPorts() throws Exception {
    List<String> events = new ArrayList<>();
    NetlinkMonitor.Listener listener =
        new NetlinkMonitor.Listener() {
          @Override
          public void onAddress(InterfaceAddress address) {
            events.add("address " + address.address());
          }

          @Override
          public void onLinkRemoved(Link link) {
            events.add("gone " + link.name());
          }
        };
    NetlinkMonitor.dispatch(reader(ADDRESS_AND_DONE), listener);
    byte[] removed = recordedLink();
    removed[4] = Netlink.RTM_DELLINK;
    NetlinkMonitor.dispatch(reader(removed), listener);
    removed[16] = 7;
    NetlinkMonitor.dispatch(reader(removed), listener);
    assertEquals(List.of("address 2001:db8:3000::c0a", "gone tap0"), events);
  }

  @Test
  void takesANeighbourApart() {
    // ndmsg of rtnetlink(7): family, interface 2, state, flags, type; NDA_DST, NDA_LLADDR.
    String address = "14000100" + "fe800000000000000000000000000001";
    String mac = "0a000200" + "0200000000010000";
    for (int state : new int[] {0x02, 0x04, 0x08, 0x10, 0x80}) {
      assertEquals(
          Optional.of(
              new Neighbour(
                  2, Ipv6Address.parse("fe80::1"),
                  Optional.of(MacAddress.parse("02:00:00:00:00:01")))),
          neighbour("1c00", 10, state, 0, address + mac));
    }
    for (int state : new int[] {0x01, 0x20, 0x40}) {
      assertTrue(neighbour("1c00", 10, state, 0, address + mac).orElseThrow().mac().isEmpty());
    }
    assertTrue(neighbour("1d00", 10, 2, 0, address + mac).orElseThrow().mac().isEmpty());
    assertTrue(neighbour("1c00", 10, 2, 0, address).orElseThrow().mac().isEmpty());
    assertEquals(Optional.empty(), neighbour("1c00", 10, 2, 8, address));
    assertEquals(Optional.empty(), neighbour("1c00", 7, 2, 0, address + mac));
    assertEquals(Optional.empty(), neighbour("1c00", 10, 2, 0, mac));
    assertEquals(Optional.empty(), neighbour("1800", 10, 2, 0, address + mac));
  }

  private static Optional<Neighbour> neighbour(
      String type, int family, int state, int flags, String attributes) {
    String body =
        "%02x000000".formatted(family) + "02000000" + "%02x00".formatted(state)
            + "%02x01".formatted(flags) + attributes;
    NetlinkReader reader =
        reader(
            "%02x000000".formatted(16 + body.length() / 2) + type + "0000" + "0000000000000000"
                + body);
    assertTrue(reader.next());
    return Neighbour.read(reader);
  }

  @Test
  void tellsOfRoutesToOtherHostsOnly() {
    int[] told = {0};
    NetlinkMonitor.Listener listener =
        new NetlinkMonitor.Listener() {
          @Override
          public void onRoutes() {
            told[0]++;
          }
        };
    // ip -6 route: the tables main and local, rtmsg of rtnetlink(7).
    NetlinkMonitor.dispatch(reader(route(254)), listener);
    assertEquals(1, told[0]);
    NetlinkMonitor.dispatch(reader(route(255)), listener);
    assertEquals(1, told[0]);
  }

  private static byte[] route(int table) {
    return HexFormat.of()
        .parseHex(
            "1c000000" + "1800" + "0000" + "00000000" + "00000000"
                + "0a400000" + "%02x".formatted(table) + "030001" + "00000000");
  }
}
