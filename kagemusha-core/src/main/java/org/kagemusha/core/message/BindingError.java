package org.kagemusha.core.message;

import org.kagemusha.core.wire.Ipv6Address;

/**
 * A Binding Error, RFC 6275 §6.1.9.
 *
 * @param status {@link #UNKNOWN_BINDING} or {@link #UNKNOWN_TYPE}
 * @param homeAddress the home address of the Home Address option that caused it, or {@code ::}
 */
public record BindingError(int status, Ipv6Address homeAddress) implements MobilityMessage {

  /** The MH Type. */
  public static final int TYPE = 7;

  /** A Home Address option without a binding. */
  public static final int UNKNOWN_BINDING = 1;

  /** An unrecognised MH Type. */
  public static final int UNKNOWN_TYPE = 2;

  @Override
  public int type() {
    return TYPE;
  }
}
