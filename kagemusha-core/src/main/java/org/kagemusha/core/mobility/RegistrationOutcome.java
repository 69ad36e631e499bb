package org.kagemusha.core.mobility;

/** What a Binding Acknowledgement led to at its {@link HomeRegistration}. */
enum RegistrationOutcome {
  /** It answers no outstanding update; ignored as §11.7.3 demands. */
  UNMATCHED,
  /** The care-of address is registered. */
  REGISTERED,
  /** The binding is deleted. */
  DEREGISTERED,
  /** Status 135: the home agent's number was taken over and another update is due. */
  RESEQUENCED,
  /** Refused for now; another update follows after a back-off, or goes to the next home agent. */
  REFUSED,
  /** Status 134: the address must not be used. */
  DUPLICATE
}
