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

  @Mixin private SocketOptions socket;

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "FILE",
      description = "a new file, made with mode 0600; - is standard output")
  private String file;

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
    try (OutputStream stream = open()) {
      Bounded output = new Bounded(stream, megabytes * 1_000_000);
      return Asking.ask(socket, "capture " + seconds, output, spec.commandLine().getErr());
    } catch (FileAlreadyExistsException e) {
      spec.commandLine().getErr().println(file + " exists already; give a new name");
    } catch (IOException e) {
      spec.commandLine().getErr().println("cannot write " + file + ": " + FileErrors.reason(e));
    } catch (Bounded.Full e) {
      return ExitCode.OK;
    }
    return ExitCode.FAILED;
  }

  private OutputStream open() throws IOException {
    if (file.equals("-")) {
      return System.out;
    }
    return Channels.newOutputStream(
        Files.newByteChannel(
            Path.of(file),
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))));
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
