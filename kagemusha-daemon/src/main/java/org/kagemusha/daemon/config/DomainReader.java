package org.kagemusha.daemon.config;

import static org.kagemusha.daemon.config.DomainSettings.NAMESPACE;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.XMLConstants;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.kagemusha.daemon.config.DomainSettings.Card;
import org.kagemusha.daemon.config.DomainSettings.Element;

/**
 * Reads the XML of a libvirt domain as a stream. Document types are refused, and with them every
 * entity that is not XML's own; what is not ours is passed over.
 */
final class DomainReader {

  private static final String KEY = "[a-z][a-z0-9-]*";

  private final Path file;
  private final Problems problems = new Problems();
  private final List<String> path = new ArrayList<>();
  private final List<Card> cards = new ArrayList<>();
  private final List<Element> sections = new ArrayList<>();
  private Element vm;
  private String name = "";
  private String uuid = "";
  private String mac;
  private String bridge;

  DomainReader(Path file) {
    this.file = file;
  }

  /**
   * Reads the file.
   *
   * @throws ConfigException if it is not what is expected
   * @throws IOException if it cannot be read
   */
  DomainSettings read() throws ConfigException, IOException {
    try (InputStream input = Files.newInputStream(file)) {
      XMLStreamReader xml = factory().createXMLStreamReader(input);
      while (xml.hasNext()) {
        event(xml, xml.next());
      }
    } catch (XMLStreamException e) {
      int line = e.getLocation() == null ? 1 : Math.max(1, e.getLocation().getLineNumber());
      String words = String.valueOf(e.getMessage()).replaceFirst("(?s).*Message: ", "");
      problems.add(file, line, "", "not XML: " + words.lines().findFirst().orElse(""));
    }
    if (problems.isEmpty() && vm == null) {
      problems.add(
          file, 1, "", "no settings in the domain's <metadata>; expected an element vm of "
              + NAMESPACE);
    }
    if (!problems.isEmpty()) {
      throw new ConfigException(problems.sorted());
    }
    return new DomainSettings(file, name, uuid, cards, vm, sections);
  }

  private static XMLInputFactory factory() {
    XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    factory.setProperty(XMLConstants.ACCESS_EXTERNAL_DTD, "");
    factory.setProperty(XMLInputFactory.IS_COALESCING, true);
    return factory;
  }

  private void event(XMLStreamReader xml, int event) throws XMLStreamException {
    switch (event) {
      case XMLStreamConstants.DTD ->
          throw new XMLStreamException(
              "Message: a document type is not accepted", xml.getLocation());
      case XMLStreamConstants.START_ELEMENT -> start(xml);
      case XMLStreamConstants.END_ELEMENT -> {
        if (where().equals("/domain/devices/interface") && mac != null) {
          cards.add(new Card(mac, bridge));
        }
        path.remove(path.size() - 1);
      }
      case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA -> text(xml);
      default -> { }
    }
  }

  private String where() {
    return "/" + String.join("/", path);
  }

  private static int line(XMLStreamReader xml) {
    return Math.max(1, xml.getLocation().getLineNumber());
  }

  private void start(XMLStreamReader xml) throws XMLStreamException {
    boolean foreign = xml.getNamespaceURI() != null && !xml.getNamespaceURI().isEmpty();
    boolean ours = NAMESPACE.equals(xml.getNamespaceURI());
    String parent = where();
    if (path.isEmpty() && (foreign || !xml.getLocalName().equals("domain"))) {
      throw new XMLStreamException(
          "Message: the document is not a libvirt <domain>", xml.getLocation());
    }
    path.add((ours ? "kagemusha:" : foreign ? "other:" : "") + xml.getLocalName());
    if (parent.startsWith("/domain/metadata/kagemusha:vm")) {
      section(xml, parent, ours);
    } else if (where().equals("/domain/metadata/kagemusha:vm")) {
      if (vm != null) {
        problems.add(file, line(xml), "", "found a second element vm; expected one");
      }
      vm = attributes(xml, DomainSettings.element("vm", line(xml)));
    } else if (where().equals("/domain/devices/interface")) {
      mac = null;
      bridge = null;
    } else if (where().equals("/domain/devices/interface/mac")) {
      mac = xml.getAttributeValue(null, "address");
    } else if (where().equals("/domain/devices/interface/source")) {
      bridge = xml.getAttributeValue(null, "bridge");
    }
  }

  private void section(XMLStreamReader xml, String parent, boolean ours) {
    String key = xml.getLocalName();
    int line = line(xml);
    if (!ours || !parent.equals("/domain/metadata/kagemusha:vm") || !key.matches(KEY)) {
      problems.add(
          file, line, "",
          "found <" + key + ">; expected the sections of the file, in the namespace of vm, and"
              + " nothing in them");
      return;
    }
    if (key.equals("vm")) {
      problems.add(file, line, "", "found <vm> in itself; expected its keys as its attributes");
      return;
    }
    if (!key.equals("association") && sections.stream().anyMatch(s -> s.name().equals(key))) {
      problems.add(file, line, "[" + key + "]", "found twice; expected once");
      return;
    }
    sections.add(attributes(xml, DomainSettings.element(key, line)));
  }

  private Element attributes(XMLStreamReader xml, Element element) {
    for (int i = 0; i < xml.getAttributeCount(); i++) {
      String key = xml.getAttributeLocalName(i);
      String space = xml.getAttributeNamespace(i);
      if (space != null && !space.isEmpty() || !key.matches(KEY)) {
        problems.add(
            file, element.line(), "[" + element.name() + "] " + key,
            "found such an attribute; expected a key of the file, without a prefix");
      } else {
        element.attributes().put(key, xml.getAttributeValue(i));
      }
    }
    return element;
  }

  private void text(XMLStreamReader xml) {
    switch (where()) {
      case "/domain/name" -> name = xml.getText().strip();
      case "/domain/uuid" -> uuid = xml.getText().strip();
      default -> {
        if (where().startsWith("/domain/metadata/kagemusha:vm") && !xml.getText().isBlank()) {
          problems.add(
              file, line(xml), "", "found text between elements; expected attributes alone");
        }
      }
    }
  }
}
