package org.kagemusha.core.homeagent;

import org.kagemusha.core.message.BindingStatus;
import org.kagemusha.core.node.TokenBucket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The audit trail of the binding cache: one line for each registration, move, end and refusal. What
 * a stranger can cause (refusals) is limited, and the next line says how many were left out.
 */
final class BindingLog {

  private static final Logger LOG = LoggerFactory.getLogger(HomeAgent.class);

  private final TokenBucket refusals = new TokenBucket(1, 10);
  private long suppressed;

  void registered(BindingCacheEntry entry) {
    LOG.info(
        "binding registered hoa={} coa={} mn={} seq={} lifetime={}s protected={}"
            + " encapsulation={}",
        entry.homeAddress,
        entry.careOf,
        entry.authorisation.name(),
        entry.sequence,
        4 * entry.lifetimeUnits,
        entry.payload != null,
        entry.encapsulation());
  }

  void refreshed(BindingCacheEntry entry) {
    LOG.debug(
        "binding refreshed hoa={} coa={} seq={} lifetime={}s",
        entry.homeAddress,
        entry.careOf,
        entry.sequence,
        4 * entry.lifetimeUnits);
  }

  void moved(BindingCacheEntry entry, Object before) {
    LOG.info(
        "binding moved hoa={} coa={} from={} mn={} seq={} lifetime={}s encapsulation={}",
        entry.homeAddress,
        entry.careOf,
        before,
        entry.authorisation.name(),
        entry.sequence,
        4 * entry.lifetimeUnits,
        entry.encapsulation());
  }

  void testing(BindingCacheEntry entry) {
    LOG.info(
        "binding under test hoa={} coa={} seq={}",
        entry.homeAddress,
        entry.acknowledgeTo.address(),
        entry.sequence);
  }

  void deregistered(BindingRequest request, Object lastCareOf) {
    LOG.info(
        "binding deregistered hoa={} coa={} from={} seq={}",
        request.homeAddress(),
        lastCareOf,
        request.fromHome() ? "home" : request.source(),
        request.update().sequence());
  }

  void expired(BindingCacheEntry entry) {
    LOG.info(
        "binding expired hoa={} coa={} mn={} seq={}",
        entry.homeAddress,
        entry.careOf,
        entry.authorisation.name(),
        entry.sequence);
  }

  void withdrawn(BindingCacheEntry entry, String reason) {
    LOG.info(
        "binding withdrawn hoa={} coa={} mn={} reason={}",
        entry.homeAddress,
        entry.careOf,
        entry.authorisation.name(),
        reason);
  }

  void duplicate(BindingCacheEntry entry, Object address, Object holder) {
    LOG.error(
        "binding ended by duplicate address hoa={} address={} holder={} mn={}",
        entry.homeAddress,
        address,
        holder,
        entry.authorisation.name());
  }

  void refused(BindingRequest request, BindingStatus status, long nowNs) {
    if (!refusals.tryTake(nowNs)) {
      suppressed++;
      return;
    }
    // A node that begins at home deregisters to be sure, which is no cause for alarm.
    boolean expected = status == BindingStatus.NOT_HOME_AGENT_FOR_THIS_MOBILE_NODE;
    LOG.atLevel(expected ? Level.INFO : Level.WARN).log(
        "binding refused hoa={} coa={} from={} seq={} status={} suppressed={}",
        request.homeAddress(),
        request.careOf(),
        request.source(),
        request.update().sequence(),
        BindingStatus.nameOf(status.code()),
        suppressed);
    suppressed = 0;
  }

  void discarded(BindingRequest request, long nowNs) {
    if (!refusals.tryTake(nowNs)) {
      suppressed++;
      return;
    }
    LOG.warn(
        "binding update discarded hoa={} coa={} from={} reason=\"{}\" suppressed={}",
        request.homeAddress(),
        request.careOf(),
        request.source(),
        request.dropReason().help(),
        suppressed);
    suppressed = 0;
  }
}
