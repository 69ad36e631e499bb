package org.kagemusha.daemon.config;

import org.kagemusha.core.handover.PacketRing;

/**
 * How a VM's packets are handed over between hosts, RFC 5568.
 *
 * @param bufferOctets room for the packets of each home address while the VM is paused and after it
 *     has left; 0: nothing is kept, forwarded or asked for
 */
public record HandoverConfig(int bufferOctets) {

  private static final long USUAL = 4L << 20;
  private static final long MOST = 1L << 28;

  static HandoverConfig read(Section section) {
    boolean enabled = section.flag("forward", true);
    long octets = section.octets("buffer", USUAL, PacketRing.SMALLEST, MOST);
    return new HandoverConfig(enabled ? (int) octets : 0);
  }
}
