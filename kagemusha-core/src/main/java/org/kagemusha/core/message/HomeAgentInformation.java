package org.kagemusha.core.message;

/**
 * A Home Agent Information option, RFC 6275 §7.4.
 *
 * @param preference 0 to 65535, the higher the more preferable
 * @param lifetimeSeconds 1 to 65535
 */
public record HomeAgentInformation(int preference, int lifetimeSeconds) {}
