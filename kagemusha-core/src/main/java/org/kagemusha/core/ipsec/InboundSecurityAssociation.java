package org.kagemusha.core.ipsec;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.ipsec.engine.EspCipher;
import org.kagemusha.core.ipsec.engine.EspTransform;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.CipherJob;
import org.kagemusha.core.wire.CipherWork;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** One inbound ESP association (RFC 4303 §3.4), for one thread. */
public final class InboundSecurityAssociation {

  private static final int TRAILER_OCTETS = 2;

  private final int spi;
  private final EncryptionAlgorithm encryption;
  private final EspTransform transform;
  private final int blockMask;
  private final MemberCiphers ciphers;
  private final CipherWork opening = new Opening();
  private final ReplayWindow window;
  private final Resynchronisation resynchronisation;
  private EspCipher cipher;
  private long maximumPackets;
  private long maximumOctets;
  private Object owner;
  private SecurityAssociationPair pair;
  private int nextHeader = Protocol.NO_NEXT_HEADER;
  private long packets;
  private long octets;
  private long earlyNumber;
  private boolean earlyAuthentic;

  private InboundSecurityAssociation(
      SecurityAssociationParameters parameters,
      LongSupplier wallMs,
      AssociationLimits limits,
      CipherEngines engines) {
    spi = parameters.spi();
    encryption = parameters.encryption();
    transform = parameters.transform();
    blockMask = transform.combinedMode() ? 0 : Math.max(transform.ivOctets(), 1) - 1;
    boolean extended = parameters.extendedSequenceNumbers();
    window = new ReplayWindow(parameters.replayWindow(), extended);
    resynchronisation = extended ? new Resynchronisation(wallMs) : null;
    maximumPackets = limits.packets();
    maximumOctets = limits.octets();
    ciphers = new MemberCiphers(parameters, engines, null);
    cipher = ciphers.own();
  }

  /**
   * Creates an association whose peer's numbers follow no clock.
   *
   * @param parameters may be destroyed afterwards
   */
  public static InboundSecurityAssociation of(SecurityAssociationParameters parameters) {
    return fresh(parameters, AssociationLimits.NONE);
  }

  /**
   * Creates an association with fresh keys, whose peer's numbers begin at 1.
   *
   * @param parameters may be destroyed afterwards
   * @param limits those that the peer keeps to, too
   */
  public static InboundSecurityAssociation fresh(
      SecurityAssociationParameters parameters, AssociationLimits limits) {
    return new InboundSecurityAssociation(parameters, null, limits, CipherEngines.standard());
  }

  /**
   * Creates an association whose peer's extended numbers are {@link ClockedSequenceNumbers}, so
   * that it finds the upper half after a restart or a long pause (RFC 4303 appendix A3). Without
   * extended numbers the clock is not asked.
   *
   * @param parameters may be destroyed afterwards
   * @param wallMs the wall clock in milliseconds since 1970
   */
  public static InboundSecurityAssociation of(
      SecurityAssociationParameters parameters, LongSupplier wallMs) {
    return of(parameters, wallMs, CipherEngines.standard());
  }

  /** Like {@link #of(SecurityAssociationParameters, LongSupplier)}, with a choice of engines. */
  public static InboundSecurityAssociation of(
      SecurityAssociationParameters parameters, LongSupplier wallMs, CipherEngines engines) {
    return new InboundSecurityAssociation(
        parameters, Objects.requireNonNull(wallMs, "wallMs"), AssociationLimits.NONE, engines);
  }

  /** The SPI, unsigned. */
  public int spi() {
    return spi;
  }

  /** The pair that this is part of, or null. */
  public SecurityAssociationPair pair() {
    return pair;
  }

  void join(SecurityAssociationPair whole) {
    if (pair != null) {
      throw new IllegalStateException("an inbound association is part of one pair only");
    }
    pair = whole;
  }

  /** What the owner attached, or null: selectors are its business. */
  public Object owner() {
    return owner;
  }

  /** Attaches what the owner finds again with a packet. */
  public void owner(Object o) {
    owner = o;
  }

  /**
   * Leaves the cipher's part of {@link #open} in a packet as deferred work, unless it can be told
   * already that it will not be opened. Changes no state: what the window says counts when it is
   * opened.
   *
   * @param esp begins at the ESP header and ends with the ICV
   */
  public void prepare(PacketBuffer esp) {
    int ciphertext = esp.length() - transform.framing();
    if (!ciphers.mayDefer()
        || packets >= maximumPackets
        || octets > maximumOctets
        || ciphertext < TRAILER_OCTETS
        || (ciphertext & blockMask) != 0) {
      return;
    }
    long number = window.infer(esp.bytes().getInt(esp.offset() + Integer.BYTES));
    if (window.accepts(number)) {
      esp.defer(opening, number);
    }
  }

  /** Notes what was found ahead of time, so that it counts for this packet and no other. */
  private DropReason takeOutcome(CipherJob job, PacketBuffer esp) {
    boolean ours = job.isOf(opening, esp.offset(), esp.length());
    boolean done = job.isDone();
    boolean broken = job.isBroken();
    earlyNumber = ours ? job.number() : 0;
    earlyAuthentic = done;
    job.clear();
    if (broken) {
      return DropReason.CIPHER_FAILED;
    }
    // Another association with this SPI has opened it, and is no more: with these keys it is not
    // authentic.
    return done && !ours ? DropReason.ESP_AUTHENTICATION_FAILED : null;
  }

  /** What the cipher says of a number, or has said ahead of time: at most one number is right. */
  private boolean isAuthentic(PacketBuffer esp, long number) {
    if (earlyNumber > 0) {
      if (number == earlyNumber) {
        return earlyAuthentic;
      }
      if (earlyAuthentic) {
        return false;
      }
    }
    return cipher.open(esp, number);
  }

  /**
   * Opens in place: the packet begins at the ESP header and ends with the ICV; afterwards it is the
   * payload. Where the work that {@link #prepare} left has been done, its outcome is used.
   *
   * @return null if authentic and fresh, else why not; the octets are then of no use to anyone
   */
  public DropReason open(PacketBuffer esp) {
    // RFC 4301 §4.4.2.1: at the hard lifetime, the association is not used any more.
    if (packets >= maximumPackets || octets > maximumOctets) {
      return DropReason.ASSOCIATION_EXPIRED;
    }
    int ciphertext = esp.length() - transform.framing();
    // RFC 4303 §2.4: no cipher takes less than a trailer, CBC nothing but whole blocks.
    if (ciphertext < TRAILER_OCTETS || (ciphertext & blockMask) != 0) {
      return DropReason.ESP_MALFORMED;
    }
    ByteBuffer bytes = esp.bytes();
    if (bytes.getInt(esp.offset()) != spi) {
      return DropReason.ESP_NO_ASSOCIATION;
    }
    earlyNumber = 0;
    CipherJob job = esp.cipherJob();
    if (job != null) {
      DropReason reason = takeOutcome(job, esp);
      if (reason != null) {
        return reason;
      }
    }
    int wire = bytes.getInt(esp.offset() + Integer.BYTES);
    long number = window.infer(wire);
    // RFC 4303 §3.4.3: the window is checked before the ICV, and moved only after it.
    if (resynchronisation == null) {
      if (!window.accepts(number)) {
        return DropReason.ESP_REPLAYED;
      }
      if (!isAuthentic(esp, number)) {
        return DropReason.ESP_AUTHENTICATION_FAILED;
      }
    } else {
      if (number > 0 && !window.accepts(number)) {
        return DropReason.ESP_REPLAYED;
      }
      if (number <= 0 || !isAuthentic(esp, number)) {
        number = resynchronisation.afterFailure(wire, number, window.top());
        if (number <= 0 || !isAuthentic(esp, number)) {
          return DropReason.ESP_AUTHENTICATION_FAILED;
        }
      }
      resynchronisation.succeeded();
    }
    window.mark(number);
    packets++;
    return takeTrailer(esp, ciphertext);
  }

  /** The encryption algorithm. */
  public EncryptionAlgorithm encryption() {
    return encryption;
  }

  /** Whether sequence numbers have 64 bits. */
  public boolean extendedSequenceNumbers() {
    return resynchronisation != null;
  }

  /** The name of the engine that opens. */
  public String engineName() {
    return ciphers.engineName();
  }

  /** How many packets were authentic and fresh. */
  public long packets() {
    return packets;
  }

  /** How many octets of payload were authentic and fresh. */
  public long octets() {
    return octets;
  }

  /**
   * Overwrites the keys as far as Java allows; {@link #open} then returns {@link
   * DropReason#ASSOCIATION_EXPIRED}. May be called again.
   */
  public void destroy() {
    maximumPackets = 0;
    maximumOctets = 0;
    ciphers.destroy();
    cipher = null;
  }

  /** The highest authentic sequence number, or 0. */
  public long highestSequence() {
    return window.top();
  }

  /** The Next Header of the packet opened last. */
  public int nextHeader() {
    return nextHeader;
  }

  private DropReason takeTrailer(PacketBuffer esp, int ciphertext) {
    ByteBuffer bytes = esp.bytes();
    esp.trimFront(EspTransform.HEADER_OCTETS + transform.ivOctets());
    int trailer = esp.offset() + ciphertext - TRAILER_OCTETS;
    int padding = bytes.get(trailer) & 0xff;
    nextHeader = bytes.get(trailer + 1) & 0xff;
    int payload = ciphertext - TRAILER_OCTETS - padding;
    if (payload < 0) {
      return DropReason.ESP_MALFORMED;
    }
    // RFC 4303 §2.4: the receiver inspects the padding.
    for (int i = 1; i <= padding; i++) {
      if (bytes.get(trailer - padding - 1 + i) != (byte) i) {
        return DropReason.ESP_MALFORMED;
      }
    }
    octets += payload;
    if (octets > maximumOctets) {
      return DropReason.ASSOCIATION_EXPIRED;
    }
    esp.resize(payload);
    // RFC 4303 §2.6: a dummy packet is discarded without an error.
    return nextHeader == Protocol.NO_NEXT_HEADER ? DropReason.ESP_DUMMY : null;
  }

  /** What {@link #prepare} leaves; on the thread of any member. */
  private final class Opening implements CipherWork {

    @Override
    public boolean perform(PacketBuffer esp, long number, int member) {
      EspCipher own = ciphers.of(member);
      return own != null && own.open(esp, number);
    }

    @Override
    public int begin(PacketBuffer esp, long number, int member) {
      EspCipher own = ciphers.of(member);
      return own == null ? NOT_BEGUN : own.beginOpening(esp, number);
    }

    @Override
    public boolean complete(PacketBuffer esp, long number, int member, int ticket) {
      EspCipher own = ciphers.of(member);
      return own != null && own.completeOpening(esp, number, ticket);
    }
  }
}
