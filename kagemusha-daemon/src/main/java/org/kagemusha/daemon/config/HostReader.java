package org.kagemusha.daemon.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import javax.security.auth.x500.X500Principal;
import org.kagemusha.core.provisioning.CertificateRule;
import org.kagemusha.core.wire.Ipv6Address;

/** Reads {@code [[host]]} sections, and the names by which mobile nodes refer to them. */
final class HostReader {

  private static final String DISTINGUISHED_NAME =
      "a distinguished name, most specific part first, such as \"CN=hv-a.example,O=Example\""
          + " (RFC 4514)";
  private static final String ALTERNATIVE_NAME =
      "\"dns:NAME\", \"ip:ADDRESS\", \"uri:URI\" or \"email:ADDRESS\"";
  private static final String IPV4 = "((25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(\\.(?=\\d)|$)){4}";

  /** Null for a host that was refused, so that it is not unknown as well. */
  private final Map<String, CertificateRule> rules = new LinkedHashMap<>();

  private final boolean controller;

  /**
   * Reads all hosts of a file.
   *
   * @param controller whether the file has a Home Agent Controller
   */
  HostReader(Section root, boolean controller) {
    this.controller = controller;
    Map<String, Integer> lines = new LinkedHashMap<>();
    for (Section section : root.sections("host")) {
      section.require("name", "\"hv-a\"");
      String name =
          section.parsed(
              "name", null, OperatingConfig.NAME_EXPECTED, OperatingConfig::name);
      CertificateRule rule = rule(section, name == null ? "?" : name);
      if (name == null) {
        continue;
      }
      Integer earlier = lines.putIfAbsent(name, section.lineOf("name"));
      if (earlier != null) {
        section.problem(
            "name",
            "found \"" + name + "\", which line " + earlier + " uses already; expected a name of"
                + " its own");
      }
      rules.put(name, rule);
    }
  }

  private static CertificateRule rule(Section section, String name) {
    String subject =
        section.parsed("subject", null, DISTINGUISHED_NAME, HostReader::distinguishedName);
    String alternative =
        section.parsed("san", null, ALTERNATIVE_NAME, HostReader::alternativeName);
    String issuer =
        section.parsed("issuer", null, DISTINGUISHED_NAME, HostReader::distinguishedName);
    if (!section.has("subject") && !section.has("san")) {
      section.problem(
          "subject",
          "missing, and san too; expected at least one of them: else any certificate would be this"
              + " host's");
    }
    return subject == null && alternative == null
        ? null
        : new CertificateRule(name, subject, alternative, issuer);
  }

  /**
   * The hosts that a mobile node lists under {@code hosts}.
   *
   * @param node the mobile node's section
   */
  List<CertificateRule> read(Section node) {
    List<String> names =
        node.list("hosts", "the name of a [[host]]", OperatingConfig::name);
    List<CertificateRule> found = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (String name : names) {
      if (!seen.add(name)) {
        node.problem("hosts", "found \"" + name + "\" twice; expected each once");
      } else if (!rules.containsKey(name)) {
        node.problem("hosts", "found \"" + name + "\"; expected " + known(name));
      } else if (rules.get(name) != null) {
        found.add(rules.get(name));
      }
    }
    if (node.has("hosts") && !controller) {
      node.problem(
          "hosts",
          "found hosts without a section [controller], from which they would get their keys;"
              + " expected that section, or [[mobile-node.association]] with static keys");
    }
    return List.copyOf(found);
  }

  private String known(String name) {
    if (rules.isEmpty()) {
      return "a section [[host]] with that name";
    }
    return "one of \"" + String.join("\", \"", rules.keySet()) + "\""
        + Suggestion.nearest(name, rules.keySet())
            .map(word -> "; did you mean \"" + word + "\"?")
            .orElse("");
  }

  /** RFC 4514 text in the one form that {@link X500Principal#RFC2253} gives. */
  private static String distinguishedName(String text) {
    String name = new X500Principal(text).getName(X500Principal.RFC2253);
    if (name.isEmpty()) {
      throw new IllegalArgumentException("empty");
    }
    return name;
  }

  private static String alternativeName(String text) {
    int colon = text.indexOf(':');
    String kind = text.substring(0, Math.max(colon, 0));
    String value = text.substring(colon + 1);
    if (value.isBlank() || !value.equals(value.strip())) {
      throw new IllegalArgumentException("no name");
    }
    return kind + ":"
        + switch (kind) {
          // RFC 4343 §3: names are the same whatever the case of their letters.
          case "dns" -> value.toLowerCase(Locale.ROOT);
          case "ip" -> value.matches(IPV4) ? value : Ipv6Address.parse(value).toString();
          case "uri", "email" -> value;
          default -> throw new IllegalArgumentException("kind of name");
        };
  }
}
