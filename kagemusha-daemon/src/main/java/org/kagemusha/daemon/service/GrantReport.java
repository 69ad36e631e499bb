package org.kagemusha.daemon.service;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.provisioning.Grant;
import org.kagemusha.core.provisioning.HeldGrant;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.daemon.observe.EspKeyTable;
import org.kagemusha.daemon.observe.TextTable;

/** Provisioned associations for {@code show sa}, everything but the keys; and the keys for root. */
final class GrantReport {

  private static final byte[] NO_KEY = {};

  private GrantReport() {}

  static String text(List<HeldGrant> grants) {
    TextTable table =
        new TextTable()
            .row("mobile node", "host", "state", "spi", "encryption", "payload", "valid", "sent",
                "received", "last seq out", "highest seq in", "home addresses");
    for (HeldGrant held : grants) {
      table.row(
          orDash(held.node()), orDash(held.host()), held.state(), hex(held.grant()),
          held.grant().suite().encryption().configurationName(),
          held.grant().payloadProtected() ? "esp" : "clear", held.remainingSeconds() + " s",
          held.pair().outbound().packets(), held.pair().inbound().packets(),
          held.pair().outbound().lastSequence(), held.pair().inbound().highestSequence(),
          words(held.homeAddresses()));
    }
    return table.toString();
  }

  static JsonArray json(List<HeldGrant> grants) {
    JsonArray all = new JsonArray();
    for (HeldGrant held : grants) {
      JsonObject one = new JsonObject();
      one.addProperty("purpose", held.grant().payloadProtected() ? "all" : "signalling");
      one.addProperty("mobile_node", held.node());
      one.addProperty("host", held.host());
      one.addProperty("state", held.state());
      one.addProperty("spi_out", held.grant().spi());
      one.addProperty("spi_in", held.grant().spi());
      one.addProperty("encryption", held.grant().suite().encryption().configurationName());
      one.addProperty("integrity", IntegrityAlgorithm.NONE.configurationName());
      one.addProperty("extended_sequence_numbers", true);
      one.addProperty("valid_s", held.remainingSeconds());
      one.addProperty("packets_sent", held.pair().outbound().packets());
      one.addProperty("packets_received", held.pair().inbound().packets());
      one.addProperty("last_sequence_out", held.pair().outbound().lastSequence());
      one.addProperty("highest_sequence_in", held.pair().inbound().highestSequence());
      one.addProperty("engine", held.pair().outbound().engineName());
      JsonArray addresses = new JsonArray();
      held.homeAddresses().forEach(address -> addresses.add(address.toString()));
      one.add("home_addresses", addresses);
      all.add(one);
    }
    return all;
  }

  /** The keys as lines of {@link EspKeyTable}; both directions have one SPI. */
  static List<String> espKeys(List<HeldGrant> grants) {
    List<String> lines = new ArrayList<>();
    for (HeldGrant held : grants) {
      Grant grant = held.grant();
      String agent = grant.homeAgent().toString();
      EncryptionAlgorithm encryption = grant.suite().encryption();
      lines.add(
          EspKeyTable.line(
              "*", agent, grant.spi(), encryption, grant.keyToHomeAgent(),
              IntegrityAlgorithm.NONE, NO_KEY));
      lines.add(
          EspKeyTable.line(
              agent, "*", grant.spi(), encryption, grant.keyToMobileNode(),
              IntegrityAlgorithm.NONE, NO_KEY));
    }
    return lines;
  }

  private static String hex(Grant grant) {
    return String.format(Locale.ROOT, "0x%08x", grant.spi());
  }

  private static String orDash(String text) {
    return text == null ? "-" : text;
  }

  private static String words(List<Ipv6Address> addresses) {
    return addresses.isEmpty()
        ? "-"
        : String.join(",", addresses.stream().map(Ipv6Address::toString).toList());
  }
}
