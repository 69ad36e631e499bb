package org.kagemusha.daemon.config;

import java.nio.file.Path;

/**
 * What the daemon may know from the virtual machine monitor.
 *
 * @param qmpSocket a monitor socket of QEMU, or null
 * @param arrivalTimeoutSeconds after which a VM that was announced and did not come is told of
 */
public record VmmConfig(Path qmpSocket, int arrivalTimeoutSeconds) {

  static VmmConfig read(Section section) {
    return new VmmConfig(
        section.parsed(
            "qmp-socket", null,
            "an absolute path of at most " + OperatingConfig.LONGEST_SOCKET_PATH + " octets",
            OperatingConfig::socketPath),
        (int) (section.durationMs("arrival-timeout", 600_000, 1_000, 86_400_000) / 1000));
  }
}
