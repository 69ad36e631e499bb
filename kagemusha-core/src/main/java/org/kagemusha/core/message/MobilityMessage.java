package org.kagemusha.core.message;

/** A message of the Mobility Header, RFC 6275 §6.1. */
public sealed interface MobilityMessage
    permits BindingUpdate,
        BindingAcknowledgement,
        BindingRefreshRequest,
        BindingError,
        HandoverMessage,
        UnknownMobilityMessage {

  /** The MH Type, RFC 6275 §6.1.1. */
  int type();
}
