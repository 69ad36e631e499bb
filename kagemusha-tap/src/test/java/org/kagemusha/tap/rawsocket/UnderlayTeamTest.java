package org.kagemusha.tap.rawsocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.ipsec.engine.CipherTeam;
import org.kagemusha.core.ipsec.engine.InitialisationVectors;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay.Sent;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.netns.NetworkNamespace;
import org.kagemusha.tap.netns.Readiness;
import org.kagemusha.tap.team.CipherThreads;

/** ESP between two namespaces, sealed and opened by teams, over real sockets. */
@Tag("netns")
class UnderlayTeamTest {

  private static final Ipv6Address LOCAL = Ipv6Address.parse("2001:db8:3000::2");
  private static final Ipv6Address OTHER = Ipv6Address.parse("2001:db8:3000::3");
  private static final Ipv6Address PEER = Ipv6Address.parse("2001:db8:3000::1");
  private static final int MEMBERS = 3;
  private static final int PORT = 4500;
  private static final int PAYLOAD = 1000;
  private static final int ESP_RECEIVER = 1;
  private static final int UDP_RECEIVER = 6;

  private final Counters counters = new Counters();
  private final Counters farCounters = new Counters();
  private final SecurityAssociationDatabase database = new SecurityAssociationDatabase();
  private final CipherThreads team = new CipherThreads(MEMBERS);
  private final CipherThreads farTeam = new CipherThreads(MEMBERS);
  private final UnderlaySocket.Refused refused = (outer, why) -> { };
  private NetworkNamespace peer;
  private NetworkNamespace host;
  private UnderlaySocket socket;
  private UnderlaySocket far;
  private OutboundSecurityAssociation outbound;
  private InboundSecurityAssociation inbound;
  private long number;
  private int openedEarly;

  @BeforeEach
  void create() {
    peer = NetworkNamespace.create();
    host = NetworkNamespace.create();
    NetworkNamespace.connect(peer, "veth0", host, "veth0");
    peer.address("veth0", PEER + "/64");
    host.address("veth0", LOCAL + "/64");
    host.address("veth0", OTHER + "/64");
    peer.ip("link set veth0 address 02:00:00:00:00:01");
    host.ip("neigh add " + PEER + " lladdr 02:00:00:00:00:01 dev veth0");
    socket = open(host, LOCAL, 64, counters, team);
    far = open(peer, PEER, 64, farCounters, farTeam);
    outbound = sealing(0x7001);
    inbound =
        InboundSecurityAssociation.of(
            parameters(0x7001), () -> 0, CipherEngines.withAccelerators(List.of(), MEMBERS));
    database.add(inbound);
  }

  @AfterEach
  void remove() {
    far.close();
    socket.close();
    team.close();
    farTeam.close();
    host.close();
    peer.close();
  }

  private UnderlaySocket open(
      NetworkNamespace where, Ipv6Address local, int batch, Counters count, CipherTeam by) {
    UnderlaySettings settings =
        UnderlaySettings.of(local).withEncapsulation(PORT, false).withBatch(batch, 1500);
    return where.run(() -> UnderlaySocket.open(settings, count, by, database::prepare, null));
  }

  private static SecurityAssociationParameters parameters(int spi) {
    return new SecurityAssociationParameters(
        spi, EncryptionAlgorithm.AES_CBC_128, IntegrityAlgorithm.HMAC_SHA2_256_128, new byte[16],
        new byte[32], true, 1024);
  }

  private OutboundSecurityAssociation sealing(int spi) {
    return OutboundSecurityAssociation.of(
        parameters(spi), () -> ++number, CipherEngines.withAccelerators(List.of(), MEMBERS),
        InitialisationVectors.random());
  }

  /** The next packet, in the underlay's place or in one of its own, sealed later. */
  private PacketBuffer packet(boolean inPlace, boolean udp, Ipv6Address source) {
    PacketBuffer packet = inPlace ? socket.slot(PAYLOAD + 200) : PacketBuffer.allocate(1500);
    packet.finished().set(PacketBuffer.HEADROOM, PAYLOAD);
    for (int i = 0; i < PAYLOAD; i++) {
      packet.bytes().put(packet.offset() + i, (byte) (number + i));
    }
    assertNull(outbound.seal(packet, Protocol.IPV6, true));
    assertTrue(packet.isDeferred());
    if (udp) {
      UdpEncapsulation.prepend(packet, PORT, PORT);
    }
    int length = packet.length();
    packet.prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        packet.bytes(), packet.offset(), 0, 7, length, udp ? Protocol.UDP : Protocol.ESP, 64,
        source, PEER);
    return packet;
  }

  /** Opens what has come, in order; returns how many were good. */
  private int receive(boolean udp) throws Exception {
    UnderlayReceiver receiver = far.receivers().get(udp ? UDP_RECEIVER : ESP_RECEIVER);
    int headers = udp ? Ipv6Header.BYTES + UdpEncapsulation.HEADER_OCTETS : Ipv6Header.BYTES;
    int good = 0;
    while (Readiness.await(receiver.fd(), 200)) {
      PacketBuffer packet;
      while ((packet = receiver.receive()) != null) {
        assertEquals(LOCAL, Ipv6Header.source(packet.bytes(), packet.offset()));
        openedEarly += packet.cipherJob() != null && packet.cipherJob().isDone() ? 1 : 0;
        packet.trimFront(headers);
        long before = inbound.highestSequence();
        if (inbound.open(packet) != null) {
          continue;
        }
        good++;
        assertTrue(inbound.highestSequence() > before, "in the order of their numbers");
        assertEquals(PAYLOAD, packet.length());
        for (int i = 0; i < PAYLOAD; i++) {
          assertEquals(
              (byte) (inbound.highestSequence() - 1 + i),
              packet.bytes().get(packet.offset() + i));
        }
      }
    }
    return good;
  }

  @ParameterizedTest
  @CsvSource({"true, false", "false, false", "true, true", "false, true"})
  void whatIsSealedTogetherArrivesInOrderAndIsOpenedTogether(boolean inPlace, boolean udp)
      throws Exception {
    int sent = 0;
    for (int i = 0; i < 5; i++) {
      for (int j = 0; j < 100 + i; j++) {
        assertEquals(Sent.OK, socket.send(packet(inPlace, udp, LOCAL)));
        sent++;
      }
      socket.flush(refused);
      receiveAll(udp, sent);
    }
    assertTrue(openedEarly > sent / 2, openedEarly + " of " + sent);
    assertEquals(0, counters.drops(DropReason.CIPHER_FAILED));
  }

  private void receiveAll(boolean udp, int sent) throws Exception {
    receive(udp);
    assertEquals(sent, inbound.packets());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void keysThatEndWithPacketsInTheBatchTakeThoseAlone(boolean udp) throws Exception {
    OutboundSecurityAssociation lasting = outbound;
    OutboundSecurityAssociation ending = sealing(0x7001);
    for (int i = 0; i < 40; i++) {
      outbound = i % 4 == 1 ? ending : lasting;
      assertEquals(Sent.OK, socket.send(packet(true, udp, LOCAL)));
    }
    ending.destroy();
    socket.flush(refused);
    assertEquals(30, receive(udp));
    assertEquals(10, counters.drops(DropReason.CIPHER_FAILED));
    // Nothing of the kind comes after them.
    outbound = lasting;
    for (int i = 0; i < 40; i++) {
      assertEquals(Sent.OK, socket.send(packet(true, udp, LOCAL)));
    }
    socket.flush(refused);
    assertEquals(40, receive(udp));
    assertEquals(10, counters.drops(DropReason.CIPHER_FAILED));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void rfc4303_s2_1_whatLooksUnsealedNeverLeavesWhateverTheBufferSays(boolean udp)
      throws Exception {
    for (int i = 0; i < 20; i++) {
      PacketBuffer packet = packet(true, udp, LOCAL);
      if (i == 7) {
        // As if somebody had taken it for another packet.
        packet.finished();
        assertTrue(packet.isSettled());
      }
      assertEquals(Sent.OK, socket.send(packet));
    }
    socket.flush(refused);
    assertEquals(19, receive(udp));
    assertEquals(1, counters.drops(DropReason.CIPHER_FAILED));
  }

  @Test
  void whatNeedsItsOctetsAtOnceIsSealedAtOnce() throws Exception {
    // From another address it leaves by the raw socket, its checksum computed here.
    PacketBuffer other = packet(false, true, OTHER);
    assertEquals(Sent.OK, socket.send(other));
    assertEquals(0, other.bytes().getShort(other.offset() + Ipv6Header.BYTES + 6));
    socket.flush(refused);
    UnderlayReceiver receiver = far.receivers().get(UDP_RECEIVER);
    assertTrue(Readiness.await(receiver.fd(), 5000));
    PacketBuffer packet = receiver.receive();
    packet.trimFront(Ipv6Header.BYTES + UdpEncapsulation.HEADER_OCTETS);
    assertNull(inbound.open(packet));
    // Batches of one are not kept.
    try (UnderlaySocket single = open(host, OTHER, 1, counters, team)) {
      assertFalse(single.takesDeferred());
      assertEquals(Sent.OK, single.send(packet(false, false, LOCAL)));
      OutboundSecurityAssociation before = outbound;
      outbound = sealing(0x7001);
      PacketBuffer late = packet(false, false, LOCAL);
      outbound.destroy();
      assertEquals(Sent.NOT_SEALED, single.send(late));
      outbound = before;
    }
    assertEquals(1, receive(false));
    assertEquals(0, counters.drops(DropReason.CIPHER_FAILED));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void rfc4303_s3_4_3_replaysAndForgeriesInABatchAreRejectedInTheirTurn(boolean udp)
      throws Exception {
    // Calls become longer as they are filled.
    for (int i = 0; i < 100; i++) {
      assertEquals(Sent.OK, socket.send(packet(true, udp, LOCAL)));
    }
    socket.flush(refused);
    assertEquals(100, receive(udp));
    openedEarly = 0;
    PacketBuffer again = NativeMemory.packetBuffer(1500);
    for (int i = 0; i < 40; i++) {
      PacketBuffer packet = packet(false, udp, LOCAL);
      assertTrue(packet.settle());
      if (i == 20) {
        packet.bytes().put(packet.end() - 40, (byte) ~packet.bytes().get(packet.end() - 40));
      }
      if (i == 10) {
        again.copyFrom(packet);
      }
      assertEquals(Sent.OK, socket.send(packet));
      if (i == 11 || i == 30) {
        assertEquals(Sent.OK, socket.send(again));
      }
    }
    socket.flush(refused);
    assertEquals(39, receive(udp));
    assertEquals(139, inbound.packets());
    assertTrue(openedEarly >= 30, String.valueOf(openedEarly));
  }
}
