package org.kagemusha.core.homeagent;

import org.kagemusha.core.message.BindingStatus;
import org.kagemusha.core.message.BindingUpdate;

/** What the lifetimes of the home prefix, and policy, mean for a binding's, RFC 6275 §10.3.1. */
final class PrefixLifetimes {

  private static final int UNIT_SECONDS = BindingUpdate.LIFETIME_UNIT_SECONDS;

  private PrefixLifetimes() {}

  /** The longest lifetime that may be granted, in units of four seconds. */
  static long longestUnits(HomeAgentSettings settings) {
    // RFC 6275 §10.3.1: "The lifetime for the Binding Cache entry MUST NOT be greater than the
    // remaining valid lifetime for the subnet prefix in the mobile node's home address."
    long units = settings.maximumLifetimeSeconds() / UNIT_SECONDS;
    return isInfinite(settings.prefixValidSeconds())
        ? units
        : Math.min(units, settings.prefixValidSeconds() / UNIT_SECONDS);
  }

  /** The status of an acknowledgement that grants a lifetime in units of four seconds. */
  static BindingStatus acceptance(HomeAgentSettings settings, int lifetimeUnits) {
    // RFC 6275 §10.3.1: "The value 1 [...] MUST be used if the subnet prefix of the specified home
    // address is deprecated, or becomes deprecated during the lifetime of the binding, or becomes
    // invalid at the end of the lifetime. [...] the prefix lifetimes are first converted into units
    // of four seconds by ignoring the two least significant bits."
    boolean deprecates =
        !isInfinite(settings.prefixPreferredSeconds())
            && settings.prefixPreferredSeconds() / UNIT_SECONDS < lifetimeUnits;
    boolean ends =
        !isInfinite(settings.prefixValidSeconds())
            && settings.prefixValidSeconds() / UNIT_SECONDS <= lifetimeUnits;
    return deprecates || ends
        ? BindingStatus.ACCEPTED_PREFIX_DISCOVERY_NECESSARY
        : BindingStatus.ACCEPTED;
  }

  private static boolean isInfinite(long seconds) {
    return seconds == HomeAgentSettings.INFINITE_LIFETIME;
  }
}
