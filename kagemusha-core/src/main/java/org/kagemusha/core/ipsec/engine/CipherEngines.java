package org.kagemusha.core.ipsec.engine;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses the engine for each transform: the first that has it and passes its self-test. */
public final class CipherEngines {

  private static final Logger log = LoggerFactory.getLogger(CipherEngines.class);

  private static volatile CipherEngines standard = withAccelerators(List.of());

  private final List<CipherEngine> engines;
  private final int members;
  private final Map<EspTransform, CipherEngine> chosen = new EnumMap<>(EspTransform.class);

  /**
   * Chooses among engines.
   *
   * @param engines the preferred first
   */
  public CipherEngines(List<CipherEngine> engines) {
    this(engines, 1);
  }

  /**
   * Chooses among engines for a team.
   *
   * @param engines the preferred first
   * @param members how many threads may work for one association, 1 to {@link
   *     CipherTeam#MOST_MEMBERS}
   */
  public CipherEngines(List<CipherEngine> engines, int members) {
    if (members < 1 || members > CipherTeam.MOST_MEMBERS) {
      throw new IllegalArgumentException("no team of " + members);
    }
    this.engines = List.copyOf(engines);
    this.members = members;
  }

  /** How many threads may work for one association, each with a cipher of its own. */
  public int members() {
    return members;
  }

  /** Whether work may be left for later: to other threads, or to be done in one pass. */
  public boolean mayDefer() {
    return members > 1 || engines.stream().anyMatch(CipherEngine::gathers);
  }

  /**
   * What associations use whose creator has no choice of engines: what {@link #use} was told, else
   * what this library brings along.
   */
  public static CipherEngines standard() {
    return standard;
  }

  /**
   * Accelerators, and behind them what this library brings along: the JDK, and Bouncy Castle for
   * what that lacks.
   *
   * @param accelerators the preferred first
   */
  public static CipherEngines withAccelerators(List<CipherEngine> accelerators) {
    return withAccelerators(accelerators, 1);
  }

  /** The same for a team of that many members. */
  public static CipherEngines withAccelerators(List<CipherEngine> accelerators, int members) {
    List<CipherEngine> engines = new ArrayList<>(accelerators);
    engines.add(new JdkCipherEngine());
    engines.add(new BouncyCastleCipherEngine());
    return new CipherEngines(engines, members);
  }

  /** Makes these the {@link #standard} ones for associations that are created from now on. */
  public static void use(CipherEngines engines) {
    standard = Objects.requireNonNull(engines, "engines");
  }

  /**
   * The engine for a transform; tested with known answers before it is given out the first time.
   *
   * @throws IllegalStateException if no engine has it and passes
   */
  public synchronized CipherEngine engineFor(EspTransform transform) {
    return chosen.computeIfAbsent(transform, this::choose);
  }

  /** The names of the engines given out so far, by transform. */
  public synchronized Map<EspTransform, String> chosen() {
    Map<EspTransform, String> names = new EnumMap<>(EspTransform.class);
    chosen.forEach((transform, engine) -> names.put(transform, engine.name()));
    return names;
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
