package org.kagemusha.daemon.cli;

import org.kagemusha.daemon.observe.BuildVersion;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints. */
public final class Version implements IVersionProvider {

  @Override
  public String[] getVersion() {
    return new String[] {"kagemusha " + BuildVersion.text()};
  }
}
