package org.kagemusha.core.message;

/** A Binding Refresh Request, RFC 6275 §6.1.2. */
public record BindingRefreshRequest() implements MobilityMessage {

  /** The MH Type. */
  public static final int TYPE = 0;

  @Override
  public int type() {
    return TYPE;
  }
}
