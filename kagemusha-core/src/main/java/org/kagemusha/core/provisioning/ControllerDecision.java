package org.kagemusha.core.provisioning;

/** What a Home Agent Controller decides about a request. */
public sealed interface ControllerDecision {

  /** The associations are installed at the home agent; the mobile node may have them. */
  record Granted(Grant grant) implements ControllerDecision {}

  /**
   * Nothing is given.
   *
   * @param status why, RFC 6618 §5.5.4; not {@link StatusCode#OK}
   * @param reason for the controller's log and audit, not for the peer
   * @param retryAfterSeconds when to ask again (§5.5.6), or 0
   */
  record Refused(StatusCode status, String reason, int retryAfterSeconds)
      implements ControllerDecision {}
}
