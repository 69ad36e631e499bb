package org.kagemusha.daemon.observe;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.time.Instant;
import java.util.Locale;
import org.kagemusha.core.message.BindingStatus;
import org.kagemusha.core.mobility.MobileNodeStatus;
import org.kagemusha.core.mobility.MobileNodeStatus.BindingStatusLine;
import org.kagemusha.core.mobility.MobileNodeStatus.HandoverTimeline;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.wire.Ipv6Address;

/** The state of a daemon beside a VM, for people and as JSON. */
public final class MobileNodeReport {

  private MobileNodeReport() {}

  /** For {@code status}. */
  public static String text(
      String name, MobileNodeStatus status, DataPath path, Counters counters) {
    TextTable table = new TextTable();
    table.row("vm", name);
    table.row("state", status.state());
    table.row("care-of", status.careOfAddress() == null ? "none" : status.careOfAddress());
    table.row("tunnel mtu", status.tunnelMtu() + " octets");
    table.row("esp in udp", status.encapsulation());
    table.row(
        "tunnelled",
        counters.get(Counter.TUNNEL_PACKETS_SENT) + " packets up, "
            + counters.get(Counter.TUNNEL_PACKETS_RECEIVED) + " down");
    table.row("dropped", CountersReport.drops(counters) + " (show counters)");
    path.rows(table);
    return table + "\nbindings:\n" + bindings(status) + "\nlast arrival:\n"
        + timeline(status.handover());
  }

  /** For {@code show binding}. */
  public static String bindings(MobileNodeStatus status) {
    TextTable table =
        new TextTable()
            .row("home address", "home agent", "state", "left", "seq", "last status", "resent");
    for (BindingStatusLine line : status.bindings()) {
      table.row(
          line.homeAddress(), line.homeAgent(), line.state(), line.remainingSeconds() + " s",
          line.sequence(), statusName(line.lastStatus()), line.retransmissions());
    }
    return table.toString();
  }

  private static String timeline(HandoverTimeline times) {
    if (times == null || times.arrivalWallMs() == 0) {
      return "none\n";
    }
    return new TextTable()
        .row("at", Instant.ofEpochMilli(times.arrivalWallMs()), "by " + times.trigger())
        .row("to first BU", ms(times.arrivalToBindingUpdateUs()))
        .row("BU to BA", ms(times.bindingUpdateToAcknowledgementUs()))
        .row("to first packet up", ms(times.arrivalToFirstUplinkUs()))
        .row("to first packet down", ms(times.arrivalToFirstDownlinkUs()))
        .row("moves so far", times.moveCount())
        .toString();
  }

  private static String ms(long us) {
    return us < 0 ? "-" : String.format(Locale.ROOT, "%.3f ms", us / 1000.0);
  }

  private static String statusName(int status) {
    return status < 0 ? "-" : BindingStatus.nameOf(status);
  }

  /** For {@code status json}: names are stable, times not yet known are null. */
  public static JsonObject json(
      String name, MobileNodeStatus status, DataPath path, Counters counters) {
    JsonObject json = new JsonObject();
    json.addProperty("role", "mobile-node");
    json.addProperty("name", name);
    json.addProperty("state", status.state());
    json.addProperty("care_of", text(status.careOfAddress()));
    json.addProperty("tunnel_mtu", status.tunnelMtu());
    json.addProperty("encapsulation", status.encapsulation());
    JsonArray guests = new JsonArray();
    status.guestAddresses().forEach(address -> guests.add(address.toString()));
    json.add("guest_addresses", guests);
    json.add("bindings", bindingsJson(status));
    json.add("handover", timelineJson(status.handover()));
    json.add("data_path", path.json());
    CountersReport.json(counters).entrySet().forEach(e -> json.add(e.getKey(), e.getValue()));
    return json;
  }

  /** For {@code show binding json}. */
  public static JsonArray bindingsJson(MobileNodeStatus status) {
    JsonArray bindings = new JsonArray();
    for (BindingStatusLine line : status.bindings()) {
      JsonObject one = new JsonObject();
      one.addProperty("home_address", text(line.homeAddress()));
      one.addProperty("home_agent", text(line.homeAgent()));
      one.addProperty("state", line.state());
      one.addProperty("sequence", line.sequence());
      one.addProperty("remaining_s", line.remainingSeconds());
      one.addProperty("last_status", line.lastStatus());
      one.addProperty("last_status_name", statusName(line.lastStatus()));
      one.addProperty("retransmissions", line.retransmissions());
      bindings.add(one);
    }
    return bindings;
  }

  private static JsonObject timelineJson(HandoverTimeline times) {
    JsonObject json = new JsonObject();
    boolean known = times != null && times.arrivalWallMs() != 0;
    json.addProperty("trigger", known ? times.trigger() : null);
    json.addProperty("arrival_unix_ms", known ? times.arrivalWallMs() : null);
    json.addProperty("arrival_monotonic_ns", known ? times.arrivalNs() : null);
    add(json, "arrival_to_bu_ms", known ? times.arrivalToBindingUpdateUs() : -1);
    add(json, "bu_to_ba_ms", known ? times.bindingUpdateToAcknowledgementUs() : -1);
    add(json, "arrival_to_first_uplink_ms", known ? times.arrivalToFirstUplinkUs() : -1);
    add(json, "arrival_to_first_downlink_ms", known ? times.arrivalToFirstDownlinkUs() : -1);
    json.addProperty("moves", times == null ? 0 : times.moveCount());
    return json;
  }

  private static void add(JsonObject json, String name, long us) {
    if (us < 0) {
      json.add(name, JsonNull.INSTANCE);
    } else {
      json.addProperty(name, us / 1000.0);
    }
  }

  private static String text(Ipv6Address address) {
    return address == null ? null : address.toString();
  }
}
