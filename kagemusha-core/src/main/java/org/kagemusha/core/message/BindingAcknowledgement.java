package org.kagemusha.core.message;

/**
 * A Binding Acknowledgement, RFC 6275 §6.1.8.
 *
 * @param status the status code, 0 to 255; see {@link BindingStatus}
 * @param keyManagementMobility K
 * @param otherFlags the remaining seven bits beside K as received
 * @param sequence the sequence number of the update, or for status 135 the last one accepted
 * @param lifetimeUnits the granted lifetime in units of four seconds
 * @param refreshAdviceUnits the Binding Refresh Advice option (§6.2.4) in units of four seconds, or
 *     -1 where there is none
 * @param handover keys for the forwarding of packets between hosts, or null; never sent in clear
 */
public record BindingAcknowledgement(
    int status,
    boolean keyManagementMobility,
    int otherFlags,
    int sequence,
    int lifetimeUnits,
    int refreshAdviceUnits,
    HandoverKeys handover)
    implements MobilityMessage {

  /** The MH Type. */
  public static final int TYPE = 6;

  /** Without keys. */
  public BindingAcknowledgement(
      int status,
      boolean keyManagementMobility,
      int otherFlags,
      int sequence,
      int lifetimeUnits,
      int refreshAdviceUnits) {
    this(
        status, keyManagementMobility, otherFlags, sequence, lifetimeUnits, refreshAdviceUnits,
        null);
  }

  @Override
  public int type() {
    return TYPE;
  }
}
