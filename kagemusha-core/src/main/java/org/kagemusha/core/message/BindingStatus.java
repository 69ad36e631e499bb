package org.kagemusha.core.message;

import java.util.Locale;

/** Status codes of a Binding Acknowledgement, RFC 6275 §6.1.8 and the registry it created. */
public enum BindingStatus {
  /** Binding Update accepted. */
  ACCEPTED(0),
  /** Accepted but prefix discovery necessary. */
  ACCEPTED_PREFIX_DISCOVERY_NECESSARY(1),
  /** Reason unspecified. */
  REASON_UNSPECIFIED(128),
  /** Administratively prohibited. */
  ADMINISTRATIVELY_PROHIBITED(129),
  /** Insufficient resources. */
  INSUFFICIENT_RESOURCES(130),
  /** Home registration not supported. */
  HOME_REGISTRATION_NOT_SUPPORTED(131),
  /** Not home subnet. */
  NOT_HOME_SUBNET(132),
  /** Not home agent for this mobile node. */
  NOT_HOME_AGENT_FOR_THIS_MOBILE_NODE(133),
  /** Duplicate Address Detection failed. */
  DUPLICATE_ADDRESS_DETECTION_FAILED(134),
  /** Sequence number out of window. */
  SEQUENCE_NUMBER_OUT_OF_WINDOW(135),
  /** Expired home nonce index. */
  EXPIRED_HOME_NONCE_INDEX(136),
  /** Expired care-of nonce index. */
  EXPIRED_CARE_OF_NONCE_INDEX(137),
  /** Expired nonces. */
  EXPIRED_NONCES(138),
  /** Registration type change disallowed. */
  REGISTRATION_TYPE_CHANGE_DISALLOWED(139),
  /** Invalid care-of address. */
  INVALID_CARE_OF_ADDRESS(174);

  private final int code;

  BindingStatus(int code) {
    this.code = code;
  }

  /** The code on the wire. */
  public int code() {
    return code;
  }

  /** The name of a code for a log line; one that is not known is told by its range, §6.1.8. */
  public static String nameOf(int code) {
    for (BindingStatus status : values()) {
      if (status.code == code) {
        return status.name().toLowerCase(Locale.ROOT).replace('_', '-');
      }
    }
    return (isAccepted(code) ? "accepted-" : "rejected-") + code;
  }

  /** Values below 128 say that the update was accepted, §6.1.8. */
  public static boolean isAccepted(int code) {
    return code < 128;
  }
}
