package org.kagemusha.core.ipsec;

import java.util.List;
import java.util.SplittableRandom;
import org.kagemusha.core.ipsec.engine.BouncyCastleCipherEngine;
import org.kagemusha.core.ipsec.engine.CipherEngine;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.ipsec.engine.CipherTeam;
import org.kagemusha.core.ipsec.engine.DeferredPasses;
import org.kagemusha.core.ipsec.engine.InitialisationVectors;
import org.kagemusha.core.ipsec.engine.JdkCipherEngine;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * A team as unorderly as threads may be: jobs in any order, each by any member, some begun together
 * and completed in another order.
 */
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

  /** The engines of associations that such a team may work for; with others, they gather. */
  static CipherEngines engines(int members) {
    List<CipherEngine> gathering =
        members == 1
            ? List.of()
            : List.of(
                new Gathering(new JdkCipherEngine()),
                new Gathering(new BouncyCastleCipherEngine()));
    return CipherEngines.withAccelerators(gathering, members);
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
    int end;
    for (int first = 0; first < jobs; first = end) {
      end = Math.min(jobs, first + random.nextInt(1, 8));
      int member = random.nextInt(members);
      boolean together = random.nextInt(3) > 0;
      for (int i = first; i < end; i++) {
        attempt(order[i], member, together ? task::begin : task::run);
      }
      for (int i = end - 1; together && i >= first; i--) {
        attempt(order[i], member, task::complete);
      }
    }
  }

  private static void attempt(int job, int member, CipherTeam.Task step) {
    try {
      step.run(job, member);
    } catch (IllegalStateException e) {
      // A team goes on.
    }
  }

  /** Does what is deferred in packets. */
  void perform(PacketBuffer[] packets) {
    run(packets.length, new DeferredPasses(packets));
  }
}
