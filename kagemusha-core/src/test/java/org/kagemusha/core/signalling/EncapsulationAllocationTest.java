package org.kagemusha.core.signalling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.signalling.SignallingReader.Found;
import org.kagemusha.core.tunnel.InnerErrors;
import org.kagemusha.core.tunnel.Tunnel;
import org.kagemusha.core.tunnel.TunnelContext;
import org.kagemusha.core.tunnel.TunnelSettings;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** ESP in UDP leaves no garbage between the entry point of a tunnel and its exit point. */
class EncapsulationAllocationTest {

  private static final ThreadMXBean THREADS =
      (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int ROUNDS = 10_000;
  private static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:3000::3");
  private static final Ipv6Address AGENT = Ipv6Address.parse("2001:db8:2000::1");
  private static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");

  private final Counters counters = new Counters();
  private final SecurityAssociationDatabase associations = new SecurityAssociationDatabase();
  private final SignallingReader reader = new SignallingReader(associations);
  private final Tunnel entry = tunnel(CARE_OF, AGENT);
  private final Tunnel exit = tunnel(AGENT, CARE_OF);
  private final PacketBuffer packet = PacketBuffer.allocate(2048);
  private final InnerErrors errors = error -> { };
  private Underlay.Sent sent = Underlay.Sent.OK;
  private final Underlay underlay = outer -> sent;

  private Tunnel tunnel(Ipv6Address local, Ipv6Address remote) {
    Tunnel tunnel =
        new Tunnel(
            new TunnelContext(
                TunnelSettings.mobileNode(), counters, HOME, new SplittableRandom(1)));
    tunnel.endpoints(local, remote);
    return tunnel;
  }

  @ParameterizedTest
  @EnumSource(names = {"NULL", "AES_CBC_128", "AES_CBC_256"})
  void payloadPassesWithoutAnAllocation(EncryptionAlgorithm encryption) {
    SecurityAssociationParameters parameters =
        new SecurityAssociationParameters(
            0x1000,
            encryption,
            IntegrityAlgorithm.HMAC_SHA2_256_128,
            new byte[encryption.keyOctets()],
            new byte[32],
            true,
            64);
    long[] sequence = {0};
    entry.protection(OutboundSecurityAssociation.of(parameters, () -> ++sequence[0]));
    entry.encapsulation(4500, 4500);
    associations.add(InboundSecurityAssociation.of(parameters, () -> 0));
    reader.encapsulationPort(4500);
    exchange();
    exchange();
    long before = THREADS.getCurrentThreadAllocatedBytes();
    exchange();
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    assertEquals(3 * ROUNDS, counters.get(Counter.TUNNEL_PACKETS_RECEIVED));
    assertTrue(allocated < ROUNDS, allocated + " octets for " + ROUNDS + " packets");
  }

  private void exchange() {
    for (int i = 0; i < ROUNDS; i++) {
      packet.set(PacketBuffer.HEADROOM, Ipv6Header.BYTES + 1000);
      Ipv6Header.write(
          packet.bytes(), packet.offset(), 0, 0, 1000, Protocol.UDP, 64, HOME, AGENT);
      entry.send(packet, underlay, errors, i);
      assertEquals(Found.TUNNEL, reader.read(packet, i));
      assertEquals(4500, reader.udpPort());
      assertNull(exit.receive(packet, reader.innerOffset(), i));
    }
  }
}
