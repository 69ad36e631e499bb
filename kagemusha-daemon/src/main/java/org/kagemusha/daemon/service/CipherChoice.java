package org.kagemusha.daemon.service;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.kagemusha.core.ipsec.engine.CipherEngine;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.ipsec.engine.EspTransform;
import org.kagemusha.core.provisioning.Ciphersuite;
import org.kagemusha.daemon.config.CipherEngineName;
import org.kagemusha.tap.ipsecmb.IpsecMbCipherEngine;

/** Chooses who computes AES-GCM, before the first key is there. */
final class CipherChoice {

  private CipherChoice() {}

  /**
   * Chooses for this process, and says in the log what was chosen. Where no suite has AES-GCM, an
   * accelerator is not loaded in vain.
   *
   * @param suites those that fresh keys may have; none for static keys
   * @param threads how many may work for one association
   * @throws IOException if the operator wants an engine that is not there or fails its self-test
   */
  static void make(CipherEngineName wanted, List<Ciphersuite> suites, int threads)
      throws IOException {
    if (!suites.contains(Ciphersuite.AES_128_GCM) && !suites.contains(Ciphersuite.AES_256_GCM)) {
      if (threads > 1) {
        CipherEngines.use(CipherEngines.withAccelerators(List.of(), threads));
      }
      return;
    }
    Optional<CipherEngine> accelerator =
        wanted == CipherEngineName.JDK ? Optional.empty() : IpsecMbCipherEngine.load();
    CipherEngines engines = 
        CipherEngines.withAccelerators(accelerator.stream().toList(), threads);
    CipherEngine chosen = engines.engineFor(EspTransform.AES_GCM_16);
    if (wanted == CipherEngineName.IPSEC_MB && !accelerator.equals(Optional.of(chosen))) {
      throw new IOException(
          "[protection] cipher-engine = \"ipsec-mb\", but it cannot be used (the log says why);"
              + " install libipsec-mb1, or write \"auto\"");
    }
    CipherEngines.use(engines);
  }

  /** The engines that were chosen so far, for people; {@code none} if nothing was encrypted. */
  static String inUse() {
    TreeSet<String> names = new TreeSet<>(CipherEngines.standard().chosen().values());
    return names.isEmpty() ? "none" : String.join(", ", names);
  }
}
