package org.kagemusha.daemon.config;

/** How a mobile node sends ESP, RFC 3948. */
public enum Encapsulation {
  /** As its own protocol. */
  NONE,
  /** In UDP. */
  UDP,
  /** As the path to the home agent allows; tried, and remembered. */
  AUTO
}
