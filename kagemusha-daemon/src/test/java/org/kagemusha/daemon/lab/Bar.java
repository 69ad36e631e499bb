package org.kagemusha.daemon.lab;

import com.google.gson.JsonObject;
import java.util.List;

/**
 * What is asked of one subject in comparison with another, as a ratio of medians; of both
 * directions, the worse counts.
 *
 * @param what in words
 * @param subject the subject that has to reach it
 * @param reference the one that it is compared with
 * @param measures what is compared
 * @param atLeast whether the ratio has to be this at least; otherwise at most
 * @param bound the ratio asked for; NaN: nothing is asked, it is told for comparison
 * @param stretch what would be better still; NaN: nothing
 */
record Bar(
    String what,
    String subject,
    String reference,
    List<Measure> measures,
    boolean atLeast,
    double bound,
    double stretch) {

  private static final List<Measure> TCP = List.of(Measure.TCP_UP, Measure.TCP_DOWN);
  private static final List<Measure> UDP = List.of(Measure.UDP_UP, Measure.UDP_DOWN);
  private static final List<Measure> PING = List.of(Measure.PING_AVERAGE);
  private static final String PEER = "wireguard-go+gro";

  /**
   * The bars.
   *
   * @param peerFactor what the TCP figures of wireguard-go are multiplied with: 1, or 4 where it is
   *     one without segmentation offloads
   */
  static List<Bar> all(double peerFactor) {
    String esp = "ESP, TCP";
    double none = Double.NaN;
    return List.of(
        new Bar("clear, TCP", "clear", "seg6", TCP, true, 1.0, none),
        new Bar("clear with GRO, TCP", "clear+gro", "seg6", TCP, true, 1.0, 1.5),
        new Bar("both with GRO, TCP", "clear+gro", "seg6+gro", TCP, true, none, none),
        new Bar("by the kernel, TCP", "clear-kernel", "seg6", TCP, true, 1.0, none),
        new Bar("by the kernel, GRO", "clear-kernel+gro", "seg6", TCP, true, 1.0, 1.5),
        new Bar("both with GRO, TCP", "clear-kernel+gro", "seg6+gro", TCP, true, none, none),
        new Bar("one end, TCP", "clear-one-end", "seg6", TCP, true, 1.0, none),
        new Bar("one end, by the kernel", "clear-kernel-one-end", "seg6", TCP, true, 1.0, none),
        new Bar("the same with GRO", "clear-kernel-one-end+gro", "seg6", TCP, true, 1.0, 1.5),
        new Bar("the same, both GRO", "clear-kernel-one-end+gro", "seg6+gro", TCP, true, none,
            none),
        new Bar("by the kernel, TCP", "clear-kernel", "clear", TCP, true, none, none),
        new Bar("by the kernel, GRO", "clear-kernel+gro", "clear+gro", TCP, true, none, none),
        new Bar("straight out, TCP", "clear-direct", "clear", TCP, true, none, none),
        new Bar("straight out, TCP", "esp-direct", "esp", TCP, true, none, none),
        new Bar("straight out, TCP", "esp-direct+gro", PEER, TCP, true, none, none),
        new Bar("straight out, UDP", "clear-direct", "clear", UDP, true, none, none),
        new Bar("straight out, UDP", "esp-direct", "esp", UDP, true, none, none),
        new Bar(esp, "esp+gro", PEER, TCP, true, 1.2 * peerFactor, 2 * peerFactor),
        new Bar("ESP in UDP, TCP", "esp-udp+gro", PEER, TCP, true, 2.0 * peerFactor,
            3 * peerFactor),
        new Bar(esp, "esp", "clear", TCP, true, 0.6, none),
        new Bar(esp, "esp+gro", "clear+gro", TCP, true, 0.6, none),
        new Bar("ping RTT", "clear", "relay", PING, false, 1.3, none),
        new Bar("ping RTT", "esp", "relay", PING, false, 1.3, none),
        new Bar("UDP packets", "clear+gro", PEER, UDP, true, 2.5, none),
        new Bar("UDP packets", "esp+gro", PEER, UDP, true, 2.5, none),
        new Bar("UDP packets", "esp-udp+gro", PEER, UDP, true, 2.5, none));
  }

  /**
   * The bar of many daemons on one host, for each subject: what the machine spends on a Gbit.
   *
   * @param daemons how many
   */
  static List<Bar> crowd(List<SubjectName> subjects, int daemons) {
    return subjects.stream()
        .map(
            one ->
                new Bar(
                    "cost per packet", one.among(daemons).toString(), one.toString(),
                    List.of(Measure.MACHINE_UP, Measure.MACHINE_DOWN), false, 1.2, Double.NaN))
        .toList();
  }

  /** Whether these subjects are enough to tell. */
  boolean isAbout(List<SubjectName> subjects) {
    List<String> names = subjects.stream().map(SubjectName::toString).toList();
    return names.contains(subject) && names.contains(reference);
  }

  /** The worse ratio of the directions; NaN where something was not measured. */
  double ratio(List<Figures> figures) {
    double worst = Double.NaN;
    for (Measure measure : measures) {
      double ratio = median(figures, subject, measure) / median(figures, reference, measure);
      if (Double.isNaN(ratio)) {
        return ratio;
      }
      if (Double.isNaN(worst) || (atLeast ? ratio < worst : ratio > worst)) {
        worst = ratio;
      }
    }
    return worst;
  }

  /** What became of it, in a word. */
  String verdict(double ratio) {
    if (Double.isNaN(ratio)) {
      return "not measured";
    }
    if (Double.isNaN(bound)) {
      return "";
    }
    if (!Double.isNaN(stretch) && meets(ratio, stretch)) {
      return "met, stretch too";
    }
    return meets(ratio, bound) ? "met" : "NOT MET";
  }

  private boolean meets(double ratio, double asked) {
    return atLeast ? ratio >= asked : ratio <= asked;
  }

  /** What it asks for, in figures. */
  String asked() {
    if (Double.isNaN(bound)) {
      return "";
    }
    String sign = atLeast ? ">= " : "<= ";
    return sign + bound + (Double.isNaN(stretch) ? "" : " (" + stretch + ")");
  }

  JsonObject json(int mtu, double ratio) {
    JsonObject object = new JsonObject();
    object.addProperty("mtu", mtu);
    object.addProperty("what", what);
    object.addProperty("subject", subject);
    object.addProperty("reference", reference);
    object.addProperty("asked", asked());
    object.addProperty("measured", Double.isNaN(ratio) ? null : ratio);
    object.addProperty("verdict", verdict(ratio));
    return object;
  }

  private static double median(List<Figures> figures, String subject, Measure measure) {
    return figures.stream()
        .filter(one -> one.subject().toString().equals(subject))
        .mapToDouble(one -> one.median(measure))
        .findFirst()
        .orElse(Double.NaN);
  }
}
