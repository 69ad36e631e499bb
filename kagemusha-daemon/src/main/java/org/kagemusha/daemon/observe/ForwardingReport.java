package org.kagemusha.daemon.observe;

import com.google.gson.JsonObject;
import org.kagemusha.core.mobility.ForwardingStatus;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;

/** The packets that go from host to host, for people and as JSON. */
public final class ForwardingReport {

  private ForwardingReport() {}

  /** A line of {@code status}. */
  public static String text(ForwardingStatus status, Counters counters) {
    return "forwarding: " + status.state()
        + (status.peer() == null ? "" : ", other host " + status.peer())
        + ", " + counters.get(Counter.HANDOVER_PACKETS_KEPT) + " packets kept, "
        + counters.get(Counter.HANDOVER_PACKETS_FORWARDED) + " sent on, "
        + counters.get(Counter.HANDOVER_PACKETS_RECEIVED) + " got, "
        + dropped(counters) + " lost\n";
  }

  /** The object {@code forwarding} of {@code status json}. */
  public static JsonObject json(ForwardingStatus status, Counters counters) {
    JsonObject json = new JsonObject();
    json.addProperty("state", status.state());
    json.addProperty("peer", status.peer() == null ? null : status.peer().toString());
    json.addProperty("waiting_packets", status.waiting());
    json.addProperty("waiting_octets", status.waitingOctets());
    json.addProperty("kept", counters.get(Counter.HANDOVER_PACKETS_KEPT));
    json.addProperty("forwarded", counters.get(Counter.HANDOVER_PACKETS_FORWARDED));
    json.addProperty("received", counters.get(Counter.HANDOVER_PACKETS_RECEIVED));
    json.addProperty("held", counters.get(Counter.HANDOVER_PACKETS_HELD));
    json.addProperty("dropped", dropped(counters));
    return json;
  }

  private static long dropped(Counters counters) {
    return counters.drops(DropReason.HANDOVER_BUFFER_FULL)
        + counters.drops(DropReason.HANDOVER_NOT_FETCHED);
  }
}
