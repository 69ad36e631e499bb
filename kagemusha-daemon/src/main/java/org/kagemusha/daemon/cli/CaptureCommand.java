package org.kagemusha.daemon.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.kagemusha.daemon.config.FileErrors;
import org.kagemusha.daemon.observe.Capture;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code capture}: the packets of both sides, written by this process and not by the daemon. */
@Command(
    name = "capture",
    description = "Write the packets of both sides to a pcapng file, until interrupted.")
public final class CaptureCommand implements Callable<Integer> {

  /** How long to wait for the first key; where there is none yet, packets are captured anyway. */
  private static final int KEYS_WITHIN_SECONDS = 2;

  @Mixin private SocketOptions socket;

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "FILE",
      description = "a new file, made with mode 0600; - is standard output")
  private String file;

  @Option(
      names = "--keys",
      paramLabel = "KEYFILE",
      description =
          "also write the ESP keys as Wireshark's table esp_sa to a new file, mode 0600; for root,"
              + " and logged by the daemon")
  private String keyFile;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "3600",
      description = "stop after N seconds, 1 to 86400; default: ${DEFAULT-VALUE}")
  private int seconds;

  @Option(
      names = "--megabytes",
      paramLabel = "N",
      defaultValue = "1024",
      description = "stop after N MB; default: ${DEFAULT-VALUE}")
  private long megabytes;

  @Override
  public Integer call() {
    if (seconds < 1 || seconds > Capture.LONGEST_SECONDS || megabytes < 1) {
      throw new ParameterException(
          spec.commandLine(), "--seconds is 1 to 86400, --megabytes at least 1");
    }
    if (keyFile != null && keyFile.equals(file)) {
      throw new ParameterException(spec.commandLine(), "--keys needs a file of its own");
    }
    return keyFile == null ? packets() : packetsWithKeys();
  }

  /** The keys come on a connection of their own, which ends with this process. */
  private int packetsWithKeys() {
    AtomicInteger refused = new AtomicInteger(ExitCode.OK);
    CountDownLatch begun = new CountDownLatch(1);
    Thread keys =
        new Thread(
            () -> {
              try (OutputStream stream = create(keyFile)) {
                OutputStream output = new Announced(stream, begun);
                String request = "keys " + seconds;
                refused.set(
                    Asking.ask(socket, request, output, spec.commandLine().getErr()));
              } catch (IOException e) {
                refused.set(failed(keyFile, e));
              } finally {
                begun.countDown();
              }
            },
            "keys");
    keys.setDaemon(true);
    keys.start();
    try {
      // No packet is captured whose key could be missing.
      begun.await(KEYS_WITHIN_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return refused.get() == ExitCode.OK ? packets() : refused.get();
  }

  private int packets() {
    try (OutputStream stream = file.equals("-") ? System.out : create(file)) {
      Bounded output = new Bounded(stream, megabytes * 1_000_000);
      return Asking.ask(socket, "capture " + seconds, output, spec.commandLine().getErr());
    } catch (IOException e) {
      return failed(file, e);
    } catch (Bounded.Full e) {
      return ExitCode.OK;
    }
  }

  private int failed(String which, IOException cause) {
    spec.commandLine()
        .getErr()
        .println(
            cause instanceof FileAlreadyExistsException
                ? which + " exists already; give a new name"
                : "cannot write " + which + ": " + FileErrors.reason(cause));
    return ExitCode.FAILED;
  }

  private static OutputStream create(String name) throws IOException {
    return Channels.newOutputStream(
        Files.newByteChannel(
            Path.of(name),
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))));
  }

  /** Tells when the first octets are written. */
  private static final class Announced extends FilterOutputStream {

    private final CountDownLatch begun;

    Announced(OutputStream output, CountDownLatch begun) {
      super(output);
      this.begun = begun;
    }

    @Override
    public void write(byte[] octets, int from, int count) throws IOException {
      out.write(octets, from, count);
      out.flush();
      begun.countDown();
    }
  }

  /** Ends the capture when the file is as large as it may be. */
  private static final class Bounded extends FilterOutputStream {

    /** The file is full. */
    static final class Full extends RuntimeException {
      private static final long serialVersionUID = 1L;
    }

    private long left;

    Bounded(OutputStream output, long most) {
      super(output);
      left = most;
    }

    @Override
    public void write(byte[] octets, int from, int count) throws IOException {
      if (count > left) {
        throw new Full();
      }
      left -= count;
      out.write(octets, from, count);
      out.flush();
    }
  }
}
