package org.kagemusha.daemon.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.logging.Level;
import org.kagemusha.daemon.config.ConfigException;
import org.kagemusha.daemon.config.FileErrors;
import org.kagemusha.daemon.observe.LogSetup;
import org.kagemusha.daemon.service.Service;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Parameters;

/** A subcommand that reads a configuration and then serves until it is told to stop. */
public abstract class ServiceCommand<C> implements Callable<Integer> {

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
    // The parser takes as long to load as the logger.
    FutureTask<C> reading = new FutureTask<>(() -> read(file));
    new Thread(reading, "configuration").start();
    LogSetup.configure(Level.INFO);
    Logger log = LoggerFactory.getLogger(ServiceCommand.class);
    C config;
    try {
      config = reading.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ConfigException mistakes) {
        mistakes.problems().forEach(problem -> log.error("{}", problem));
        return ExitCode.CONFIGURATION;
      }
      log.error("failed", e.getCause());
      return ExitCode.FAILED;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      log.error("interrupted");
      return ExitCode.FAILED;
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
