package org.kagemusha.core.message;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Protocol;

/** The Mobility Header (RFC 6275 §6.1) from and to octets. */
public final class MobilityHeader {

  /** Offset of the Payload Proto field. */
  public static final int PAYLOAD_PROTO = 0;

  /** Offset of the Header Len field: octets of the header in units of 8, not counting the first. */
  public static final int HEADER_LENGTH = 1;

  private static final int TYPE = 2;
  private static final int CHECKSUM = 4;
  private static final int DATA = 6;
  private static final int SHORTEST = 8;

  // Message data of a fixed size, to where the mobility options begin: §6.1.7, §6.1.8, §6.1.9.
  private static final int UPDATE_OPTIONS = 12;
  private static final int ACKNOWLEDGEMENT_OPTIONS = 12;
  private static final int ERROR_OPTIONS = 24;

  private static final int OPTION_PADN = 1;
  private static final int OPTION_REFRESH_ADVICE = 2;
  private static final int OPTION_ALTERNATE_CARE_OF = 3;

  private static final int ACKNOWLEDGE = 0x8000;
  private static final int HOME_REGISTRATION = 0x4000;
  private static final int LINK_LOCAL = 0x2000;
  private static final int UPDATE_KEY_MANAGEMENT = 0x1000;
  private static final int UPDATE_OTHER_FLAGS = 0x0fff;
  private static final int ACKNOWLEDGEMENT_KEY_MANAGEMENT = 0x80;
  private static final int ACKNOWLEDGEMENT_OTHER_FLAGS = 0x7f;

  private MobilityHeader() {}

  /** What became of octets that should be a Mobility Header. */
  public sealed interface Decoded {}

  /**
   * They are one.
   *
   * @param message the message; {@link UnknownMobilityMessage} is answered by Binding Error 2
   *     (§9.2)
   */
  public record Accepted(MobilityMessage message) implements Decoded {}

  /**
   * They are none.
   *
   * @param problem what is wrong
   */
  public record Rejected(Problem problem) implements Decoded {}

  /** Why a Mobility Header is discarded. */
  public enum Problem {
    /** It ends before its Header Len says; there is nothing to verify a checksum over. Silence. */
    TRUNCATED(-1),
    /** The checksum is wrong, §9.2: silence. */
    CHECKSUM(-1),
    /** Payload Proto is not 59, §9.2: Parameter Problem, code 0. */
    PAYLOAD_PROTO(MobilityHeader.PAYLOAD_PROTO),
    /** Header Len is less than the message type needs, §9.2: Parameter Problem, code 0. */
    HEADER_LENGTH(MobilityHeader.HEADER_LENGTH),
    /** A mobility option goes beyond the header, or has a length that its type does not allow. */
    OPTION(-1);

    private final int pointer;

    Problem(int pointer) {
      this.pointer = pointer;
    }

    /** The offset in the Mobility Header to which a Parameter Problem points, or -1 for silence. */
    public int pointer() {
      return pointer;
    }
  }

  /**
   * Writes a message, padded to a multiple of eight octets, with its checksum.
   *
   * @param source of the pseudo-header: the home address where a Home Address option is sent
   *     (§6.1.1)
   * @param destination of the pseudo-header: the home address where a type 2 routing header is sent
   * @throws IllegalArgumentException for a message of unknown type
   */
  public static byte[] encode(
      MobilityMessage message, Ipv6Address source, Ipv6Address destination) {
    ByteBuffer octets;
    if (message instanceof BindingUpdate update) {
      octets = encodeUpdate(update);
    } else if (message instanceof BindingAcknowledgement acknowledgement) {
      octets = encodeAcknowledgement(acknowledgement);
    } else if (message instanceof BindingError error) {
      octets = ByteBuffer.allocate(ERROR_OPTIONS);
      octets.put(DATA, (byte) error.status());
      error.homeAddress().write(octets, 8);
    } else if (message instanceof BindingRefreshRequest) {
      octets = ByteBuffer.allocate(SHORTEST);
    } else if (message instanceof HandoverMessage handover) {
      octets = ByteBuffer.wrap(handover.octets());
    } else {
      throw new IllegalArgumentException("no octets for a message of type " + message.type());
    }
    int length = octets.capacity();
    octets.put(PAYLOAD_PROTO, (byte) Protocol.NO_NEXT_HEADER);
    octets.put(HEADER_LENGTH, (byte) (length / 8 - 1));
    octets.put(TYPE, (byte) message.type());
    long sum =
        InternetChecksum.pseudoHeader(source, destination, length, Protocol.MOBILITY)
            + InternetChecksum.sum(octets, 0, length);
    octets.putShort(CHECKSUM, (short) InternetChecksum.finish(sum));
    return octets.array();
  }

  private static ByteBuffer encodeUpdate(BindingUpdate update) {
    Ipv6Address careOf = update.alternateCareOf();
    int options = careOf == null ? 16 : 32;
    // The wish's seven octets and Pad1.
    ByteBuffer octets =
        ByteBuffer.allocate(update.wantsHandoverKeys() ? options + 8 : options);
    octets.putShort(DATA, (short) update.sequence());
    octets.putShort(
        8,
        (short)
            ((update.acknowledge() ? ACKNOWLEDGE : 0)
                | (update.homeRegistration() ? HOME_REGISTRATION : 0)
                | (update.linkLocalCompatibility() ? LINK_LOCAL : 0)
                | (update.keyManagementMobility() ? UPDATE_KEY_MANAGEMENT : 0)
                | update.otherFlags() & UPDATE_OTHER_FLAGS));
    octets.putShort(10, (short) update.lifetimeUnits());
    if (careOf == null) {
      pad(octets, UPDATE_OPTIONS, 2);
    } else {
      // §6.2.5: "The Alternate Care-of Address option has an alignment requirement of 8n + 6."
      pad(octets, UPDATE_OPTIONS, 0);
      octets.put(14, (byte) OPTION_ALTERNATE_CARE_OF);
      octets.put(15, (byte) Ipv6Address.BYTES);
      careOf.write(octets, 16);
    }
    if (update.wantsHandoverKeys()) {
      ExperimentalOption.write(octets, options, ExperimentalOption.WANTED, 0);
    }
    return octets;
  }

  private static ByteBuffer encodeAcknowledgement(BindingAcknowledgement acknowledgement) {
    HandoverKeys handover = acknowledgement.handover();
    int more = handover == null ? 0 : ExperimentalOption.octets(handover) + 7 & -8;
    ByteBuffer octets = ByteBuffer.allocate(16 + more);
    octets.put(DATA, (byte) acknowledgement.status());
    octets.put(
        7,
        (byte)
            ((acknowledgement.keyManagementMobility() ? ACKNOWLEDGEMENT_KEY_MANAGEMENT : 0)
                | acknowledgement.otherFlags() & ACKNOWLEDGEMENT_OTHER_FLAGS));
    octets.putShort(8, (short) acknowledgement.sequence());
    octets.putShort(10, (short) acknowledgement.lifetimeUnits());
    if (acknowledgement.refreshAdviceUnits() < 0) {
      pad(octets, ACKNOWLEDGEMENT_OPTIONS, 2);
    } else {
      octets.put(12, (byte) OPTION_REFRESH_ADVICE);
      octets.put(13, (byte) 2);
      octets.putShort(14, (short) acknowledgement.refreshAdviceUnits());
    }
    if (handover != null) {
      int end = ExperimentalOption.write(octets, 16, handover);
      ExperimentalOption.pad(octets, end, octets.capacity());
    }
    return octets;
  }

  private static void pad(ByteBuffer octets, int at, int count) {
    octets.put(at, (byte) OPTION_PADN);
    octets.put(at + 1, (byte) count);
  }

  /**
   * Reads a message and verifies its checksum. What follows the length that the header states is
   * not looked at.
   *
   * @param octets in network order
   * @param at the absolute index of the Payload Proto field
   * @param available octets from there to the end of the packet
   * @param source of the pseudo-header: the home address where a Home Address option came (§6.1.1)
   * @param destination of the pseudo-header: the home address where a type 2 routing header came
   */
  public static Decoded decode(
      ByteBuffer octets, int at, int available, Ipv6Address source, Ipv6Address destination) {
    if (available < SHORTEST) {
      return new Rejected(Problem.TRUNCATED);
    }
    int length = ((octets.get(at + HEADER_LENGTH) & 0xff) + 1) * 8;
    if (length > available) {
      return new Rejected(Problem.TRUNCATED);
    }
    // §9.2: "The checksum must be verified [...]. If invalid, the node MUST silently discard".
    long sum =
        InternetChecksum.pseudoHeader(source, destination, length, Protocol.MOBILITY)
            + InternetChecksum.sum(octets, at, length);
    if (!InternetChecksum.isValid(sum)) {
      return new Rejected(Problem.CHECKSUM);
    }
    int type = octets.get(at + TYPE) & 0xff;
    int optionsAt = optionsOf(type);
    if (optionsAt < 0) {
      return new Accepted(new UnknownMobilityMessage(type));
    }
    if ((octets.get(at + PAYLOAD_PROTO) & 0xff) != Protocol.NO_NEXT_HEADER) {
      return new Rejected(Problem.PAYLOAD_PROTO);
    }
    if (length < optionsAt) {
      return new Rejected(Problem.HEADER_LENGTH);
    }
    if (HandoverMessage.isType(type)) {
      // A message of RFC 5568 without our options is one between access routers.
      HandoverMessage handover = HandoverMessage.decode(octets, at, length);
      return new Accepted(handover == null ? new UnknownMobilityMessage(type) : handover);
    }
    Options options = new Options();
    if (!options.read(octets, at + optionsAt, at + length)) {
      return new Rejected(Problem.OPTION);
    }
    return new Accepted(message(type, octets, at, options));
  }

  private static int optionsOf(int type) {
    return switch (type) {
      case BindingRefreshRequest.TYPE -> SHORTEST;
      case BindingUpdate.TYPE -> UPDATE_OPTIONS;
      case BindingAcknowledgement.TYPE -> ACKNOWLEDGEMENT_OPTIONS;
      case BindingError.TYPE -> ERROR_OPTIONS;
      case HandoverMessage.INITIATE, HandoverMessage.ACKNOWLEDGE -> HandoverMessage.OPTIONS;
      default -> -1;
    };
  }

  private static MobilityMessage message(int type, ByteBuffer octets, int at, Options options) {
    if (type == BindingUpdate.TYPE) {
      int flags = octets.getShort(at + 8) & 0xffff;
      return new BindingUpdate(
          octets.getShort(at + DATA) & 0xffff,
          (flags & ACKNOWLEDGE) != 0,
          (flags & HOME_REGISTRATION) != 0,
          (flags & LINK_LOCAL) != 0,
          (flags & UPDATE_KEY_MANAGEMENT) != 0,
          flags & UPDATE_OTHER_FLAGS,
          octets.getShort(at + 10) & 0xffff,
          options.alternateCareOf,
          options.own.isWanted());
    }
    if (type == BindingAcknowledgement.TYPE) {
      int flags = octets.get(at + 7) & 0xff;
      return new BindingAcknowledgement(
          octets.get(at + DATA) & 0xff,
          (flags & ACKNOWLEDGEMENT_KEY_MANAGEMENT) != 0,
          flags & ACKNOWLEDGEMENT_OTHER_FLAGS,
          octets.getShort(at + 8) & 0xffff,
          octets.getShort(at + 10) & 0xffff,
          options.refreshAdviceUnits,
          options.own.keys());
    }
    if (type == BindingError.TYPE) {
      return new BindingError(octets.get(at + DATA) & 0xff, Ipv6Address.read(octets, at + 8));
    }
    return new BindingRefreshRequest();
  }

  /** The mobility options of one message, §6.2; the first of a kind counts. */
  private static final class Options {
    private Ipv6Address alternateCareOf;
    private int refreshAdviceUnits = -1;
    private final ExperimentalOption.Found own = new ExperimentalOption.Found();

    boolean read(ByteBuffer octets, int from, int end) {
      int at = from;
      while (at < end) {
        int type = octets.get(at) & 0xff;
        if (type == 0) {
          at++;
          continue;
        }
        if (end - at < 2) {
          return false;
        }
        int length = octets.get(at + 1) & 0xff;
        if (length > end - at - 2 || !take(octets, at, type, length)) {
          return false;
        }
        at += 2 + length;
      }
      return true;
    }

    private boolean take(ByteBuffer octets, int at, int type, int length) {
      if (type == OPTION_ALTERNATE_CARE_OF) {
        if (length != Ipv6Address.BYTES) {
          return false;
        }
        if (alternateCareOf == null) {
          alternateCareOf = Ipv6Address.read(octets, at + 2);
        }
      } else if (type == OPTION_REFRESH_ADVICE) {
        if (length != 2) {
          return false;
        }
        if (refreshAdviceUnits < 0) {
          refreshAdviceUnits = octets.getShort(at + 2) & 0xffff;
        }
      } else {
        own.take(octets, at, length);
      }
      // §6.2.1: "the receiver MUST quietly ignore and skip over" types that it does not know.
      return true;
    }
  }
}
