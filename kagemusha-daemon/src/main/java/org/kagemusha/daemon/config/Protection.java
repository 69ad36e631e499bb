package org.kagemusha.daemon.config;

import java.util.Map;

/**
 * What is protected by ESP.
 *
 * @param signalling Binding Updates and Acknowledgements (RFC 6275 §5.1 demands it)
 * @param payload the tunnelled packets (§5.5 leaves it to choice)
 * @param peerAntiReplay whether the other end checks sequence numbers of payload (RFC 4303 §3.4.3)
 */
public record Protection(boolean signalling, boolean payload, boolean peerAntiReplay) {

  static Protection read(Section section) {
    Map<String, Boolean> words = Choices.of("esp", true, "none", false);
    return new Protection(
        section.choice("signalling", true, words),
        section.choice("payload", false, words),
        section.flag("peer-anti-replay", true));
  }
}
