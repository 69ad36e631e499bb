package org.kagemusha.daemon.cli;

import java.nio.file.Path;
import java.util.logging.Level;
import org.kagemusha.daemon.config.ConfigException;
import org.kagemusha.daemon.config.ConfigFile;
import org.kagemusha.daemon.config.HomeAgentConfig;
import org.kagemusha.daemon.service.HomeAgentService;
import org.kagemusha.daemon.service.Service;
import picocli.CommandLine.Command;

/** {@code home-agent}: the home agent, in the foreground. */
@Command(name = "home-agent", description = "Be a home agent, in the foreground.")
public final class HomeAgentCommand extends ServiceCommand<HomeAgentConfig> {

  @Override
  HomeAgentConfig read(Path file) throws ConfigException {
    return new ConfigFile().readHomeAgent(file);
  }

  @Override
  Level logLevel(HomeAgentConfig config) {
    return config.operating().logLevel();
  }

  @Override
  Service service(HomeAgentConfig config) {
    return new HomeAgentService(config);
  }
}
