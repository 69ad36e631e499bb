package org.kagemusha.daemon.service;

import org.kagemusha.core.ipsec.AssociationLimits;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.engine.CipherTeam;
import org.kagemusha.core.ipsec.engine.DeferredPasses;
import org.kagemusha.core.provisioning.Ciphersuite;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.team.CipherThreads;

/**
 * Batches as the sockets have them: packets whose cipher's pass is left for later, and then done
 * for all in one. Part of the {@link Rehearsal}; keys and packets are made up.
 */
final class RehearsalBatches {

  private static final int BATCHES = 64;
  private static final int OCTETS = 500;
  private static final int SPI = 0x100;
  private static final int REPLAY_WINDOW = 1024;

  private RehearsalBatches() {}

  /**
   * Seals and opens.
   *
   * @return how many packets came through, or 0 where the cipher gains nothing from waiting
   */
  static int play(Ciphersuite suite) {
    SecurityAssociationParameters parameters =
        new SecurityAssociationParameters(
            SPI, suite.encryption(), IntegrityAlgorithm.NONE,
            new byte[suite.encryption().keyOctets()], new byte[0], true, REPLAY_WINDOW);
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.fresh(parameters, AssociationLimits.NONE);
    InboundSecurityAssociation inbound =
        InboundSecurityAssociation.fresh(parameters, AssociationLimits.NONE);
    PacketBuffer[] packets = new PacketBuffer[CipherTeam.MOST_IN_ONE_PASS];
    for (int i = 0; i < packets.length; i++) {
      packets[i] = NativeMemory.packetBuffer(2 * OCTETS);
    }
    int through = 0;
    try (CipherThreads team = new CipherThreads(1)) {
      for (int i = 0; i < BATCHES && through == i * packets.length; i++) {
        through += exchange(packets, outbound, inbound, team);
      }
    }
    outbound.destroy();
    inbound.destroy();
    return through;
  }

  /** One batch there; how many of its packets arrived, if they were left for later at all. */
  private static int exchange(
      PacketBuffer[] packets, OutboundSecurityAssociation outbound,
      InboundSecurityAssociation inbound, CipherTeam team) {
    DeferredPasses passes = new DeferredPasses(packets);
    for (PacketBuffer packet : packets) {
      packet.finished().set(PacketBuffer.HEADROOM, OCTETS);
      if (outbound.seal(packet, Protocol.IPV6, true) != null || !packet.isDeferred()) {
        return 0;
      }
    }
    team.run(packets.length, passes);
    for (PacketBuffer packet : packets) {
      inbound.prepare(packet.finished());
    }
    team.run(packets.length, passes);
    int opened = 0;
    for (PacketBuffer packet : packets) {
      opened += inbound.open(packet) == null ? 1 : 0;
    }
    return opened;
  }
}
