package org.kagemusha.core.ipsec.engine;

/**
 * Divides the ciphers' work on a batch of packets among threads. Who calls it owns all state; the
 * others only do what they are given, and nothing is left of it when {@link #run} returns.
 */
public interface CipherTeam {

  /**
   * Fewer jobs than this are not worth handing over: with the fastest of ciphers, the caller does 8
   * packets faster by itself, and 16 as fast.
   */
  int FEWEST_JOBS = 16;

  /** Fewer jobs than this are not worth a pass of their own: each is run. */
  int FEWEST_IN_ONE_PASS = 4;

  /** So many jobs are begun at most before they are completed. */
  int MOST_IN_ONE_PASS = 32;

  /** The most members. */
  int MOST_MEMBERS = 8;

  /** What is to be done for each packet of a batch; a fixed object, so that none is made for it. */
  @FunctionalInterface
  interface Task {

    /**
     * Does one job. What it throws does not hold up the others: whether the job is done must show
     * in what it was done to.
     *
     * @param job from 0
     * @param member who does it: 0 for the caller, up to {@link #members()} less 1
     */
    void run(int job, int member);

    /** Begins a job, to be done in one pass with others, or runs it; throws as {@link #run}. */
    default void begin(int job, int member) {
      run(job, member);
    }

    /** Completes a job that the same thread began; throws as {@link #run}. */
    default void complete(int job, int member) {
      // What was run is complete.
    }
  }

  /** Whether there is any use in leaving work for {@link #run}. */
  default boolean takesDeferred() {
    return true;
  }

  /** How many do the work, the caller included: 1 to {@link #MOST_MEMBERS}. */
  int members();

  /**
   * Does all jobs, each once, in no order; what they wrote can be read afterwards. From one thread
   * only, and not from within a task.
   *
   * @param jobs 0 to 65,535
   */
  void run(int jobs, Task task);

  /** The caller by itself, for ciphers that do one packet after the other. */
  static CipherTeam alone() {
    return Alone.INSTANCE;
  }

  /** One member. */
  final class Alone implements CipherTeam {

    private static final CipherTeam INSTANCE = new Alone();

    private Alone() {}

    @Override
    public int members() {
      return 1;
    }

    @Override
    public boolean takesDeferred() {
      return false;
    }

    @Override
    public void run(int jobs, Task task) {
      for (int i = 0; i < jobs; i++) {
        task.run(i, 0);
      }
    }
  }
}
