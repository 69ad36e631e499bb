package org.kagemusha.daemon.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.kagemusha.daemon.config.ConfigException;
import org.kagemusha.daemon.config.ConfigFile;
import org.kagemusha.daemon.config.HomeAgentConfig;
import org.kagemusha.daemon.config.VmConfig;
import org.kagemusha.daemon.tls.CredentialException;
import org.kagemusha.daemon.tls.TlsCredentials;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code check}: finds every mistake in configuration files, and starts nothing. */
@Command(
    name = "check",
    description = "Check configuration files of either kind; every mistake is told.")
public final class CheckCommand implements Callable<Integer> {

  @Parameters(arity = "1..*", paramLabel = "CONFIG", description = "configuration file")
  private List<Path> files;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    int status = ExitCode.OK;
    for (Path file : files) {
      try {
        Object config = new ConfigFile().readEither(file);
        loadCredentials(config);
        spec.commandLine().getOut().println(file + ": ok: " + describe(config));
      } catch (ConfigException e) {
        spec.commandLine().getErr().println(e.getMessage());
        status = ExitCode.CONFIGURATION;
      } catch (CredentialException e) {
        spec.commandLine().getErr().println(file + ": " + e.getMessage());
        status = ExitCode.CONFIGURATION;
      }
    }
    spec.commandLine().getOut().flush();
    return status;
  }

  /** The files that a configuration names for TLS; their contents may be wrong, too. */
  private static void loadCredentials(Object config) throws CredentialException {
    if (config instanceof HomeAgentConfig agent && agent.controller() != null) {
      TlsCredentials.load(agent.controller().tls()).requireServerUse();
    } else if (config instanceof VmConfig vm && vm.provisioning() != null) {
      TlsCredentials.load(vm.provisioning().tls()).requireClientUse();
    }
  }

  private static String describe(Object config) {
    if (config instanceof HomeAgentConfig agent) {
      return "home agent " + agent.name() + " with " + agent.mobileNodes().size()
          + " mobile node(s)";
    }
    VmConfig vm = (VmConfig) config;
    return "VM " + vm.name() + " with " + vm.homeAddresses().size() + " home address(es)";
  }
}
