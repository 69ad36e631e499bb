package org.kagemusha.daemon.demo;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kagemusha.daemon.control.ControlClient;
import org.kagemusha.daemon.tls.TrialRole;

/**
 * A host with a libvirtd of its own, in namespaces of this machine: our hook is in its /etc, and
 * its certificates are where libvirt has them. There is no systemd: a script stands in for
 * systemctl.
 */
final class LibvirtHost implements Closeable {

  private static final Path HOOK = Path.of("..", "etc", "libvirt", "hooks", "qemu");
  private static final Path CONTROL = Path.of("..", "etc", "kagemusha-ctl");
  private static final String VM = "vm1";
  private static final int VIRSH_LIMIT_S = 150;

  private final String name;
  private final String address;
  private final Path directory;
  private final Process holder;

  /**
   * @param name of the host, and of its certificate
   * @param namespace its network namespace
   * @param address at which other hosts reach it
   */
  LibvirtHost(Laboratory laboratory, String name, String namespace, String address)
      throws IOException, InterruptedException {
    this.name = name;
    this.address = address;
    this.directory = laboratory.directory.resolve("host-" + name);
    write(laboratory);
    holder =
        new ProcessBuilder(
                "ip", "netns", "exec", namespace, "unshare", "-m", "-u", "-p", "-f",
                "--kill-child", "--mount-proc", "sh", resource("host").toString(),
                directory.toString(), "hv-" + name)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("host.log").toFile())
            .start();
    Laboratory.eventually(
        "host " + name,
        () -> {
          if (!holder.isAlive()) {
            throw new IOException(Files.readString(directory.resolve("host.log")));
          }
          return Files.exists(directory.resolve("run/host"));
        });
  }

  private void write(Laboratory laboratory) throws IOException {
    Path files = directory.resolve("files");
    copy(HOOK, files.resolve("libvirt/hooks/qemu"));
    Files.writeString(
        files.resolve("libvirt/libvirtd.conf"),
        Files.readString(resource("libvirtd.conf"))
            .replace("@UUID@", "6f1a1c0e-58b2-4a7e-9a39-00000000000" + name));
    copy(resource("qemu.conf"), files.resolve("libvirt/qemu.conf"));
    // A loaded machine starts no JVM within the hook's own limit.
    Files.createDirectories(files.resolve("default"));
    Files.writeString(files.resolve("default/kagemusha-hook"), "KAGEMUSHA_HOOK_WAIT=20\n");
    laboratory.configuration.authority().lines(name, TrialRole.HOST);
    Path pki = laboratory.directory.resolve("pki");
    for (String file : laboratory.configuration.authority().lines(name, TrialRole.HOST)
        .lines().filter(line -> !line.startsWith("crl")).toList()) {
      Path from = pki.resolve(Path.of(file.substring(file.indexOf('"') + 1, file.length() - 1)));
      String to =
          switch (file.split(" ")[0]) {
            case "ca" -> "CA/cacert.pem";
            case "key" -> "libvirt/private/clientkey.pem";
            default -> "libvirt/clientcert.pem";
          };
      copy(from, files.resolve("pki").resolve(to));
    }
    copy(resource("systemctl"), directory.resolve("bin/systemctl"));
    copy(CONTROL, directory.resolve("bin/kagemusha-ctl"));
    Path program = directory.resolve("bin/kagemusha");
    Files.writeString(
        program,
        DaemonProcess.ownProgram().stream()
            .map(word -> "'" + word + "'")
            .collect(Collectors.joining(" ", "#!/bin/sh\nexec ", " \"$@\"\n")));
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(
        directory.resolve("bin/systemctl"), PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(
        files.resolve("libvirt/hooks/qemu"), PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to.getParent());
    Files.copy(from, to);
    Files.setPosixFilePermissions(to, Files.getPosixFilePermissions(from));
  }

  static Path resource(String name) {
    return Path.of("src", "test", "resources", "libvirt", name).toAbsolutePath();
  }

  /** A command on this host. */
  private List<String> inside(String... command) throws IOException {
    long first =
        holder.toHandle().children().findFirst().orElseThrow(
            () -> new IOException("host " + name + " has ended")).pid();
    List<String> words =
        new ArrayList<>(List.of("nsenter", "-t", String.valueOf(first), "-m", "-u", "-p", "-n"));
    words.addAll(List.of(command));
    return words;
  }

  void startLibvirtd() throws IOException, InterruptedException {
    Shell.run(
        "",
        inside(
            "sh", "-c", "PATH=" + directory.resolve("bin") + ":$PATH; exec libvirtd --listen"
                + " --daemon >/var/log/libvirtd.start 2>&1"));
    Laboratory.eventually("libvirtd of " + name, () -> serves());
  }

  private boolean serves() {
    try {
      virsh("list");
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  void stopLibvirtd() throws IOException {
    Shell.run(
        "",
        inside(
            "sh", "-c",
            "pid=$(cat /run/libvirtd.pid); kill $pid;"
                + " while kill -0 $pid 2>/dev/null; do sleep 0.1; done"));
  }

  /** Runs virsh to its end. */
  String virsh(String... arguments) throws IOException {
    return Shell.run("", inside(virshCommand(arguments)));
  }

  private static String[] virshCommand(String... arguments) {
    return Stream.concat(Stream.of("virsh", "-q"), Stream.of(arguments)).toArray(String[]::new);
  }

  /** Creates the VM; the hook lets libvirt wait. */
  void create(Path domain) throws IOException, InterruptedException {
    if (end(start("create", domain.toString())) != 0) {
      throw new IOException("virsh create: " + Files.readString(directory.resolve("virsh.log")));
    }
  }

  /** Begins to move the VM to another host. */
  Process migrate(LibvirtHost to, String... options) throws IOException {
    List<String> words = new ArrayList<>(List.of("migrate", "--live", VM));
    words.add("qemu+tcp://[" + to.address + "]/system");
    words.add("tcp://[" + to.address + "]");
    words.addAll(List.of(options));
    return start(words.toArray(String[]::new));
  }

  private Process start(String... arguments) throws IOException {
    return new ProcessBuilder(inside(virshCommand(arguments)))
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("virsh.log").toFile())
        .start();
  }

  /** Waits for the end of what virsh was asked for; returns its exit status. */
  int end(Process virsh) throws IOException, InterruptedException {
    if (!virsh.waitFor(VIRSH_LIMIT_S, TimeUnit.SECONDS)) {
      virsh.destroyForcibly();
      throw new IOException("virsh does not end");
    }
    return virsh.exitValue();
  }

  /** Asks the daemon beside the VM. */
  String ask(String request) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    String refusal =
        new ControlClient(directory.resolve("run/kagemusha/" + VM + ".sock")).ask(request, body);
    if (refusal != null) {
      throw new IOException(refusal);
    }
    return body.toString(StandardCharsets.UTF_8);
  }

  /** The daemon's state, empty where none runs. */
  String state() {
    try {
      return Laboratory.text(ask("status json"), "state");
    } catch (IOException e) {
      return "";
    }
  }

  /** What systemctl was called for so far. */
  List<String> calls() throws IOException {
    Path calls = directory.resolve("log/systemctl");
    return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
  }

  /** Log lines of its daemon and of libvirtd, for a test that failed. */
  String logs() throws IOException {
    StringBuilder text = new StringBuilder();
    for (String log : List.of("systemctl", "kagemusha", "libvirtd.log", "console")) {
      Path file = directory.resolve("log").resolve(log);
      if (Files.exists(file)) {
        text.append("--- ").append(name).append(": ").append(log).append('\n');
        try (InputStream input = Files.newInputStream(file)) {
          text.append(new String(input.readAllBytes(), StandardCharsets.UTF_8));
        }
      }
    }
    return text.toString();
  }

  /** Ends the host, and with it all that runs there. */
  @Override
  public void close() throws IOException {
    holder.destroyForcibly();
    try {
      holder.waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
