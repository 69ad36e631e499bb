package org.kagemusha.core.homeagent;

import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_AGENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.TAP_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.ethernet;
import static org.kagemusha.core.homeagent.HomeAgentFixture.update;

import java.nio.ByteBuffer;
import org.kagemusha.core.homeagent.FreshKeys.Grant;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** A home agent with fresh keys, and what hosts with such keys send to it and get from it. */
final class FreshKeysFixture {

  static final int HOME_AGENT_PORT = 4500;

  final HomeAgentFixture home = new HomeAgentFixture();
  final FreshKeys keys = new FreshKeys(home.associations);

  FreshKeysFixture() {
    home.keySource = keys;
    home.requireProtection = true;
    home.encapsulationPort = HOME_AGENT_PORT;
    keys.manage("vm1", HOME_ADDRESS).manage("vm2", OTHER_HOME_ADDRESS);
  }

  /** A Binding Update as a host builds it; native with port 0. */
  static byte[] bindingUpdate(
      Grant grant, Ipv6Address careOf, Ipv6Address homeAddress, BindingUpdate update, int port) {
    return SignallingWriter.build(
            careOf,
            HOME_AGENT,
            homeAddress,
            null,
            update,
            grant.sealing,
            port,
            port == 0 ? 0 : HOME_AGENT_PORT)
        .toBytes();
  }

  void register(Grant grant, int sequence, Ipv6Address careOf) {
    registerByUdp(grant, sequence, careOf, 0);
  }

  void registerByUdp(Grant grant, int sequence, Ipv6Address careOf, int port) {
    home.underlay(
        bindingUpdate(grant, careOf, HOME_ADDRESS, update(sequence, 15, careOf), port));
  }

  void deregister(Grant grant, int sequence, Ipv6Address careOf) {
    home.underlay(bindingUpdate(grant, careOf, HOME_ADDRESS, update(sequence, 0, careOf), 0));
  }

  /** Payload in ESP from a host; native with port 0. */
  static byte[] sealed(Grant grant, Ipv6Address careOf, byte[] inner, int port) {
    PacketBuffer packet = PacketBuffer.copyOf(inner);
    if (grant.sealing.seal(packet, Protocol.IPV6) != null) {
      throw new AssertionError("not sealed");
    }
    int next = Protocol.ESP;
    if (port != 0) {
      UdpEncapsulation.prepend(packet, port, HOME_AGENT_PORT, careOf, HOME_AGENT);
      next = Protocol.UDP;
    }
    int length = packet.length();
    packet.prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        packet.bytes(), packet.offset(), 0, 0, length, next, 64, careOf, HOME_AGENT);
    return packet.toBytes();
  }

  /** A packet of the correspondent's for the mobile node comes from the home link. */
  void down(byte[] inner) {
    home.frame(ethernet(TAP_MAC, CORRESPONDENT_MAC, inner));
  }

  static byte[] toMobileNode(int payload) {
    return HomeAgentFixture.udp(CORRESPONDENT, HOME_ADDRESS, payload);
  }

  static byte[] fromMobileNode(int payload) {
    return HomeAgentFixture.udp(HOME_ADDRESS, CORRESPONDENT, payload);
  }

  byte[] last() {
    return home.packets.get(home.packets.size() - 1);
  }

  /** The SPI of a packet that is ESP behind an IPv6 header, type 2 routing header or UDP. */
  static int spi(byte[] packet) {
    ByteBuffer bytes = ByteBuffer.wrap(packet);
    return switch (Ipv6Header.nextHeader(bytes, 0)) {
      case Protocol.ESP -> bytes.getInt(40);
      case Protocol.UDP -> bytes.getInt(48);
      case Protocol.ROUTING -> bytes.getInt(64);
      default -> throw new AssertionError("next header " + Ipv6Header.nextHeader(bytes, 0));
    };
  }

  /** The acknowledgement last sent, as the host reads it that has the keys. */
  BindingAcknowledgement acknowledgement(Grant grant, int port) {
    SecurityAssociationDatabase one = new SecurityAssociationDatabase();
    one.add(grant.opening);
    SignallingReader reader = new SignallingReader(one);
    reader.encapsulationPort(port);
    SignallingReader.Found found = reader.read(PacketBuffer.copyOf(last()), home.nowNs);
    if (found != SignallingReader.Found.SIGNALLING) {
      throw new AssertionError(found + " " + reader.dropReason());
    }
    InboundSecurityAssociation opened = reader.signalling().association();
    if (opened != grant.opening || reader.udpPort() != (port == 0 ? 0 : HOME_AGENT_PORT)) {
      throw new AssertionError("opened by " + opened + " from port " + reader.udpPort());
    }
    return (BindingAcknowledgement) reader.signalling().message();
  }

  int status(Grant grant) {
    return acknowledgement(grant, 0).status();
  }

  int bindings() {
    return home.agent.status(home.nowNs).bindings();
  }
}
