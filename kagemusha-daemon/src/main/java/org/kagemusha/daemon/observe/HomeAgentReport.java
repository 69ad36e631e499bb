package org.kagemusha.daemon.observe;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import org.kagemusha.core.homeagent.HomeAgentStatus;
import org.kagemusha.core.neighbor.NeighborCache.Neighbor;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;

/** The state of a home agent, for people and as JSON. */
public final class HomeAgentReport {

  private static final int MOST_IN_STATUS = 20;

  private HomeAgentReport() {}

  /** For {@code status}. */
  public static String text(
      String name, HomeAgentStatus status, DataPath path, Counters counters) {
    TextTable table = new TextTable();
    table.row("home agent", name);
    table.row("bindings", status.bindings());
    table.row(
        "tunnelled",
        counters.get(Counter.TUNNEL_PACKETS_SENT) + " packets to VMs, "
            + counters.get(Counter.TUNNEL_PACKETS_RECEIVED) + " from VMs");
    table.row("dropped", CountersReport.drops(counters) + " (show counters)");
    path.rows(table);
    return table + "\nbindings:\n" + bindings(status, MOST_IN_STATUS);
  }

  /** For {@code show binding}. */
  public static String bindings(HomeAgentStatus status) {
    return bindings(status, Integer.MAX_VALUE);
  }

  private static String bindings(HomeAgentStatus status, int most) {
    TextTable table =
        new TextTable()
            .row(
                "mobile node", "home address", "care-of address", "state", "left", "seq", "esp",
                "encapsulation");
    for (HomeAgentStatus.Entry entry : status.entries()) {
      if (table.size() > most) {
        table.row("and " + (status.entries().size() - most) + " more (show binding)");
        break;
      }
      table.row(
          entry.mobileNode(), entry.homeAddress(), entry.careOfAddress(), entry.state(),
          entry.remainingSeconds() + " s", entry.sequence(),
          entry.payloadProtected() ? "yes" : "no", entry.encapsulation());
    }
    return table.toString();
  }

  /** For {@code status json}; names are stable. */
  public static JsonObject json(
      String name, HomeAgentStatus status, DataPath path, Counters counters) {
    JsonObject json = new JsonObject();
    json.addProperty("role", "home-agent");
    json.addProperty("name", name);
    json.addProperty("binding_count", status.bindings());
    json.add("bindings", bindingsJson(status));
    json.add("data_path", path.json());
    CountersReport.json(counters).entrySet().forEach(e -> json.add(e.getKey(), e.getValue()));
    return json;
  }

  /** For {@code show neighbours}: stations on the home link. */
  public static String neighbours(List<Neighbor> neighbours) {
    TextTable table = new TextTable().row("address", "mac", "state", "waiting packets");
    for (Neighbor one : neighbours) {
      table.row(
          one.address(), one.mac() == null ? "unknown" : one.mac(), one.state(), one.queued());
    }
    return table.toString();
  }

  /** For {@code show neighbours json}. */
  public static JsonArray neighboursJson(List<Neighbor> neighbours) {
    JsonArray all = new JsonArray();
    for (Neighbor one : neighbours) {
      JsonObject json = new JsonObject();
      json.addProperty("address", one.address().toString());
      json.addProperty("mac", one.mac() == null ? null : one.mac().toString());
      json.addProperty("state", one.state());
      json.addProperty("waiting_packets", one.queued());
      all.add(json);
    }
    return all;
  }

  /** For {@code show binding json}. */
  public static JsonArray bindingsJson(HomeAgentStatus status) {
    JsonArray bindings = new JsonArray();
    for (HomeAgentStatus.Entry entry : status.entries()) {
      JsonObject one = new JsonObject();
      one.addProperty("mobile_node", entry.mobileNode());
      one.addProperty("home_address", String.valueOf(entry.homeAddress()));
      one.addProperty("care_of", String.valueOf(entry.careOfAddress()));
      one.addProperty("state", entry.state());
      one.addProperty("sequence", entry.sequence());
      one.addProperty("remaining_s", entry.remainingSeconds());
      one.addProperty("payload_protected", entry.payloadProtected());
      one.addProperty("encapsulation", entry.encapsulation());
      bindings.add(one);
    }
    return bindings;
  }
}
