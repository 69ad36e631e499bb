package org.kagemusha.daemon.lab;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The least that a tunnel in user space can do: relay.c, compiled here. */
final class RelaySubject extends PeerSubject {

  RelaySubject(LabNetwork network) {
    super(network, SubjectKind.RELAY);
  }

  @Override
  Tool startEnd(boolean guests, String namespace, String device, String local, String remote)
      throws IOException {
    Path program = network.directory().resolve("relay");
    if (!Files.exists(program)) {
      Path source = network.directory().resolve("relay.c");
      try (InputStream stream = RelaySubject.class.getResourceAsStream("relay.c")) {
        Files.write(source, stream.readAllBytes());
      }
      Tool.run(
          network.directory(), null, "gcc", "-O2", "-Wall", "-o", program.toString(),
          source.toString());
    }
    Tool tool = tool(namespace, program.toString(), device, local, remote);
    awaitDevice(tool, namespace, device);
    return tool;
  }
}
