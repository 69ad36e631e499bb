package org.kagemusha.daemon.service;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.kagemusha.daemon.config.OperatingConfig;
import org.kagemusha.daemon.config.VmConfig;

/** What a reload of the daemon beside a VM changes, and what only a restart would. */
final class ConfigChange {

  /** What {@link #where} is of, in the words of the file. */
  static final String WHERE = "[control], [state], [metrics], [scheduling]";

  private final List<String> restart = new ArrayList<>();
  private final VmConfig kept;
  private final boolean otherPlace;

  /**
   * @param otherLinks whether the data path would have to be built anew
   */
  ConfigChange(VmConfig config, VmConfig fresh, boolean otherLinks) {
    needs(restart, "[vm] name", config.name(), fresh.name());
    needs(restart, "[vm] mac", config.guestMac(), fresh.guestMac());
    needs(restart, "[tap], [vm] link, socket", config.tap(), fresh.tap());
    needs(
        restart, "[protection] cipher-engine, cipher-threads", ciphers(config.operating()),
        ciphers(fresh.operating()));
    needs(
        restart, WHERE, where(config.operating()), where(fresh.operating()));
    needs(
        restart, "[provisioning], absent or present", config.provisioning() == null,
        fresh.provisioning() == null);
    needs(
        restart, "[tunnel] encapsulation", config.tunnel().encapsulation(),
        fresh.tunnel().encapsulation());
    needs(restart, "[tunnel] coalescing, batch, kernel-encapsulation, direct", false, otherLinks);
    kept =
        new VmConfig(
            config.file(), config.name(), config.guestMac(), fresh.homeAddresses(), fresh.home(),
            config.tap(), fresh.underlay(), fresh.binding(), fresh.vmm(), fresh.handover(),
            fresh.tunnel().whileRunning(config.tunnel()), fresh.protection(),
            fresh.provisioning(), fresh.associations(), config.operating());
    otherPlace = !followed(kept).equals(followed(config));
  }

  /** What needs a restart, in the words of the file. */
  List<String> restart() {
    return restart;
  }

  /** The new configuration with what cannot change while the daemon runs. */
  VmConfig kept() {
    return kept;
  }

  /** Whether what the care-of address depends on is another. */
  boolean isOtherPlace() {
    return otherPlace;
  }

  private static List<Object> followed(VmConfig config) {
    return Arrays.asList(
        config.underlay(), config.homeAddresses().get(0), config.home().agents().get(0),
        config.home().prefixes());
  }

  /** Where and when the daemon runs, which stays as it was at the start. */
  static List<Object> where(OperatingConfig operating) {
    return Arrays.asList(
        operating.socket(), operating.stateDirectory(), operating.metrics(),
        operating.realTime());
  }

  /** What of the ciphers stays as it was at the start. */
  static List<Object> ciphers(OperatingConfig operating) {
    return List.of(operating.cipherEngine(), operating.cipherThreads());
  }

  static void needs(List<String> restart, String what, Object before, Object after) {
    if (!Objects.equals(before, after)) {
      restart.add(what);
    }
  }
}
