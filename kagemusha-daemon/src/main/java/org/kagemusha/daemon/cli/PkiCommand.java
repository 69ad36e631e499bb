package org.kagemusha.daemon.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.kagemusha.daemon.config.FileErrors;
import org.kagemusha.daemon.tls.CredentialException;
import org.kagemusha.daemon.tls.PeerIdentities;
import org.kagemusha.daemon.tls.TrialAuthority;
import org.kagemusha.daemon.tls.TrialRole;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code pki}: a certificate authority for trials, for those who have none. */
@Command(
    name = "pki",
    description = "Be a certificate authority for trials; its key is not encrypted.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {PkiCommand.Init.class, PkiCommand.Issue.class, PkiCommand.Revoke.class})
public final class PkiCommand implements Runnable {

  private static final int MOST_DAYS = 36_500;

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "one of init, issue, revoke is missing");
  }

  /** What all three have. */
  abstract static class Action implements Callable<Integer> {

    @Parameters(index = "0", paramLabel = "DIR", description = "directory of the authority")
    private Path directory;

    @Spec private CommandSpec spec;

    abstract void act(Path directory, PrintWriter output) throws IOException, CredentialException;

    @Override
    public Integer call() {
      PrintWriter errors = spec.commandLine().getErr();
      try {
        act(directory, spec.commandLine().getOut());
        spec.commandLine().getOut().flush();
        return ExitCode.OK;
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), e.getMessage(), e);
      } catch (CredentialException e) {
        errors.println(e.getMessage());
      } catch (IOException e) {
        errors.println(FileErrors.describe(e));
      }
      errors.flush();
      return ExitCode.FAILED;
    }

    static Duration days(int days) {
      if (days < 1 || days > MOST_DAYS) {
        throw new IllegalArgumentException("found --days " + days + "; expected 1 to " + MOST_DAYS);
      }
      return Duration.ofDays(days);
    }

    static String quoted(Path path) {
      return '"' + path.toAbsolutePath().normalize().toString() + '"';
    }
  }

  /** {@code pki init}. */
  @Command(name = "init", description = "Make an authority and its empty revocation list.")
  public static final class Init extends Action {

    @Option(names = "--name", paramLabel = "CN", description = "default: ${DEFAULT-VALUE}")
    private String name = "Kagemusha trial";

    @Option(names = "--days", paramLabel = "N", description = "validity; default ${DEFAULT-VALUE}")
    private int days = 3650;

    @Override
    void act(Path directory, PrintWriter output) throws IOException {
      TrialAuthority.create(directory, name, days(days));
      output.println("wrote " + TrialAuthority.certificateFile(directory) + " (for every host)");
      output.println(
          "wrote " + TrialAuthority.keyFile(directory) + " (stays here; it is not encrypted)");
      output.println(
          "wrote " + TrialAuthority.revocationFile(directory) + " (for every host; empty)");
      output.println("next: kagemusha pki issue " + directory + " NAME --role home-agent|host");
    }
  }

  /** {@code pki issue}. */
  @Command(name = "issue", description = "Issue a certificate and its key.")
  public static final class Issue extends Action {

    @Parameters(index = "1", paramLabel = "NAME", description = "common name, and of the files")
    private String name;

    @Option(
        names = "--san",
        paramLabel = "NAME",
        description =
            "alternative name: dns:NAME, ip:ADDRESS, uri:URI, email:ADDRESS; default dns:NAME")
    private List<String> alternativeNames = new ArrayList<>();

    @Option(
        names = "--role",
        paramLabel = "ROLE",
        converter = RoleConverter.class,
        description = "host, home-agent or both; default ${DEFAULT-VALUE}")
    private TrialRole role = TrialRole.HOST;

    @Option(names = "--days", paramLabel = "N", description = "validity; default ${DEFAULT-VALUE}")
    private int days = 365;

    @Override
    void act(Path directory, PrintWriter output) throws IOException, CredentialException {
      TrialAuthority.Issued issued =
          TrialAuthority.open(directory).issue(name, alternativeNames, role, days(days));
      var identity = PeerIdentities.of(issued.certificate());
      output.println("wrote " + issued.certificateFile());
      output.println("wrote " + issued.keyFile() + " (for this host only)");
      output.println("subject " + identity.subject() + " " + identity.alternativeNames()
          + " until " + issued.certificate().getNotAfter().toInstant());
      if (role != TrialRole.HOME_AGENT) {
        output.println("\nin the file of each VM on this host:\n[provisioning]");
        files(output, directory, issued);
        output.println("\nin the home agent's file:\n[[host]]");
        output.println("name = \"" + name + "\"");
        output.println("subject = \"" + identity.subject() + "\"");
        output.println("issuer = " + basicString(identity.issuer()));
      }
      if (role != TrialRole.HOST) {
        output.println("\nin the home agent's file:\n[controller]");
        files(output, directory, issued);
        for (String san : identity.alternativeNames()) {
          if (san.startsWith("dns:")) {
            output.println(
                "\nin the files of the VMs, [provisioning]:\nserver-name = \"" + san.substring(4)
                    + "\"");
            break;
          }
        }
      }
    }

    private static void files(PrintWriter output, Path directory, TrialAuthority.Issued issued) {
      output.println("ca = " + quoted(TrialAuthority.certificateFile(directory)));
      output.println("certificate = " + quoted(issued.certificateFile()));
      output.println("key = " + quoted(issued.keyFile()));
      output.println("crl = " + quoted(TrialAuthority.revocationFile(directory)));
    }

    /** A TOML basic string. */
    private static String basicString(String text) {
      return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
  }

  /** {@code pki revoke}. */
  @Command(name = "revoke", description = "Put a certificate on the revocation list.")
  public static final class Revoke extends Action {

    @Parameters(index = "1", paramLabel = "CERT-FILE", description = "the certificate, PEM")
    private Path certificateFile;

    @Override
    void act(Path directory, PrintWriter output) throws IOException, CredentialException {
      boolean added = TrialAuthority.open(directory).revoke(certificateFile);
      if (added) {
        output.println("wrote " + TrialAuthority.revocationFile(directory)
            + " (copy it to every host, then: kagemusha reload)");
      } else {
        output.println(certificateFile + " is on the list already");
      }
    }
  }

  /** The words of {@link TrialRole}. */
  static final class RoleConverter implements ITypeConverter<TrialRole> {

    @Override
    public TrialRole convert(String word) {
      for (TrialRole role : TrialRole.values()) {
        if (role.toString().equals(word)) {
          return role;
        }
      }
      throw new TypeConversionException(
          "found \"" + word + "\"; expected host, home-agent or both");
    }
  }
}
