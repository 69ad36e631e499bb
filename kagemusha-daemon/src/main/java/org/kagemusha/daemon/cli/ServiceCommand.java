package org.kagemusha.daemon.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import org.kagemusha.daemon.config.ConfigException;
import org.kagemusha.daemon.config.FileErrors;
import org.kagemusha.daemon.observe.LogSetup;
import org.kagemusha.daemon.service.EarlyStart;
import org.kagemusha.daemon.service.Service;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Parameters;

/** A subcommand that reads a configuration and then serves until it is told to stop. */
public abstract class ServiceCommand<C> implements Callable<Integer> {

  private static final Logger log = LoggerFactory.getLogger(ServiceCommand.class);

  @Parameters(paramLabel = "CONFIG", description = "configuration file")
  private Path file;

  abstract C read(Path path) throws ConfigException;

  abstract Level logLevel(C config);

  abstract Service service(C config);

  @Override
  public final Integer call() {
    return serve(file);
  }

  /**
   * Serves until told to stop, without the parser of command lines.
   *
   * @param file the configuration file
   * @return one of {@link ExitCode}
   */
  public final int serve(Path file) {
    EarlyStart.begin();
    LogSetup.configure(Level.INFO);
    C config;
    try {
      config = read(file);
    } catch (ConfigException e) {
      e.problems().forEach(problem -> log.error("{}", problem));
      return ExitCode.CONFIGURATION;
    }
    LogSetup.configure(logLevel(config));
    try {
      return service(config).run() ? ExitCode.OK : ExitCode.FAILED;
    } catch (IOException e) {
      log.error("start failed: {}", FileErrors.describe(e));
      return ExitCode.FAILED;
    } catch (RuntimeException e) {
      log.error("failed", e);
      return ExitCode.FAILED;
    }
  }
}
