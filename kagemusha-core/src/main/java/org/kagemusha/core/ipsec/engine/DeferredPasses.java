package org.kagemusha.core.ipsec.engine;

import java.util.Arrays;
import org.kagemusha.core.wire.PacketBuffer;

/** What ciphers have still to do with the packets of a batch, as the task of a team. */
public final class DeferredPasses implements CipherTeam.Task {

  private PacketBuffer[] packets;

  /**
   * For a batch.
   *
   * @param packets job 0 is the first; the array is used as it is at the time of each call
   */
  public DeferredPasses(PacketBuffer[] packets) {
    this.packets = packets;
  }

  /**
   * Makes a packet the one of a job.
   *
   * @param job 0, or at most one more than any before
   */
  public void set(int job, PacketBuffer packet) {
    if (job == packets.length) {
      packets = Arrays.copyOf(packets, 2 * job);
    }
    packets[job] = packet;
  }

  @Override
  public void run(int job, int member) {
    packets[job].perform(member);
  }

  @Override
  public void begin(int job, int member) {
    packets[job].begin(member);
  }

  @Override
  public void complete(int job, int member) {
    packets[job].complete(member);
  }
}
