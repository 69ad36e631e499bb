package org.kagemusha.daemon.provision;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * Holds a connection's octets back until its first TLS record, a ClientHello's, is whole and a
 * token for a handshake is had. There is no TLS engine before that.
 */
final class HandshakeGate extends ChannelInboundHandlerAdapter {

  /** RFC 8446 §5.1: type, legacy_record_version, length. */
  private static final int RECORD_HEADER = 5;

  private static final int HANDSHAKE = 22;
  private static final int CLIENT_HELLO = 1;

  /** RFC 8446 §5.1: "The length MUST NOT exceed 2^14 bytes." */
  private static final int LONGEST_RECORD = 1 << 14;

  /** What the gate asks for, and tells. */
  interface Guard {
    /** A ClientHello is there; {@link HandshakeGate#open} lets it through. */
    void onClientHello();

    /** What has come is no ClientHello. */
    void onOther(String reason);
  }

  private final Guard guard;
  private ChannelHandlerContext context;
  private ByteBuf held;
  private boolean asked;

  HandshakeGate(Guard guard) {
    this.guard = guard;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
    held = added.alloc().buffer();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext removed) {
    if (held != null) {
      held.release();
      held = null;
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext reading, Object message) {
    ByteBuf octets = (ByteBuf) message;
    held.writeBytes(octets);
    octets.release();
    if (asked) {
      return;
    }
    String wrong = problem();
    if (wrong != null) {
      asked = true;
      reading.channel().config().setAutoRead(false);
      guard.onOther(wrong);
    } else if (isWhole()) {
      asked = true;
      // Until it is this connection's turn, the kernel's buffer holds what else the peer sends.
      reading.channel().config().setAutoRead(false);
      guard.onClientHello();
    }
  }

  /** Lets everything through, to handlers that were added behind, and goes. */
  void open() {
    ByteBuf all = held;
    held = null;
    ChannelHandlerContext behind = context;
    behind.fireChannelRead(all);
    behind.fireChannelReadComplete();
    if (!behind.isRemoved()) {
      behind.pipeline().remove(this);
    }
    behind.channel().config().setAutoRead(true);
  }

  private boolean isWhole() {
    return held.readableBytes() > RECORD_HEADER
        && held.readableBytes() >= RECORD_HEADER + held.getUnsignedShort(3);
  }

  private String problem() {
    int octets = held.readableBytes();
    if (octets > 0 && held.getUnsignedByte(0) != HANDSHAKE) {
      return "not TLS: the first octet is " + held.getUnsignedByte(0);
    }
    if (octets > 1 && held.getUnsignedByte(1) != 3) {
      return "not TLS: the version of the first record is " + held.getUnsignedByte(1);
    }
    if (octets >= RECORD_HEADER) {
      int length = held.getUnsignedShort(3);
      if (length == 0 || length > LONGEST_RECORD) {
        return "not TLS: the first record has " + length + " octets";
      }
    }
    if (octets > RECORD_HEADER && held.getUnsignedByte(RECORD_HEADER) != CLIENT_HELLO) {
      return "not a ClientHello: handshake type " + held.getUnsignedByte(RECORD_HEADER);
    }
    return null;
  }
}
