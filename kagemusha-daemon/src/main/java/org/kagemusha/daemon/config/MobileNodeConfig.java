package org.kagemusha.daemon.config;

import java.util.ArrayList;
import java.util.List;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.provisioning.CertificateRule;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/**
 * A mobile node that may register with this home agent.
 *
 * @param name for log lines
 * @param homeAddresses what it may register: addresses as prefixes of 128 bits, or prefixes
 * @param careOf where it may be; empty: anywhere
 * @param payload what of its tunnelled packets is protected by ESP
 * @param provisioned whether it gets its keys from the controller; else it has static associations
 * @param hosts which certificates may have keys for it; empty: nobody
 * @param associations its static associations
 * @param maximumBindings how many bindings it may have at one time
 */
public record MobileNodeConfig(
    String name,
    List<Ipv6Prefix> homeAddresses,
    List<Ipv6Prefix> careOf,
    PayloadProtection payload,
    boolean provisioned,
    List<CertificateRule> hosts,
    List<AssociationConfig> associations,
    int maximumBindings) {

  /** As many home addresses as a mobile node of ours registers. */
  private static final int USUAL_BINDINGS = 16;

  /**
   * What the rest of the file says.
   *
   * @param homePrefix the home link's, or null if it was refused
   * @param general section {@code [protection]}
   * @param payloadSaid whether that section has a word for payload
   */
  record Context(
      Ipv6Prefix homePrefix,
      Protection general,
      boolean payloadSaid,
      HostReader hosts,
      AssociationReader associations) {}

  static MobileNodeConfig read(Section section, Context context) {
    final Ipv6Prefix homePrefix = context.homePrefix();
    final Protection general = context.general();
    section.require("name", "\"vm1\"");
    section.require("home-address", "\"2001:db8:2000::10\"");
    String name =
        section.parsed(
            "name", "?", OperatingConfig.NAME_EXPECTED, OperatingConfig::name);
    List<Ipv6Prefix> homeAddresses =
        section.list("home-address", "an IPv6 address or prefix", MobileNodeConfig::prefix);
    for (Ipv6Prefix home : homeAddresses) {
      if (homePrefix != null
          && !(homePrefix.length() <= home.length() && homePrefix.contains(home.address()))) {
        section.problem(
            "home-address", "found " + words(home) + "; expected a part of " + homePrefix);
      }
    }
    final List<Ipv6Prefix> careOf =
        section.list("care-of", "an IPv6 address or prefix", MobileNodeConfig::prefix);
    final List<CertificateRule> hosts = context.hosts().read(section);
    boolean fresh = section.has("hosts");
    PayloadProtection payload =
        Protection.payload(
            section, context.payloadSaid() ? general.payload() : Protection.usual(fresh));
    final long maximumBindings =
        section.integer(
            "maximum-bindings", Math.max(USUAL_BINDINGS, homeAddresses.size()), 1, 1_000_000);
    List<Ipv6Address> single = new ArrayList<>();
    for (Ipv6Prefix home : homeAddresses) {
      if (home.length() == 128) {
        single.add(home.address());
      }
    }
    final Protection own =
        new Protection(
            general.signalling(), general.insecure(), payload, general.peerAntiReplay());
    List<AssociationConfig> associations =
        context
            .associations()
            .read(section, single.size() == homeAddresses.size() ? single : List.of(), own);
    for (AssociationConfig one : associations) {
      if (one.homeAddress() != null && !homeAddresses.isEmpty()
          && homeAddresses.stream().noneMatch(home -> home.contains(one.homeAddress()))) {
        section.problem(
            "home-address",
            "does not hold " + one.homeAddress() + ", for which there is an association");
      }
    }
    if (fresh) {
      Coverage.checkFresh(section, section, "hosts", own, associations);
    } else {
      Coverage.check(section, "hosts", own, single, associations);
      if (general.signalling() && associations.isEmpty() && single.isEmpty()
          && !homeAddresses.isEmpty()) {
        section.problem(
            "hosts",
            "missing, and associations too; expected one or the other: without keys nothing is"
                + " accepted from this mobile node");
      }
    }
    return new MobileNodeConfig(
        name, List.copyOf(homeAddresses), List.copyOf(careOf), payload, fresh,
        hosts,
        List.copyOf(associations), (int) maximumBindings);
  }

  private static Ipv6Prefix prefix(String text) {
    return text.indexOf('/') >= 0
        ? Ipv6Prefix.parse(text)
        : new Ipv6Prefix(Ipv6Address.parse(text), 128);
  }

  private static String words(Ipv6Prefix prefix) {
    return prefix.length() == 128 ? prefix.address().toString() : prefix.toString();
  }
}
