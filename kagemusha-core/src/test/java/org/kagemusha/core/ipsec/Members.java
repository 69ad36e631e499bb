package org.kagemusha.core.ipsec;

import java.util.List;
import java.util.SplittableRandom;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.ipsec.engine.CipherTeam;
import org.kagemusha.core.ipsec.engine.InitialisationVectors;
import org.kagemusha.core.wire.PacketBuffer;

/** A team as unorderly as threads may be: jobs in any order, each by any member. */
final class Members implements CipherTeam {

  /** IVs that follow from the ESP header in front of them, whoever asks for them and when. */
  static final InitialisationVectors IVS =
      (into, at) -> {
        for (int i = 0; i < 16; i++) {
          into[at + i] = (byte) (into[at - 8 + i % 8] * 31 + i);
        }
      };

  private final SplittableRandom random;
  private final int members;

  Members(SplittableRandom random, int members) {
    this.random = random;
    this.members = members;
  }

  /** The engines of associations that such a team may work for. */
  static CipherEngines engines(int members) {
    return CipherEngines.withAccelerators(List.of(), members);
  }

  @Override
  public int members() {
    return members;
  }

  @Override
  public void run(int jobs, Task task) {
    int[] order = new int[jobs];
    for (int i = 0; i < jobs; i++) {
      int other = random.nextInt(i + 1);
      order[i] = order[other];
      order[other] = i;
    }
    for (int job : order) {
      try {
        task.run(job, random.nextInt(members));
      } catch (IllegalStateException e) {
        // A team goes on.
      }
    }
  }

  /** Does what is deferred in packets. */
  void perform(PacketBuffer[] packets) {
    run(packets.length, (job, member) -> packets[job].perform(member));
  }
}
