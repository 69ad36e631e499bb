package org.kagemusha.daemon.lab;

import java.util.List;

/**
 * What a run of the laboratory does.
 *
 * @param subjects in the order of the table
 * @param mtus one table for each, octets
 * @param rounds medians are over so many
 * @param tcpSeconds length of a TCP stream
 * @param udpSeconds length of a stream of datagrams
 * @param isBrief whether TCP goes both ways at once, and datagrams from the guest alone
 * @param pings Echo Requests in a round
 * @param warmUpSeconds each direction's TCP stream before the first round; 0: none
 * @param daemons how Kagemusha runs
 * @param wireGuard the program wireguard-go
 * @param crowd daemons on the guest's host in a comparison of one with many; 0: none is made
 * @param oneBridge whether the crowd's taps are ports of the guest's bridge; else each has its own
 * @param keep whether logs and configuration files stay
 */
record LabOptions(
    List<SubjectName> subjects,
    List<Integer> mtus,
    int rounds,
    int tcpSeconds,
    int udpSeconds,
    boolean isBrief,
    int pings,
    int warmUpSeconds,
    DaemonSettings daemons,
    String wireGuard,
    int crowd,
    boolean oneBridge,
    boolean keep) {

  /** A second for each subject, to see that the laboratory works. */
  static LabOptions brief(List<SubjectName> subjects, DaemonSettings daemons) {
    return new LabOptions(
        subjects, List.of(1500), 1, 1, 1, true, 50, 0, daemons, "wireguard-go", 0, false,
        false);
  }
}
