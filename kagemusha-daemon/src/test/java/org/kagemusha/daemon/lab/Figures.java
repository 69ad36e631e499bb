package org.kagemusha.daemon.lab;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** What was measured of one subject at one MTU. */
final class Figures {

  private final SubjectName subject;
  private final int mtu;
  private final Map<Measure, List<Double>> values = new EnumMap<>(Measure.class);

  Figures(SubjectName subject, int mtu) {
    this.subject = subject;
    this.mtu = mtu;
  }

  SubjectName subject() {
    return subject;
  }

  /** Of every link, octets. */
  int mtu() {
    return mtu;
  }

  void add(Measure measure, double value) {
    values.computeIfAbsent(measure, unused -> new ArrayList<>()).add(value);
  }

  /** The median of the rounds; NaN if nothing was measured. */
  double median(Measure measure) {
    List<Double> sorted = values.getOrDefault(measure, List.of()).stream().sorted().toList();
    if (sorted.isEmpty()) {
      return Double.NaN;
    }
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  /** Every round's values and the medians. */
  JsonObject json() {
    JsonObject object = new JsonObject();
    object.addProperty("subject", subject.toString());
    object.addProperty("mtu", mtu);
    JsonObject medians = new JsonObject();
    JsonObject rounds = new JsonObject();
    for (Map.Entry<Measure, List<Double>> entry : values.entrySet()) {
      medians.addProperty(entry.getKey().key(), median(entry.getKey()));
      JsonArray array = new JsonArray();
      entry.getValue().forEach(array::add);
      rounds.add(entry.getKey().key(), array);
    }
    object.add("medians", medians);
    object.add("rounds", rounds);
    return object;
  }
}
