package org.kagemusha.tap.ipsecmb;

import com.sun.jna.NativeLibrary;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.kagemusha.core.ipsec.engine.CipherEngine;
import org.kagemusha.core.ipsec.engine.EspCipher;
import org.kagemusha.core.ipsec.engine.EspTransform;
import org.kagemusha.core.ipsec.engine.InitialisationVectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * AES-GCM by Intel's ipsec-mb (Debian: {@code libipsec-mb1}), where the library is there and the
 * CPU has AES-NI. Other transforms are left to other engines.
 */
public final class IpsecMbCipherEngine implements CipherEngine {

  /** The library's file, by the major versions whose functions are known. */
  static final List<String> FILES = List.of("libIPSec_MB.so.1", "libIPSec_MB.so.2");

  private static final Logger log = LoggerFactory.getLogger(IpsecMbCipherEngine.class);

  private IpsecMbCipherEngine() {}

  /**
   * Loads the library and chooses its functions by the CPU's flags; says in the log what came of
   * it. Never throws: an accelerator may be missing.
   */
  public static Optional<CipherEngine> load() {
    return load(FILES, CpuFlags.ofThisMachine());
  }

  /** Like {@link #load()}, with the names that the library's file may have. */
  static Optional<CipherEngine> load(List<String> files, Set<String> cpuFlags) {
    if (cpuFlags.isEmpty()) {
      return absent("/proc/cpuinfo shows no flags of an x86 CPU");
    }
    Optional<InstructionSet> instructions = InstructionSet.best(cpuFlags);
    if (instructions.isEmpty()) {
      return absent("this CPU has no AES-NI");
    }
    for (String file : files) {
      try {
        IpsecMbVersion version = IpsecMbVersion.of(NativeLibrary.getInstance(file));
        if (!version.isKnown()) {
          return absent("version " + version + " is unknown");
        }
        return bound(file, version, instructions.get());
      } catch (LinkageError e) {
        log.debug("cipher library not loaded file={}", file, e);
      }
    }
    return absent("no usable " + String.join(" or ", files));
  }

  /** The engine by one of the library's implementations; whoever is bound before uses it, too. */
  static Optional<CipherEngine> bound(
      String file, IpsecMbVersion version, InstructionSet instructions) {
    AesGcm.bind(file, instructions);
    if (!LongKnownAnswers.pass()) {
      log.warn(
          "cipher library fails self-test engine=ipsec-mb version={} instructions={}",
          version, instructions);
      return Optional.empty();
    }
    boolean bursts = GcmBursts.bind(file, version, instructions);
    log.info(
        "cipher library loaded engine=ipsec-mb version={} instructions={} bursts={}",
        version, instructions, bursts);
    return Optional.of(new IpsecMbCipherEngine());
  }

  private static Optional<CipherEngine> absent(String why) {
    log.info("cipher library absent engine=ipsec-mb reason=\"{}\"", why);
    return Optional.empty();
  }

  @Override
  public String name() {
    return "ipsec-mb";
  }

  @Override
  public boolean supports(EspTransform transform) {
    return transform == EspTransform.AES_GCM_16;
  }

  @Override
  public boolean gathers() {
    return GcmBursts.areAvailable();
  }

  @Override
  public EspCipher sealing(
      EspTransform transform,
      byte[] encryptionKey,
      byte[] integrityKey,
      boolean extendedSequenceNumbers,
      InitialisationVectors ivs) {
    return new IpsecMbAesGcm(encryptionKey, extendedSequenceNumbers);
  }

  @Override
  public EspCipher opening(
      EspTransform transform,
      byte[] encryptionKey,
      byte[] integrityKey,
      boolean extendedSequenceNumbers) {
    return new IpsecMbAesGcm(encryptionKey, extendedSequenceNumbers);
  }
}
