package org.kagemusha.core.neighbor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.neighbor.NeighborFixture.*;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.message.PcapReader;
import org.kagemusha.core.message.PcapWriter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;

/**
 * Every kind of frame that is sent, judged by others: octet for octet against what scapy 2.5 builds
 * from the same fields, and by tshark where it is installed.
 */
class NeighborWitnessTest implements PseudoHomeNetwork.GuestListener {

  private static final MacAddress AGENT = MacAddress.parse("02:6b:61:67:65:01");

  private final NeighborFixture link = new NeighborFixture();
  private final Counters counters = new Counters();
  private final PseudoHomeNetwork network =
      new PseudoHomeNetwork(
          new PseudoHomeNetwork.Settings(GUEST, List.of(HOME), HOME_AGENT, router(), PSEUDO),
          link,
          this,
          new Random(1),
          counters);
  private final ProxyNeighborDiscovery proxy = new ProxyNeighborDiscovery(AGENT, link, counters);
  private final NeighborCache cache =
      new NeighborCache(
          AGENT, Ipv6Address.linkLocalOf(AGENT), List.of(HOME), ROUTER, link, counters);
  private final DuplicateAddressDetection detection =
      new DuplicateAddressDetection(
          AGENT,
          link,
          new DuplicateAddressDetection.Listener() {
            @Override
            public void onUnique(Ipv6Address address, long nowNs) {}

            @Override
            public void onDuplicate(Ipv6Address address, MacAddress holder, long nowNs) {}
          },
          new Random(1),
          counters);

  @Override
  public void onGuestAddress(Ipv6Address address, long nowNs) {}

  @Override
  public void onGuestAnnouncement(long nowNs) {}

  private void started() {
    network.start(0);
    link.sent.clear();
  }

  private void sent(String expected) {
    assertEquals(expected, HexFormat.of().formatHex(link.only()));
  }

  @Test
  void theRouterConfirmed() {
    started();
    network.onGuestFrame(probe(GUEST_LL, ROUTER_LL, ROUTER), SECOND);
    sent(
        "52540012341002005e00000186dd6000000000203afffe800000000000000000000000000001"
            + "fe80000000000000505400fffe1234108800d6a6c0000000fe8000000000000000000000"
            + "00000001020102005e000001");
  }

  @Test
  void aHostConfirmed() {
    started();
    network.onGuestFrame(probe(HOA, NEIGHBOR_GUA, NEIGHBOR), SECOND);
    sent(
        "52540012341002005e00000286dd6000000000203aff20010db8200000000000000000000002"
            + "20010db82000000000000000000000108800ec614000000020010db82000000000000000"
            + "00000002020102005e000002");
  }

  @Test
  void aHostResolved() {
    started();
    network.onGuestFrame(resolve(HOA, GUEST, NEIGHBOR_GUA), SECOND);
    sent(
        "525400123410026b6167656d86dd6000000000203aff20010db8200000000000000000000002"
            + "20010db8200000000000000000000010880083244000000020010db82000000000000000"
            + "000000020201026b6167656d");
  }

  @Test
  void theHomeRoutersAdvertisement() {
    started();
    network.onGuestFrame(solicitRouter(GUEST_LL), SECOND);
    sent(
        "52540012341002005e00000186dd6000000000503afffe800000000000000000000000000001"
            + "fe80000000000000505400fffe1234108600cc0a404007080000000000000000030440c00001"
            + "5180000038400000000020010db8200000000000000000000000010102005e00000119030000"
            + "0000025820010db8200000000000000000000053");
  }

  @Test
  void theMulticastListenerQuery() {
    network.start(0);
    link.sent.remove(0);
    sent(
        "52540012341002005e00000186dd6000000000240001fe800000000000000000000000000001"
            + "ff0200000000000000000000000000013a00050200000100820056962710000000000000"
            + "000000000000000000000000027d0000");
  }

  @Test
  void theProxysAnnouncement() {
    proxy.add(HOA, 0);
    sent(
        "333300000001026b6167650186dd6000000000203afffe80000000000000006b61fffe676501"
            + "ff02000000000000000000000000000188007bae2000000020010db82000000000000000"
            + "000000100201026b61676501");
  }

  @Test
  void theProxysAnswerToAReturningNode() {
    proxy.add(HOA, 0);
    link.sent.clear();
    proxy.onNeighborSolicitation(NeighborFixture.test(HOA, GUEST), SECOND);
    sent(
        "333300000001026b6167650186dd6000000000203afffe80000000000000006b61fffe676501"
            + "ff02000000000000000000000000000188009bae0000000020010db82000000000000000"
            + "000000100201026b61676501");
  }

  @Test
  void theTestOfAnAddress() {
    detection.start(HOA, 0);
    sent(
        "3333ff000010026b6167650186dd6000000000183aff00000000000000000000000000000000"
            + "ff0200000000000000000001ff00001087002ccf0000000020010db82000000000000000"
            + "00000010");
  }

  @Test
  void tsharkFindsEveryFrameWellFormed(@TempDir Path directory)
      throws IOException, InterruptedException {
    Path tshark = Path.of("/usr/bin/tshark");
    Assumptions.assumeTrue(Files.isExecutable(tshark));
    sendOneOfEach();
    Path capture = directory.resolve("sent.pcapng");
    try (PcapWriter writer =
        new PcapWriter(
            Files.newOutputStream(capture),
            List.of(new PcapWriter.Interface("link", PcapReader.ETHERNET)))) {
      long micros = 0;
      for (byte[] frame : link.sent) {
        writer.write(
            0, PcapWriter.Direction.OUTBOUND, micros++, ByteBuffer.wrap(frame), 0, frame.length);
      }
    }
    List<String> types =
        lines(tshark, capture, "", "icmpv6.type").stream().map(String::trim).toList();
    assertEquals(
        List.of(
            "134", "130", "136", "136", "136", "136", "136", "134", "129", "135", "135",
            "136", "136", "136", "135", "136", "135"),
        types);
    assertEquals(
        List.of(),
        lines(
            tshark,
            capture,
            "_ws.malformed or _ws.expert.severity >= warning or icmpv6.checksum.status != 1",
            "frame.number"));
  }

  private void sendOneOfEach() {
    network.start(0);
    network.onGuestFrame(probe(GUEST_LL, ROUTER_LL, ROUTER), SECOND);
    network.onGuestFrame(probe(HOA, NEIGHBOR_GUA, NEIGHBOR), SECOND);
    network.onGuestFrame(resolve(HOA, GUEST, NEIGHBOR_GUA), SECOND);
    network.onGuestFrame(NeighborFixture.test(HOME_AGENT, GUEST), SECOND);
    network.defend(NEIGHBOR_GUA);
    network.onGuestFrame(solicitRouter(GUEST_LL), SECOND);
    network.onGuestFrame(
        frame(icmp(128, GUEST_LL, ROUTER_LL, 64, new byte[] {1, 2, 3, 4, 5}), ROUTER, GUEST),
        SECOND);
    network.probeGuest(SECOND);
    proxy.add(HOA, 0);
    proxy.onNeighborSolicitation(NeighborFixture.test(HOA, GUEST), SECOND);
    proxy.onNeighborSolicitation(resolve(NEIGHBOR_GUA, NEIGHBOR, HOA), SECOND);
    cache.send(packet(OFF_LINK, NEIGHBOR_GUA, 8), 0);
    cache.onNeighborDiscovery(
        resolve(NEIGHBOR_LL, NEIGHBOR, Ipv6Address.linkLocalOf(AGENT)), SECOND);
    detection.start(HOA, 0);
  }

  private static List<String> lines(Path tshark, Path capture, String filter, String field)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                tshark.toString(), "-n", "-r", capture.toString(), "-T", "fields", "-e", field));
    if (!filter.isEmpty()) {
      command.addAll(List.of("-Y", filter));
    }
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor());
    assertTrue(output.isEmpty() || output.endsWith("\n"));
    return output.lines().toList();
  }
}
