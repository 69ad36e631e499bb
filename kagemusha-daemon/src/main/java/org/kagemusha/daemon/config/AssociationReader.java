package org.kagemusha.daemon.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.wire.Ipv6Address;

/** Reads {@code [[association]]} sections and checks them against each other. */
final class AssociationReader {

  /** RFC 4303 §2.1: 0 is local, 1 to 255 are reserved. */
  private static final long SMALLEST_SPI = 256;

  private static final long LARGEST_SPI = 0xffff_ffffL;

  private final KeyReader keys;
  private final Map<Long, Integer> inboundLines = new HashMap<>();

  AssociationReader(KeyReader keys) {
    this.keys = keys;
  }

  /**
   * Reads the pairs of one mobile node.
   *
   * @param owner the section that holds them
   * @param homeAddresses those of the mobile node; the first is the default if it is the only one
   */
  List<AssociationConfig> read(
      Section owner, List<Ipv6Address> homeAddresses, Protection protection) {
    List<AssociationConfig> read = new ArrayList<>();
    Map<Long, Integer> outboundLines = new HashMap<>();
    Map<String, Integer> pairLines = new HashMap<>();
    for (Section section : owner.sections("association")) {
      AssociationConfig one = readOne(section, homeAddresses);
      checkUnique(section, "spi-in", one.spiIn(), inboundLines);
      checkUnique(section, "spi-out", one.spiOut(), outboundLines);
      checkSequenceNumbers(section, one, protection);
      Integer earlier =
          pairLines.put(one.purpose() + " " + one.homeAddress(), section.lineOf("purpose"));
      if (earlier != null && section.has("purpose")) {
        section.problem(
            "purpose",
            "found a second pair for " + Choices.word(one.purpose()) + " of " + one.homeAddress()
                + " (the first is on line " + earlier + "); expected one");
      }
      read.add(one);
    }
    return read;
  }

  private AssociationConfig readOne(Section section, List<Ipv6Address> homeAddresses) {
    section.require("purpose", "\"signalling\"");
    KeySource.Purpose purpose =
        section.choice(
            "purpose", KeySource.Purpose.SIGNALLING, Choices.of(KeySource.Purpose.class));
    Ipv6Address homeAddress =
        section.parsed(
            "home-address", OperatingConfig.onlyOne(homeAddresses), "an IPv6 address",
            Ipv6Address::parse);
    if (homeAddress == null) {
      section.require("home-address", "\"2001:db8:2000::10\"");
    } else if (section.has("home-address") && !homeAddresses.isEmpty()
        && !homeAddresses.contains(homeAddress)) {
      section.problem(
          "home-address",
          "found " + homeAddress + "; expected one of the mobile node's home addresses: "
              + homeAddresses);
    }
    section.require("spi-out", "1000");
    section.require("spi-in", "1001");
    long spiOut = section.integer("spi-out", 0, SMALLEST_SPI, LARGEST_SPI);
    long spiIn = section.integer("spi-in", 0, SMALLEST_SPI, LARGEST_SPI);
    EncryptionAlgorithm encryption =
        section.choice("encryption", EncryptionAlgorithm.AES_CBC_128, Algorithms.encryption());
    IntegrityAlgorithm integrity =
        section.choice("integrity", IntegrityAlgorithm.HMAC_SHA2_256_128, Algorithms.integrity());
    boolean counterMode = !encryption.staticKeysAllowed();
    if (counterMode) {
      // RFC 8221 §3: with manual keying, counter mode algorithms MUST NOT be used.
      section.problem(
          "encryption",
          "found \"" + section.text("encryption", "") + "\" with a static key; expected"
              + " \"aes-cbc-128\" or \"aes-cbc-256\": after a restart a counter-mode cipher would"
              + " repeat a nonce under the same key and lose its secrecy (RFC 8221 section 3, RFC"
              + " 4106 section 2)");
    }
    AssociationKeys secret =
        counterMode ? KeyReader.skip(section) : keys.read(section, encryption, integrity);
    checkDirections(section, secret);
    return new AssociationConfig(
        purpose, homeAddress, (int) spiOut, (int) spiIn, encryption, integrity,
        section.flag("extended-sequence-numbers", purpose == KeySource.Purpose.PAYLOAD),
        replayWindow(section), secret);
  }

  private static int replayWindow(Section section) {
    int packets = (int) section.integer("replay-window", 256, 64, 4096);
    if (packets % 64 != 0) {
      section.problem("replay-window", "found " + packets + "; expected a multiple of 64");
    }
    return packets;
  }

  private static void checkDirections(Section section, AssociationKeys secret) {
    if (secret.integrityOut().length > 0
        && Arrays.equals(secret.integrityOut(), secret.integrityIn())) {
      section.problem(
          "integrity-key-in",
          "found the same key as integrity-key-out; expected another: an association is one way,"
              + " and has its own key (RFC 4301 section 4.1)");
    }
  }

  private static void checkUnique(
      Section section, String key, int spi, Map<Long, Integer> lines) {
    if (spi == 0) {
      return;
    }
    Integer earlier = lines.putIfAbsent(spi & 0xffff_ffffL, section.lineOf(key));
    if (earlier != null) {
      section.problem(
          key,
          "found " + Integer.toUnsignedString(spi) + ", which line " + earlier
              + " uses already; expected an SPI of its own");
    }
  }

  private static void checkSequenceNumbers(
      Section section, AssociationConfig one, Protection protection) {
    if (one.purpose() == KeySource.Purpose.PAYLOAD
        && !one.extendedSequenceNumbers()
        && protection.peerAntiReplay()) {
      section.problem(
          "extended-sequence-numbers",
          "found false for payload; expected true, or peer-anti-replay = false in [protection]:"
              + " 32-bit numbers that start from the clock grow by 4 a second, so after a restart"
              + " or a move they would fall behind those that the peer has seen");
    }
  }
}
