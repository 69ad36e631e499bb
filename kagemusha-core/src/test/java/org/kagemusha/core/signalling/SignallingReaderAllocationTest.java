package org.kagemusha.core.signalling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingReader.Found;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** The data path through the reader leaves no garbage of its own. */
class SignallingReaderAllocationTest {

  private static final int ROUNDS = 20_000;
  private static final int SEALED = 4_000;
  private static final String INNER =
      "6000000000003bff" + "20010db8200000000000000000000010" + "20010db8200000000000000000000001";

  private final com.sun.management.ThreadMXBean threads =
      (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static byte[] packet(int next, String payload) {
    int length = payload.length() / 2;
    return HexFormat.of()
        .parseHex(
            String.format("60000000%04x%02x40", length, next)
                + "20010db8300000000000000000000003"
                + "20010db8200000000000000000000001"
                + payload);
  }

  private long octetsPerRead(SignallingReader reader, byte[] octets) {
    PacketBuffer packet = PacketBuffer.copyOf(octets);
    long allocated = 0;
    for (int i = 0; i < 2 * ROUNDS; i++) {
      packet.bytes().put(PacketBuffer.HEADROOM, octets);
      packet.set(PacketBuffer.HEADROOM, octets.length);
      if (i == ROUNDS) {
        allocated = threads.getCurrentThreadAllocatedBytes();
      }
      assertEquals(Found.TUNNEL, reader.read(packet, i));
    }
    return (threads.getCurrentThreadAllocatedBytes() - allocated) / ROUNDS;
  }

  @Test
  void clearInnerPacketsPassWithoutAnAllocation() {
    SignallingReader reader = new SignallingReader(new SecurityAssociationDatabase());
    assertEquals(0, octetsPerRead(reader, packet(Protocol.IPV6, INNER)));
    byte[] limited = packet(Protocol.DESTINATION_OPTIONS, "2900040104010100" + INNER);
    assertEquals(0, octetsPerRead(reader, limited));
  }

  @Test
  void innerPacketsInEspCostNoMoreThanTheirCipher() {
    SecurityAssociationParameters parameters =
        new SecurityAssociationParameters(
            0x1000,
            EncryptionAlgorithm.AES_CBC_128,
            IntegrityAlgorithm.HMAC_SHA2_256_128,
            new byte[16],
            new byte[32],
            false,
            64);
    long[] sequence = {0};
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.of(parameters, () -> ++sequence[0]);
    PacketBuffer[] packets = new PacketBuffer[SEALED];
    for (int i = 0; i < SEALED; i++) {
      packets[i] = PacketBuffer.copyOf(HexFormat.of().parseHex(INNER));
      assertNull(outbound.seal(packets[i], Protocol.IPV6));
      String esp = HexFormat.of().formatHex(packets[i].toBytes());
      packets[i] = PacketBuffer.copyOf(packet(Protocol.ESP, esp));
    }
    InboundSecurityAssociation alone = InboundSecurityAssociation.of(parameters);
    InboundSecurityAssociation inbound = InboundSecurityAssociation.of(parameters);
    SecurityAssociationDatabase associations = new SecurityAssociationDatabase();
    associations.add(inbound);
    SignallingReader reader = new SignallingReader(associations);
    long read = 0;
    long opened = 0;
    PacketBuffer scratch = PacketBuffer.allocate(200);
    for (int i = 0; i < SEALED; i++) {
      scratch.copyFrom(packets[i]).trimFront(40);
      long before = threads.getCurrentThreadAllocatedBytes();
      DropReason reason = alone.open(scratch);
      long between = threads.getCurrentThreadAllocatedBytes();
      Found found = reader.read(packets[i], i);
      long after = threads.getCurrentThreadAllocatedBytes();
      assertNull(reason);
      assertEquals(Found.TUNNEL, found);
      if (i > SEALED / 2) {
        opened += between - before;
        read += after - between;
      }
    }
    // Octets for each packet: a compiler that gets ready in between changes the sums by a few.
    assertTrue(read / (SEALED / 2) <= opened / (SEALED / 2), read + " against " + opened);
  }
}
