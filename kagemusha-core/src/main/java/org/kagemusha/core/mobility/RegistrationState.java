package org.kagemusha.core.mobility;

/** Where a {@link HomeRegistration} stands. */
enum RegistrationState {
  /** Nothing is wanted, nothing is known. */
  IDLE("idle"),
  /** A care-of address is being registered; no acknowledgement yet. */
  REGISTERING("registering"),
  /** The home agent acknowledged the care-of address. */
  REGISTERED("registered"),
  /** The binding is being deleted. */
  DEREGISTERING("deregistering"),
  /** The home agent holds no binding. */
  DEREGISTERED("deregistered"),
  /** The home agent found the home address in use by another node; it is not used again. */
  DUPLICATE("duplicate");

  private final String text;

  RegistrationState(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
