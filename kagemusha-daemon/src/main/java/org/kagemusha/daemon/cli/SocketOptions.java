package org.kagemusha.daemon.cli;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import picocli.CommandLine.Option;

/** Which daemon a command speaks to. */
public final class SocketOptions {

  /** Where daemons have their sockets by default. */
  static final Path DIRECTORY = Path.of("/run/kagemusha");

  @Option(
      names = "--socket",
      paramLabel = "PATH",
      description = "control socket of the daemon")
  private Path socket;

  @Option(
      names = {"-n", "--name"},
      paramLabel = "NAME",
      description = "name of the VM or home agent; default: the only daemon in /run/kagemusha")
  private String name;

  /**
   * The socket that the options choose.
   *
   * @throws IOException with a text for the user if the choice is not clear
   */
  Path choose() throws IOException {
    return choose(DIRECTORY, socket, name);
  }

  static Path choose(Path directory, Path socket, String name) throws IOException {
    if (socket != null) {
      return socket;
    }
    if (name != null) {
      return directory.resolve(name.replace('/', '_') + ".sock");
    }
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      try (DirectoryStream<Path> sockets = Files.newDirectoryStream(directory, "*.sock")) {
        sockets.forEach(found::add);
      }
    }
    Collections.sort(found);
    if (found.size() == 1) {
      return found.get(0);
    }
    throw new IOException(
        found.isEmpty()
            ? "no daemon runs here: no socket in " + directory
            : "several daemons run here; choose one with -n: " + names(found));
  }

  private static String names(List<Path> sockets) {
    List<String> names = new ArrayList<>();
    for (Path path : sockets) {
      names.add(path.getFileName().toString().replaceFirst("\\.sock$", ""));
    }
    return String.join(", ", names);
  }
}
