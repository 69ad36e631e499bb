package org.kagemusha.daemon.service;

import com.google.gson.JsonArray;
import java.util.ArrayList;
import java.util.List;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SequenceStore;
import org.kagemusha.core.provisioning.Grant;
import org.kagemusha.core.provisioning.HeldGrant;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.daemon.config.VmConfig;

/**
 * The keys of a mobile node, wherever they come from: static ones of its file, or fresh ones of its
 * controller. For the loop's thread once the engine runs.
 */
final class NodeKeys {

  private final KeyRing ring;
  private Provisioner provisioner;

  /** With what the file has. */
  NodeKeys(VmConfig config, SequenceStore store) {
    ring = new KeyRing(store);
    ring.replace(config.associations());
  }

  /** From now on keys come from a controller. */
  void provisioner(Provisioner supplier) {
    provisioner = supplier;
  }

  /** What asks the controller, or null with static keys. */
  Provisioner provisioner() {
    return provisioner;
  }

  KeySource source() {
    return provisioner == null ? ring.source() : provisioner.keys();
  }

  SecurityAssociationDatabase inbound() {
    return ring.inbound();
  }

  /** Makes the static associations be those of a configuration; see {@link KeyRing#replace}. */
  void replace(VmConfig config) {
    ring.replace(config.associations());
  }

  /** Whether traffic could be protected now. */
  boolean isThere() {
    return provisioner == null || provisioner.keys().current() != null;
  }

  /** The SPIs by which home agents protect signalling to this node, unsigned. */
  List<Long> signallingSpis(VmConfig config) {
    List<Long> spis = new ArrayList<>();
    config.associations().stream()
        .filter(one -> one.purpose() == KeySource.Purpose.SIGNALLING)
        .forEach(one -> spis.add(Integer.toUnsignedLong(one.spiIn())));
    grants().forEach(held -> spis.add(Integer.toUnsignedLong(held.grant().spi())));
    return spis;
  }

  private List<HeldGrant> grants() {
    return provisioner == null ? List.of() : provisioner.keys().held(System.nanoTime());
  }

  /** In a few words, for {@code status}. */
  String summary() {
    if (provisioner == null) {
      return ring.held().isEmpty() ? "none" : "static";
    }
    Grant current = provisioner.keys().current();
    return current == null
        ? "none: " + provisioner.lastFailure()
        : "fresh, " + grants().get(0).state() + ", payload "
            + (current.payloadProtected() ? "in esp" : "in clear") + ", for another "
            + grants().get(0).remainingSeconds() + " s";
  }

  /** For {@code show sa}. */
  String report() {
    return provisioner == null
        ? AssociationReport.text(ring.held())
        : GrantReport.text(grants());
  }

  /** For {@code show sa json}. */
  JsonArray reportJson() {
    return provisioner == null
        ? AssociationReport.json(ring.held())
        : GrantReport.json(grants());
  }

  /** The keys themselves, as lines of Wireshark's table. */
  List<String> espKeys(List<Ipv6Address> agents) {
    return provisioner == null
        ? ring.espKeys(agents.size() == 1 ? agents.get(0).toString() : "*", false)
        : GrantReport.espKeys(grants());
  }
}
