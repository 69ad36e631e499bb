package org.kagemusha.daemon.config;

import java.util.Map;
import org.kagemusha.core.ipsec.PayloadProtection;

/**
 * What is protected by ESP.
 *
 * @param signalling Binding Updates and Acknowledgements (RFC 6275 §5.1 demands it)
 * @param insecure whether the operator wrote that signalling without protection is meant; true
 *     exactly where {@code signalling} is false
 * @param payload the tunnelled packets (§5.5 leaves it to choice)
 * @param peerAntiReplay whether the other end checks sequence numbers of payload (RFC 4303 §3.4.3)
 */
public record Protection(
    boolean signalling, boolean insecure, PayloadProtection payload, boolean peerAntiReplay) {

  private static final String DANGER = "whoever can send a packet could then take the VM's traffic";

  /**
   * @param fresh whether keys are provisioned
   */
  static Protection read(Section section, boolean fresh) {
    boolean signalling =
        section.choice("signalling", true, Choices.of("esp", true, "none", false));
    boolean insecure = section.flag("insecure", false);
    if (!signalling && !insecure) {
      section.problem(
          "signalling",
          "found \"none\" without insecure = true; expected \"esp\", or insecure = true beside it"
              + " for a trial: " + DANGER);
    }
    boolean esp = !section.has("signalling") || section.is("signalling", "esp");
    if (insecure && esp) {
      section.problem(
          "insecure",
          "found true, but signalling is protected; expected false, or signalling = \"none\" for a"
              + " trial: " + DANGER);
    }
    return new Protection(
        signalling, insecure, payload(section, usual(fresh)),
        section.flag("peer-anti-replay", true));
  }

  /** The default for payload. */
  static PayloadProtection usual(boolean fresh) {
    return fresh ? PayloadProtection.OPPORTUNISTIC : PayloadProtection.DISABLED;
  }

  /** The word for payload; what it was called before is refused by name. */
  static PayloadProtection payload(Section section, PayloadProtection fallback) {
    Map<String, PayloadProtection> words = Choices.of(PayloadProtection.class);
    if (section.is("payload", "esp")) {
      section.problem("payload", "found \"esp\"; expected \"required\", which means the same");
      return PayloadProtection.REQUIRED;
    }
    if (section.is("payload", "none")) {
      section.problem("payload", "found \"none\"; expected \"disabled\", which means the same");
      return PayloadProtection.DISABLED;
    }
    return section.choice("payload", fallback, words);
  }
}
