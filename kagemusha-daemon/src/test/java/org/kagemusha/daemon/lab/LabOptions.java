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
 * @param udpDown whether datagrams go to the guest too
 * @param pings Echo Requests in a round
 * @param warmUpSeconds each direction's TCP stream before the first round; 0: none
 * @param daemons how Kagemusha runs
 * @param wireGuard the program wireguard-go
 * @param keep whether logs and configuration files stay
 */
record LabOptions(
    List<SubjectName> subjects,
    List<Integer> mtus,
    int rounds,
    int tcpSeconds,
    int udpSeconds,
    boolean udpDown,
    int pings,
    int warmUpSeconds,
    DaemonSettings daemons,
    String wireGuard,
    boolean keep) {

  /** A second for each subject, to see that the laboratory works. */
  static LabOptions brief(List<SubjectName> subjects, DaemonSettings daemons) {
    return new LabOptions(
        subjects, List.of(1500), 1, 1, 1, false, 50, 0, daemons, "wireguard-go", false);
  }
}
