package org.kagemusha.core.ipsec;

/** What an operator wants for a VM's tunnelled packets. */
public enum PayloadProtection {
  /** Clear, unless the home agent mandates ESP. */
  DISABLED,
  /** ESP, unless the home agent says, authenticated, that it cannot. */
  OPPORTUNISTIC,
  /** ESP or nothing. */
  REQUIRED
}
