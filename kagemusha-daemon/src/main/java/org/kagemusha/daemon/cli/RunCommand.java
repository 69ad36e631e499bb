package org.kagemusha.daemon.cli;

import java.nio.file.Path;
import java.util.logging.Level;
import org.kagemusha.daemon.config.ConfigException;
import org.kagemusha.daemon.config.ConfigFile;
import org.kagemusha.daemon.config.VmConfig;
import org.kagemusha.daemon.service.MobileNodeService;
import org.kagemusha.daemon.service.Service;
import picocli.CommandLine.Command;

/** {@code run}: the daemon beside one VM, in the foreground. */
@Command(name = "run", description = "Be the daemon beside one VM, in the foreground.")
public final class RunCommand extends ServiceCommand<VmConfig> {

  @Override
  VmConfig read(Path file) throws ConfigException {
    return new ConfigFile().readVm(file);
  }

  @Override
  Level logLevel(VmConfig config) {
    return config.operating().logLevel();
  }

  @Override
  Service service(VmConfig config) {
    return new MobileNodeService(config);
  }
}
