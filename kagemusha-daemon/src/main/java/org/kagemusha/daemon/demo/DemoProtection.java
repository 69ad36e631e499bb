package org.kagemusha.daemon.demo;

import org.kagemusha.core.ipsec.PayloadProtection;

/** Where the laboratory's keys come from, and what ESP covers. */
public enum DemoProtection {
  /** Fresh keys for each place; payload in ESP or not at all. */
  required("required"),
  /** Fresh keys for each place; payload in ESP if the home agent can. */
  opportunistic("opportunistic"),
  /** Fresh keys for each place; payload in clear. */
  disabled("disabled"),
  /** Static keys for signalling and payload. */
  manual("required"),
  /** Static keys for signalling; payload in clear. */
  signalling("disabled"),
  /** Static keys that are published test vectors, for peers that are no daemon of ours. */
  captured("disabled"),
  /** No keys and no protection. */
  none("disabled");

  private final String payload;

  DemoProtection(String payload) {
    this.payload = payload;
  }

  /** The word for payload in the configuration, see {@link PayloadProtection}. */
  String payload() {
    return payload;
  }

  /** Whether keys come from the Home Agent Controller. */
  boolean isProvisioned() {
    return this == required || this == opportunistic || this == disabled;
  }

  /** Whether signalling has static keys. */
  boolean hasStaticSignalling() {
    return this == manual || this == signalling || this == captured;
  }

  /** Whether payload has static keys. */
  boolean hasStaticPayload() {
    return this == manual;
  }
}
