package org.kagemusha.daemon.observe;

import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;

/**
 * The counters in Prometheus' text format. A metric is {@code kagemusha_} and the counter's name;
 * the drops are one metric with the reason as its label. Read by the loop's thread.
 */
public final class MetricsPage {

  /** The Content-Type of {@link #render}. */
  public static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final PrometheusTextFormatWriter writer = PrometheusTextFormatWriter.create();
  private final String name;

  /** With the name of the VM or home agent as a label on each. */
  public MetricsPage(String name, Counters counters) {
    this.name = name;
    for (Counter counter : Counter.values()) {
      CounterWithCallback.builder()
          .name("kagemusha_" + metricName(counter))
          .help(counter.help())
          .labelNames("name")
          .callback(callback -> callback.call(counters.get(counter), name))
          .register(registry);
    }
    CounterWithCallback.builder()
        .name("kagemusha_dropped_packets")
        .help("packets dropped, by reason")
        .labelNames("name", "reason")
        .callback(
            callback -> {
              for (DropReason reason : DropReason.values()) {
                callback.call(counters.drops(reason), name, CountersReport.name(reason));
              }
            })
        .register(registry);
  }

  /** Prometheus wants the unit last, and octets called bytes. */
  static String metricName(Counter counter) {
    String plain = CountersReport.name(counter);
    return plain.contains("_octets_") ? plain.replace("_octets_", "_") + "_bytes" : plain;
  }

  /** Adds a value that goes up and down; NaN where it is not known. */
  public MetricsPage gauge(String metric, String help, DoubleSupplier value) {
    GaugeWithCallback.builder()
        .name("kagemusha_" + metric)
        .help(help)
        .labelNames("name")
        .callback(callback -> callback.call(value.getAsDouble(), name))
        .register(registry);
    return this;
  }

  /** Adds a value that only grows; its name gets {@code _total} behind it. */
  public MetricsPage count(String metric, String help, LongSupplier value) {
    CounterWithCallback.builder()
        .name("kagemusha_" + metric)
        .help(help)
        .labelNames("name")
        .callback(callback -> callback.call(value.getAsLong(), name))
        .register(registry);
    return this;
  }

  /** The page, UTF-8. */
  public byte[] render() {
    ByteArrayOutputStream page = new ByteArrayOutputStream();
    try {
      writer.write(page, registry.scrape(), EscapingScheme.DEFAULT);
    } catch (IOException e) {
      throw new AssertionError("memory takes octets", e);
    }
    return page.toByteArray();
  }
}
