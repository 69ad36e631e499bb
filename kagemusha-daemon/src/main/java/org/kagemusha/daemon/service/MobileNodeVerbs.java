package org.kagemusha.daemon.service;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import org.kagemusha.core.mobility.MobileNode;
import org.kagemusha.core.mobility.MobileNodeStatus;
import org.kagemusha.core.neighbor.HomeRouter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.daemon.control.ControlReply;
import org.kagemusha.daemon.observe.DataPath;
import org.kagemusha.daemon.observe.ForwardingReport;
import org.kagemusha.daemon.observe.MobileNodeReport;
import org.kagemusha.daemon.observe.MoveReport;
import org.kagemusha.daemon.observe.TextTable;

/** The verbs of a daemon beside a VM. */
final class MobileNodeVerbs {

  /** What the verbs work on. */
  record Context(
      String name,
      MobileNode engine,
      NodeKeys keys,
      DataPath path,
      VmmWatch vmm,
      Counters counters) {}

  private MobileNodeVerbs() {}

  /**
   * Does a verb.
   *
   * @param changed called when the state may be another one
   * @return null if there is no such verb
   */
  static ControlReply execute(
      Context context, String verb, List<String> arguments, Runnable changed) {
    long nowNs = System.nanoTime();
    MobileNode engine = context.engine();
    switch (verb) {
      case "arrived" -> engine.arrived(MobileNode.Trigger.HOOK, nowNs);
      case "paused" -> engine.paused(nowNs);
      case "left" -> engine.left(nowNs);
      case "home" -> engine.home(nowNs);
      case "release" -> engine.release(nowNs);
      case "status" -> {
        return status(context, arguments, nowNs);
      }
      case "report" -> {
        return report(context, arguments);
      }
      case "show" -> {
        return arguments.isEmpty() ? null : show(context, arguments, nowNs);
      }
      default -> {
        return null;
      }
    }
    changed.run();
    return ControlReply.done();
  }

  private static ControlReply status(Context context, List<String> arguments, long nowNs) {
    MobileNodeStatus status = context.engine().status(nowNs);
    if (!Verbs.isJson(arguments, 0)) {
      return ControlReply.done(
          MobileNodeReport.text(
                  context.name(), status, context.path(), context.counters())
              + ForwardingReport.text(context.engine().forwarding(), context.counters())
              + "keys: " + context.keys().summary() + "\n"
              + (context.vmm().text() == null ? "" : "vmm: " + context.vmm().text() + "\n"));
    }
    JsonObject json =
        MobileNodeReport.json(context.name(), status, context.path(), context.counters());
    json.add(
        "forwarding",
        ForwardingReport.json(context.engine().forwarding(), context.counters()));
    json.addProperty("keys", context.keys().summary());
    json.addProperty("vmm", context.vmm().text());
    return Verbs.json(json);
  }

  /** {@code report [json] [N]}. */
  private static ControlReply report(Context context, List<String> arguments) {
    boolean json = Verbs.isJson(arguments, 0);
    int index = json ? 1 : 0;
    String most = arguments.size() > index ? arguments.get(index) : "1";
    if (!most.matches("[0-9]{1,2}") || Integer.parseInt(most) < 1) {
      return ControlReply.error("moves are 1 to 99");
    }
    JsonObject report =
        MoveReport.json(context.name(), context.engine().moves(), Integer.parseInt(most));
    return json ? Verbs.json(report) : ControlReply.done(MoveReport.text(report));
  }

  private static ControlReply show(Context context, List<String> arguments, long nowNs) {
    boolean json = Verbs.isJson(arguments, 1);
    MobileNodeStatus status = context.engine().status(nowNs);
    return switch (arguments.get(0)) {
      case "binding" -> json
          ? Verbs.json(MobileNodeReport.bindingsJson(status))
          : ControlReply.done(MobileNodeReport.bindings(status));
      case "neighbours" -> neighbours(context, status, json);
      case "sa" -> json
          ? Verbs.json(context.keys().reportJson())
          : ControlReply.done(context.keys().report());
      default -> null;
    };
  }

  private static ControlReply neighbours(
      Context context, MobileNodeStatus status, boolean json) {
    HomeRouter router = context.engine().homeRouter();
    if (json) {
      JsonObject all = new JsonObject();
      JsonArray guest = new JsonArray();
      status.guestAddresses().forEach(address -> guest.add(address.toString()));
      all.add("guest_addresses", guest);
      all.addProperty("router", router == null ? null : router.linkLocal().toString());
      all.addProperty(
          "router_mac", router == null || router.mac() == null ? null : router.mac().toString());
      all.addProperty("router_lifetime_s", router == null ? 0 : router.routerLifetimeSeconds());
      return Verbs.json(all);
    }
    TextTable table = new TextTable().row("who", "address", "mac", "lifetime");
    status.guestAddresses().forEach(address -> table.row("guest", address));
    if (router != null) {
      table.row(
          "home router", router.linkLocal(), router.mac() == null ? "unknown" : router.mac(),
          router.routerLifetimeSeconds() + " s");
      router.prefixes()
          .forEach(
              one -> table.row("home prefix", one.prefix(), "", one.validSeconds() + " s"));
    }
    return ControlReply.done(table.toString());
  }
}
