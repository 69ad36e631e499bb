package org.kagemusha.core.ipsec;

import java.nio.ByteBuffer;
import java.util.Objects;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.ipsec.engine.EspCipher;
import org.kagemusha.core.ipsec.engine.EspTransform;
import org.kagemusha.core.ipsec.engine.InitialisationVectors;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.CipherWork;
import org.kagemusha.core.wire.PacketBuffer;

/** One outbound ESP association (RFC 4303 §3.3), for one thread. */
public final class OutboundSecurityAssociation {

  private static final int TRAILER_OCTETS = 2;
  private static final long LARGEST_SEQUENCE = 0xffff_ffffL;

  private final int spi;
  private final boolean extended;
  private final EspTransform transform;
  private final SequenceNumbers sequence;
  private final EncryptionAlgorithm encryption;
  private final MemberCiphers ciphers;
  private final CipherWork sealing = new Sealing();
  private EspCipher cipher;
  private long maximumPackets;
  private long maximumOctets;
  private long packets;
  private long octets;
  private long lastSequence;

  private OutboundSecurityAssociation(
      SecurityAssociationParameters parameters,
      SequenceNumbers sequence,
      AssociationLimits limits,
      CipherEngines engines,
      InitialisationVectors ivs) {
    this.sequence = Objects.requireNonNull(sequence, "sequence");
    spi = parameters.spi();
    extended = parameters.extendedSequenceNumbers();
    encryption = parameters.encryption();
    transform = parameters.transform();
    maximumPackets = limits.packets();
    maximumOctets = limits.octets();
    ciphers = new MemberCiphers(parameters, engines, Objects.requireNonNull(ivs, "ivs"));
    cipher = ciphers.own();
  }

  /**
   * Creates an association with keys that were never used before, and are used by nobody else: its
   * numbers begin at 1.
   *
   * @param parameters may be destroyed afterwards
   * @param limits at least one packet; without extended sequence numbers, at most 2^32-1
   * @throws IllegalArgumentException if the limit on packets is 0
   */
  public static OutboundSecurityAssociation fresh(
      SecurityAssociationParameters parameters, AssociationLimits limits) {
    return new OutboundSecurityAssociation(
        parameters,
        new CountedSequenceNumbers(limits.packets()),
        limits,
        CipherEngines.standard(),
        InitialisationVectors.random());
  }

  /**
   * Creates an association that seals with the engine that suits its algorithms best.
   *
   * @param parameters may be destroyed afterwards
   * @param sequence this association's alone
   */
  public static OutboundSecurityAssociation of(
      SecurityAssociationParameters parameters, SequenceNumbers sequence) {
    return of(parameters, sequence, CipherEngines.standard(), InitialisationVectors.random());
  }

  /**
   * Creates an association that seals with a chosen engine.
   *
   * @param parameters may be destroyed afterwards
   * @param sequence this association's alone
   * @param engines where to find the engine
   * @param ivs where AES-CBC takes its IVs from
   */
  public static OutboundSecurityAssociation of(
      SecurityAssociationParameters parameters,
      SequenceNumbers sequence,
      CipherEngines engines,
      InitialisationVectors ivs) {
    return new OutboundSecurityAssociation(
        parameters, sequence, AssociationLimits.NONE, engines, ivs);
  }

  /** The SPI, unsigned. */
  public int spi() {
    return spi;
  }

  /**
   * Seals in place and at once; see {@link #seal(PacketBuffer, int, boolean)}.
   *
   * @param nextHeader the protocol of the payload, 0 to 255
   */
  public DropReason seal(PacketBuffer payload, int nextHeader) {
    return seal(payload, nextHeader, false);
  }

  /**
   * Seals in place: the buffer's packet is the payload (e.g. an inner IPv6 packet or a Mobility
   * Header); afterwards it is ESP header, IV, ciphertext, padding, trailer and ICV. Needs up to 24
   * octets of headroom and 34 of tailroom.
   *
   * <p>The pass of the cipher may be left for {@link PacketBuffer#perform}: then the packet has its
   * sequence number, its length and all but the cipher's octets. Until then its SPI is 0, which
   * nobody may send, and it is refused if the association was destroyed meanwhile.
   *
   * @param nextHeader the protocol of the payload, 0 to 255
   * @param later whether to leave the cipher's pass for later; not done where
   *     {@link CipherEngines#mayDefer} says no
   * @return null if sealed, else why not; then the packet is as it was
   * @throws IndexOutOfBoundsException if head or tail room are missing
   */
  public DropReason seal(PacketBuffer payload, int nextHeader, boolean later) {
    int count = payload.length();
    // RFC 4301 §4.4.2.1: at the hard lifetime, the association is not used any more.
    if (packets >= maximumPackets || count > maximumOctets - octets) {
      return DropReason.ASSOCIATION_EXPIRED;
    }
    long number = sequence.next();
    // RFC 4303 §3.3.3: a number that would cycle is never sent.
    if (number <= 0 || !extended && number > LARGEST_SEQUENCE) {
      return DropReason.ESP_SEQUENCE_EXHAUSTED;
    }
    int padding = -(count + TRAILER_OCTETS) & transform.alignment() - 1;
    ByteBuffer bytes = payload.bytes();
    int end = payload.end();
    payload.resize(count + padding + TRAILER_OCTETS + transform.icvOctets());
    // RFC 4303 §2.4: the padding is 1, 2, 3, ...
    for (int i = 1; i <= padding; i++) {
      bytes.put(end++, (byte) i);
    }
    bytes.put(end++, (byte) padding);
    bytes.put(end, (byte) nextHeader);
    payload.prepend(EspTransform.HEADER_OCTETS + transform.ivOctets());
    bytes.putInt(payload.offset() + Integer.BYTES, (int) number);
    if (later && ciphers.mayDefer()) {
      // RFC 4303 §2.1: "The SPI value of zero (0) is reserved for local, implementation-specific
      // use and MUST NOT be sent on the wire."
      bytes.putInt(payload.offset(), 0);
      payload.defer(sealing, number);
    } else {
      bytes.putInt(payload.offset(), spi);
      cipher.seal(payload, number);
    }
    packets++;
    octets += count;
    lastSequence = number;
    return null;
  }

  /**
   * Overwrites the keys as far as Java allows; {@link #seal} then returns {@link
   * DropReason#ASSOCIATION_EXPIRED}. May be called again.
   */
  public void destroy() {
    maximumPackets = 0;
    maximumOctets = 0;
    ciphers.destroy();
    cipher = null;
  }

  /** The VM has come back to this host; see {@link SequenceNumbers#catchUp}. */
  public void catchUp() {
    sequence.catchUp();
  }

  /** The encryption algorithm. */
  public EncryptionAlgorithm encryption() {
    return encryption;
  }

  /** Whether sequence numbers have 64 bits. */
  public boolean extendedSequenceNumbers() {
    return extended;
  }

  /** The name of the engine that seals. */
  public String engineName() {
    return ciphers.engineName();
  }

  /** How many packets were sealed. */
  public long packets() {
    return packets;
  }

  /** How many octets of payload were sealed. */
  public long octets() {
    return octets;
  }

  /** The sequence number sealed last, or 0. */
  public long lastSequence() {
    return lastSequence;
  }

  /**
   * The largest payload whose sealed form (ESP header to ICV) is at most that many octets; 0 if
   * there is none.
   */
  public int largestPayload(int espOctets) {
    int ciphertext = espOctets - transform.framing() & -transform.alignment();
    return Math.max(ciphertext - TRAILER_OCTETS, 0);
  }

  /** By how many octets the sealed form of a payload is longer than the payload. */
  public int overhead(int payloadOctets) {
    int padding = -(payloadOctets + TRAILER_OCTETS) & transform.alignment() - 1;
    return transform.framing() + padding + TRAILER_OCTETS;
  }

  /** What {@link #seal} left for later; on the thread of any member. */
  private final class Sealing implements CipherWork {

    @Override
    public boolean perform(PacketBuffer packet, long number, int member) {
      EspCipher own = ciphers.of(member);
      if (own == null) {
        return false;
      }
      boolean sealed = false;
      writeSpi(packet, spi);
      try {
        own.seal(packet, number);
        sealed = true;
      } finally {
        if (!sealed) {
          writeSpi(packet, 0);
        }
      }
      return true;
    }

    @Override
    public int begin(PacketBuffer packet, long number, int member) {
      EspCipher own = ciphers.of(member);
      if (own == null) {
        return NOT_BEGUN;
      }
      int ticket = NOT_BEGUN;
      // It is part of what the ICV covers.
      writeSpi(packet, spi);
      try {
        ticket = own.beginSealing(packet, number);
      } finally {
        if (ticket == NOT_BEGUN) {
          writeSpi(packet, 0);
        }
      }
      return ticket;
    }

    @Override
    public boolean complete(PacketBuffer packet, long number, int member, int ticket) {
      EspCipher own = ciphers.of(member);
      boolean sealed = false;
      try {
        if (own != null) {
          own.completeSealing(ticket);
          sealed = true;
        }
      } finally {
        if (!sealed) {
          writeSpi(packet, 0);
        }
      }
      return sealed;
    }

    private static void writeSpi(PacketBuffer packet, int value) {
      packet.bytes().putInt(packet.offset(), value);
    }
  }
}
