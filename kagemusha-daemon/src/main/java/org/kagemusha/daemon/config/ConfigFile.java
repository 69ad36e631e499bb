package org.kagemusha.daemon.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.tomlj.Toml;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;

/**
 * Reads configuration files and finds every mistake in them. A file whose name ends with {@code
 * .xml} is the XML of a libvirt domain, whose metadata hold the settings ({@link DomainSettings}).
 */
public final class ConfigFile {

  private static final long LARGEST_FILE = 16L << 20;

  private final Path credentialsDirectory;

  /** With {@code $CREDENTIALS_DIRECTORY} of this process. */
  public ConfigFile() {
    this(credentialsOf(System.getenv("CREDENTIALS_DIRECTORY")));
  }

  /** With another directory for {@code key-credential}, or null for none. */
  public ConfigFile(Path credentialsDirectory) {
    this.credentialsDirectory = credentialsDirectory;
  }

  private static Path credentialsOf(String variable) {
    return variable == null || variable.isEmpty() ? null : Path.of(variable);
  }

  /**
   * Reads the configuration of the daemon beside a VM.
   *
   * @throws ConfigException with every mistake
   */
  public VmConfig readVm(Path file) throws ConfigException {
    return read(file, VmConfig::read);
  }

  /**
   * Reads the configuration of a home agent.
   *
   * @throws ConfigException with every mistake
   */
  public HomeAgentConfig readHomeAgent(Path file) throws ConfigException {
    return read(file, HomeAgentConfig::read);
  }

  /**
   * Reads a file for either role: one with a section {@code [home-agent]} is a home agent's.
   *
   * @throws ConfigException with every mistake
   */
  public Object readEither(Path file) throws ConfigException {
    TomlParseResult parsed = parse(file, source(file));
    return parsed.contains("home-agent") ? readHomeAgent(file) : readVm(file);
  }

  private interface Reader<T> {
    T read(Path file, Section root, Problems problems, Path credentials);
  }

  private <T> T read(Path file, Reader<T> reader) throws ConfigException {
    ConfigSource source = source(file);
    TomlParseResult parsed = parse(file, source);
    Problems problems = new Problems();
    for (TomlParseError error : parsed.errors()) {
      problems.add(file, error.position().line(), "", syntax(error));
    }
    if (!problems.isEmpty()) {
      throw source.located(problems);
    }
    Section root = new Section(file, parsed, "", 1, problems);
    T config = reader.read(file, root, problems, credentialsDirectory);
    root.finish();
    if (!problems.isEmpty()) {
      throw source.located(problems);
    }
    return config;
  }

  /** A domain's XML is read as the TOML that it stands for. */
  private static ConfigSource source(Path file) throws ConfigException {
    try {
      if (Files.size(file) > LARGEST_FILE) {
        throw failure(file, "found a file of more than 16 MiB; expected a configuration");
      }
      return file.toString().endsWith(".xml")
          ? DomainSettings.read(file).toSource()
          : new ConfigSource(file, Files.readString(file), null);
    } catch (CharacterCodingException e) {
      throw failure(file, "found octets that are not UTF-8; expected UTF-8 text");
    } catch (IOException e) {
      throw failure(file, "cannot be read: " + FileErrors.reason(e));
    }
  }

  private static TomlParseResult parse(Path file, ConfigSource source) throws ConfigException {
    try {
      return Toml.parse(source.text());
    } catch (AssertionError | RuntimeException e) {
      // The parser gives up on some wrong escapes, such as an unfinished U, without a position.
      throw failure(file, "is not TOML; expected valid escapes in every string");
    }
  }

  static ConfigException failure(Path file, String text) {
    return new ConfigException(List.of(new Problem(file, 1, "", text)));
  }

  /** The parser's words without its quotation of the file, which could hold a key. */
  private static String syntax(TomlParseError error) {
    String message = String.valueOf(error.getMessage());
    return "not TOML at column " + error.position().column() + ": "
        + message.replaceAll("[0-9A-Fa-f]{20,}", "...");
  }
}
