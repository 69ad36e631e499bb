package org.kagemusha.core.ipsec.engine;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses the engine for each transform: the first that has it and passes its self-test. */
public final class CipherEngines {

  private static final Logger log = LoggerFactory.getLogger(CipherEngines.class);

  private static final class Standard {
    private static final CipherEngines ENGINES =
        new CipherEngines(List.of(new JdkCipherEngine(), new BouncyCastleCipherEngine()));
  }

  private final List<CipherEngine> engines;
  private final Map<EspTransform, CipherEngine> chosen = new EnumMap<>(EspTransform.class);

  /**
   * Chooses among engines.
   *
   * @param engines the preferred first
   */
  public CipherEngines(List<CipherEngine> engines) {
    this.engines = List.copyOf(engines);
  }

  /** What this library brings along. */
  public static CipherEngines standard() {
    return Standard.ENGINES;
  }

  /**
   * The engine for a transform; tested with known answers before it is given out the first time.
   *
   * @throws IllegalStateException if no engine has it and passes
   */
  public synchronized CipherEngine engineFor(EspTransform transform) {
    return chosen.computeIfAbsent(transform, this::choose);
  }

  private CipherEngine choose(EspTransform transform) {
    for (CipherEngine engine : engines) {
      if (!engine.supports(transform)) {
        continue;
      }
      if (KnownAnswers.passes(engine, transform)) {
        log.info("cipher engine chosen transform={} engine={}", transform, engine.name());
        return engine;
      }
      log.warn("cipher engine fails self-test transform={} engine={}", transform, engine.name());
    }
    throw new IllegalStateException("no cipher engine that passes its self-test for " + transform);
  }
}
