package org.kagemusha.daemon.lab;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A subject as the command line and the tables call it.
 *
 * @param kind what is measured
 * @param gro whether the wire's ends coalesce what they receive; its suffix is {@code +gro}
 * @param daemons on the guest's host; its suffix, if there is more than one, is {@code xN}
 */
record SubjectName(SubjectKind kind, boolean gro, int daemons) {

  private static final String GRO = "+gro";

  /** All that the bars are about. */
  static final List<SubjectName> ALL =
      List.of(
          parse("plain"), parse("seg6"), parse("seg6+gro"), parse("relay"), parse("clear"),
          parse("clear+gro"), parse("clear-kernel"), parse("clear-kernel+gro"),
          parse("clear-one-end"), parse("clear-kernel-one-end"),
          parse("clear-kernel-one-end+gro"),
          parse("clear-direct"), parse("esp"), parse("esp+gro"), parse("esp-direct"),
          parse("esp-direct+gro"), parse("esp-udp+gro"),
          parse("wireguard-go+gro"), parse("openvpn+gro"));

  /** Each kind once. */
  static final List<SubjectName> SHORT =
      List.of(
          parse("plain"), parse("seg6"), parse("relay"), parse("clear"),
          parse("clear-kernel"), parse("clear-one-end"), parse("clear-kernel-one-end"),
          parse("clear-direct"), parse("esp"), parse("esp-direct"),
          parse("esp-udp+gro"), parse("wireguard-go+gro"),
          parse("openvpn"));

  /**
   * Reads a name.
   *
   * @throws IllegalArgumentException if there is none such; its message says which there are
   */
  static SubjectName parse(String text) {
    boolean gro = text.endsWith(GRO);
    String word = gro ? text.substring(0, text.length() - GRO.length()) : text;
    for (SubjectKind kind : SubjectKind.values()) {
      if (kind.word().equals(word)) {
        return new SubjectName(kind, gro, 1);
      }
    }
    throw new IllegalArgumentException(
        "no subject \"" + text + "\"; there are "
            + Arrays.stream(SubjectKind.values())
                .map(SubjectKind::word)
                .collect(Collectors.joining(", "))
            + ", each also with " + GRO);
  }

  /** The same among so many daemons on the guest's host. */
  SubjectName among(int daemons) {
    return new SubjectName(kind, gro, daemons);
  }

  @Override
  public String toString() {
    return kind.word() + (gro ? GRO : "") + (daemons > 1 ? " x" + daemons : "");
  }
}
