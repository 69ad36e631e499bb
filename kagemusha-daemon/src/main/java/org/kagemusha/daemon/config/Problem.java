package org.kagemusha.daemon.config;

import java.nio.file.Path;

/**
 * One mistake in a configuration file.
 *
 * @param file the file
 * @param line its line, from 1
 * @param key the key with its section, such as {@code [tap] bridge}; empty for a syntax error
 * @param text what was found and what was expected; never a secret
 */
public record Problem(Path file, int line, String key, String text) {

  /** {@code FILE:LINE: KEY: TEXT}, the form that editors jump to. */
  @Override
  public String toString() {
    return file + ":" + line + ": " + (key.isEmpty() ? "" : key + ": ") + text;
  }
}
