package org.kagemusha.daemon.config;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What a libvirt domain's XML says for the daemon beside its VM: an element {@code vm} of our
 * namespace in {@code <metadata>}, which libvirt keeps through definitions, restarts and
 * migrations. Each section of the TOML file is an element in it, each key an attribute; those of
 * {@code [vm]} are the element's own. The name is the domain's; the guest's MAC address and the
 * bridge are those of its interface. Interfaces are told by their MAC addresses: the names of their
 * ports change.
 */
final class DomainSettings {

  /** The namespace of the element. */
  static final String NAMESPACE = "https://kagemusha.org/xmlns/vm/1";

  /** One network card of the domain, and the bridge that its port is in, or null. */
  record Card(String mac, String bridge) {}

  /** One element: a section of the file. */
  record Element(String name, int line, Map<String, String> attributes) {}

  private static final Set<String> LISTS = Set.of("home-address", "prefix", "agent", "algorithms");
  private static final Set<String> ALWAYS_TEXT =
      Set.of("identity", "server-name", "key-credential", "key-file");
  private static final Set<String> OF_THE_HOST =
      Set.of("control", "state", "metrics", "scheduling");
  private static final Set<String> SECRET =
      Set.of("encryption-key-out", "integrity-key-out", "encryption-key-in", "integrity-key-in");

  private final Path file;
  private final String name;
  private final String uuid;
  private final List<Card> cards;
  private final Element vm;
  private final List<Element> sections;
  private final Problems problems = new Problems();
  private final StringBuilder toml = new StringBuilder();
  private final List<Integer> lines = new ArrayList<>();

  DomainSettings(
      Path file,
      String name,
      String uuid,
      List<Card> cards,
      Element vm,
      List<Element> sections) {
    this.file = file;
    this.name = name;
    this.uuid = uuid;
    this.cards = cards;
    this.vm = vm;
    this.sections = sections;
  }

  /**
   * Reads a domain's XML.
   *
   * @throws ConfigException if it is not XML, not a domain's, or has no settings of ours
   * @throws IOException if the file cannot be read
   */
  static DomainSettings read(Path file) throws ConfigException, IOException {
    return new DomainReader(file).read();
  }

  /**
   * The name of the VM: the domain's, or its UUID where that is not one that files may have.
   *
   * @throws IllegalArgumentException if neither is
   */
  String vmName() {
    return OperatingConfig.name(name.matches(OperatingConfig.NAME_PATTERN) ? name : uuid);
  }

  /**
   * The settings as TOML.
   *
   * @throws ConfigException with what only the XML can have wrong
   */
  ConfigSource toSource() throws ConfigException {
    Card card = card();
    line(vm.line(), "[vm]");
    try {
      line(vm.line(), "name = " + quoted(vmName()));
    } catch (IllegalArgumentException e) {
      problem(vm.line(), "", "found neither a usable <name> nor a <uuid>; expected both");
    }
    if (!vm.attributes().containsKey("mac") && card != null) {
      line(vm.line(), "mac = " + quoted(card.mac()));
    }
    keys(vm);
    boolean tap = false;
    for (Element section : sections) {
      if (OF_THE_HOST.contains(section.name())) {
        problem(
            section.line(), "[" + section.name() + "]",
            "found in a domain's metadata; expected nothing, as it is the host's own business");
        continue;
      }
      String head = section.name();
      line(
          section.line(), head.equals("association") ? "[[" + head + "]]" : "[" + head + "]");
      keys(section);
      if (head.equals("tap")) {
        tap = true;
        bridge(card, section);
      }
    }
    if (!tap && card != null && card.bridge() != null) {
      line(vm.line(), "[tap]");
      bridge(card, vm);
    }
    if (!problems.isEmpty()) {
      throw new ConfigException(problems.sorted());
    }
    return new ConfigSource(file, toml.toString(), List.copyOf(lines));
  }

  /** The card that the settings are about, or null after a problem. */
  private Card card() {
    String mac = vm.attributes().get("mac");
    if (isSocket()) {
      if (mac == null) {
        problem(
            vm.line(), "[vm] mac",
            "missing; expected mac with link = " + Section.describe(vm.attributes().get("link"))
                + ", as libvirt knows nothing of such an interface");
      }
      return null;
    }
    if (mac == null) {
      if (cards.size() != 1) {
        problem(
            vm.line(), "[vm] mac",
            "missing; expected mac, as the domain has " + cards.size() + " interfaces");
        return null;
      }
      return cards.get(0);
    }
    for (Card card : cards) {
      if (card.mac().equalsIgnoreCase(mac)) {
        return card;
      }
    }
    problem(
        vm.line(), "[vm] mac",
        "found " + Section.describe(mac) + ", which no interface of the domain has; expected one"
            + " of " + cards.stream().map(Card::mac).toList());
    return null;
  }

  /** Whether QEMU is connected by a socket, on its own command line. */
  private boolean isSocket() {
    String link = vm.attributes().get("link");
    return link != null && !link.equals("tap");
  }

  private void bridge(Card card, Element section) {
    if (card != null && card.bridge() != null && !section.attributes().containsKey("bridge")) {
      line(section.line(), "bridge = " + quoted(card.bridge()));
    }
  }

  private void keys(Element element) {
    element
        .attributes()
        .forEach(
            (key, value) -> {
              String where = "[" + element.name() + "] " + key;
              if (element == vm && key.equals("name")) {
                problem(element.line(), where, "found; expected none: it is the domain's name");
              } else if (SECRET.contains(key)) {
                problem(
                    element.line(), where,
                    "found a key in a domain's metadata, which are no secret; expected key-file or"
                        + " key-credential, or <provisioning>");
              } else {
                line(element.line(), key + " = " + value(key, value));
              }
            });
  }

  private static String value(String key, String text) {
    if (LISTS.contains(key)) {
      String[] words = text.strip().split("\\s+");
      if (words.length > 1) {
        List<String> each = new ArrayList<>();
        for (String word : words) {
          each.add(quoted(word));
        }
        return "[" + String.join(", ", each) + "]";
      }
    }
    boolean bare =
        !ALWAYS_TEXT.contains(key) && text.matches("true|false|0|-?[1-9][0-9]{0,17}");
    return bare ? text : quoted(text);
  }

  private void line(int ofFile, String text) {
    toml.append(text).append('\n');
    lines.add(ofFile);
  }

  private void problem(int line, String key, String text) {
    problems.add(file, line, key, text);
  }

  /** A TOML basic string. */
  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ' || c == 0x7f) {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }

  static Element element(String name, int line) {
    return new Element(name, line, new LinkedHashMap<>());
  }
}
