package org.kagemusha.daemon.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.kagemusha.daemon.tls.CredentialException;
import org.kagemusha.daemon.tls.TrialAuthority;
import org.kagemusha.daemon.tls.TrialRole;

/** The laboratory's certificates: an authority of its own, one for each daemon. */
public final class DemoAuthority {

  private static final Duration VALIDITY = Duration.ofDays(1);

  private final Path directory;

  DemoAuthority(Path directory) {
    this.directory = directory;
  }

  /** The file of revoked certificates. */
  public Path revocationFile() {
    return TrialAuthority.revocationFile(directory);
  }

  /** The certificate of a daemon. */
  public Path certificate(String daemon) {
    return directory.resolve(daemon + "-cert.pem");
  }

  /** The lines of a section that name a daemon's credentials; issued if there are none yet. */
  String lines(String daemon, TrialRole role) throws IOException {
    if (!Files.exists(TrialAuthority.certificateFile(directory))) {
      TrialAuthority.create(directory, "Laboratory", VALIDITY);
    }
    if (!Files.exists(certificate(daemon))) {
      try {
        TrialAuthority.open(directory)
            .issue(
                daemon,
                role == TrialRole.HOME_AGENT
                    ? List.of("ip:" + Topology.HOME_AGENT)
                    : List.of("dns:" + daemon + ".laboratory"),
                role, VALIDITY);
      } catch (CredentialException e) {
        throw new IOException(e.getMessage(), e);
      }
    }
    return """
        ca = "%s"
        certificate = "%s"
        key = "%s"
        crl = "%s"
        """
        .formatted(
            TrialAuthority.certificateFile(directory), certificate(daemon),
            directory.resolve(daemon + "-key.pem"), revocationFile());
  }
}
