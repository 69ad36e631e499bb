package org.kagemusha.daemon.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** WireGuard in user space, in Go. */
final class WireGuardSubject extends PeerSubject {

  private static final String PORT = "51820";

  private final String program;

  /**
   * @param program its file or name
   */
  WireGuardSubject(LabNetwork network, String program) {
    super(network, SubjectKind.WIREGUARD);
    this.program = program;
  }

  @Override
  Tool startEnd(boolean guests, String namespace, String device, String local, String remote)
      throws IOException {
    Tool tool = tool(namespace, program, "--foreground", device);
    Path socket = Path.of("/var/run/wireguard", device + ".sock");
    tool.await("ready", () -> Files.exists(socket));
    return tool;
  }

  @Override
  void connect() throws IOException {
    String[] keys = new String[2];
    for (int end = 0; end < 2; end++) {
      // It warns on its standard error that others may read what it prints to.
      keys[end] =
          Tool.run(network.directory(), null, "sh", "-c", "wg genkey 2> /dev/null").strip();
    }
    configure(
        network.hypervisor(), device(true), keys[0], publicKey(keys[1]), LabNetwork.FAR_END);
    configure(
        network.homeAgent(), device(false), keys[1], publicKey(keys[0]), LabNetwork.HYPERVISOR);
  }

  private void configure(
      String namespace, String device, String key, String peer, String endpoint)
      throws IOException {
    Tool.run(
        network.directory(), namespace, "wg", "set", device, "listen-port", PORT, "private-key",
        keyFile(key).toString(), "peer", peer, "allowed-ips", "::/0", "endpoint",
        "[" + endpoint + "]:" + PORT);
  }

  private String publicKey(String key) throws IOException {
    return Tool.run(
            network.directory(), null, "sh", "-c", "wg pubkey < \"$1\"", "sh",
            keyFile(key).toString())
        .strip();
  }

  private Path keyFile(String key) throws IOException {
    Path file = network.directory().resolve("wireguard.key");
    if (!Files.exists(file)) {
      Files.createFile(
          file,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    return Files.writeString(file, key + "\n");
  }
}
