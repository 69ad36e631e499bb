package org.kagemusha.daemon.service;

import org.kagemusha.core.mobility.MobileNode;
import org.kagemusha.core.mobility.MobileNodeStatus;
import org.kagemusha.daemon.observe.MetricsPage;

/** What the metrics page shows of a daemon beside a VM, besides counters. */
final class MobileNodeGauges {

  private MobileNodeGauges() {}

  static void add(MetricsPage page, MobileNode engine) {
    page.gauge(
        "registered", "1 if every binding is registered, else 0",
        () -> status(engine).state().equals("registered") ? 1 : 0);
    page.gauge(
        "tunnel_mtu_bytes", "the largest inner packet that goes through in one piece",
        () -> status(engine).tunnelMtu());
    page.gauge(
        "arrival_to_first_downlink_seconds", "outage of the last arrival, down",
        () -> seconds(status(engine).handover().arrivalToFirstDownlinkUs()));
    page.gauge(
        "bu_to_ba_seconds", "time from Binding Update to Acknowledgement at the last arrival",
        () -> seconds(status(engine).handover().bindingUpdateToAcknowledgementUs()));
  }

  private static MobileNodeStatus status(MobileNode engine) {
    return engine.status(System.nanoTime());
  }

  private static double seconds(long us) {
    return us < 0 ? Double.NaN : us / 1e6;
  }
}
