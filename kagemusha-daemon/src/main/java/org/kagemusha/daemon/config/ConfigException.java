package org.kagemusha.daemon.config;

import java.util.List;
import java.util.stream.Collectors;

/** A configuration that cannot be used; its message lists every mistake, one a line. */
public final class ConfigException extends Exception {

  private static final long serialVersionUID = 1L;

  private final transient List<Problem> problems;

  /** With all that was found. */
  public ConfigException(List<Problem> problems) {
    super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
  }

  /** What was found, in the order of the lines. */
  public List<Problem> problems() {
    return problems;
  }
}
