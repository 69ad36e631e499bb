package org.kagemusha.core.handover;

import java.security.SecureRandom;
import java.util.Arrays;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.message.HandoverMessage;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;

/**
 * One request for the packets that still go to a VM's old place: the Handover Initiate (RFC 5568
 * §6.2.1) and when it is sent, the answer that counts, and the association that the packets come
 * in. Whoever made it sends it, and takes the packets.
 */
public final class HandoverRequest {

  /** RFC 5568 §6.2.1.1: "100 milliseconds if RTT is not known", doubled each time. */
  public static final long RESEND_NS = 100_000_000L;

  /** HI_RETRIES, RFC 5568 §9. */
  public static final int RETRIES = 3;

  private static final int LEAST_SPI = 256;
  private static final int MOST_SPI = 0x0fff_ffff;

  private final Ipv6Address homeAddress;
  private final Ipv6Address from;
  private final Ipv6Address to;
  private final HandoverSecret secret;
  private HandoverMessage initiate;
  private InboundSecurityAssociation inbound;
  private int sent;
  private boolean answered;
  private long dueNs = NodeEngine.NEVER;

  /**
   * Prepares one; nothing is to be sent before {@link #begin}.
   *
   * @param from the old place's care-of address
   * @param to where the packets shall go
   * @param key the old place's; copied
   */
  public HandoverRequest(Ipv6Address homeAddress, Ipv6Address from, Ipv6Address to, byte[] key) {
    this.homeAddress = homeAddress;
    this.from = from;
    this.to = to;
    this.secret = new HandoverSecret(key);
  }

  /**
   * Makes the message; {@link #listen} is due before the next packet is read.
   *
   * @param guest the guest's MAC address
   * @param clear whether packets come in clear
   */
  public void begin(
      int sequence,
      MacAddress guest,
      boolean clear,
      SecurityAssociationDatabase associations,
      SecureRandom random) {
    byte[] nonce = new byte[HandoverMessage.NONCE_OCTETS];
    random.nextBytes(nonce);
    initiate =
        secret.sign(
            HandoverMessage.initiate(
                sequence, homeAddress, guest, nonce, clear ? 0 : freeSpi(associations, random),
                secret.index()),
            to, from);
  }

  /**
   * Makes the association that packets come in, unless they come in clear. It takes a while, in
   * which the old place has the message already.
   *
   * @param owner of the association
   */
  public void listen(Object owner, SecurityAssociationDatabase associations) {
    if (initiate.spi() != 0) {
      inbound = secret.inbound(initiate, from, to);
      inbound.owner(owner);
      associations.add(inbound);
    }
  }

  private static int freeSpi(SecurityAssociationDatabase associations, SecureRandom random) {
    int spi;
    do {
      spi = random.nextInt(LEAST_SPI, MOST_SPI + 1);
    } while (associations.inbound(spi) != null);
    return spi;
  }

  /** Of which home address the packets are. */
  public Ipv6Address homeAddress() {
    return homeAddress;
  }

  /** The old place's care-of address. */
  public Ipv6Address from() {
    return from;
  }

  /** Where the packets shall go. */
  public Ipv6Address to() {
    return to;
  }

  /** Tells the old place's key from others. */
  public int keyIndex() {
    return secret.index();
  }

  /** The Handover Initiate. */
  public HandoverMessage initiate() {
    return initiate;
  }

  /** What the packets come in, or null: in clear. */
  public InboundSecurityAssociation inbound() {
    return inbound;
  }

  /** The message is sent now; it is due again unless it is answered. */
  public void sent(long nowNs) {
    dueNs = nowNs + (RESEND_NS << sent);
    sent++;
  }

  /** When something is to be done for it; {@link NodeEngine#NEVER} once it was answered. */
  public long dueNs() {
    return dueNs;
  }

  /** Whether it was sent as often as RFC 5568 §9 has it. */
  public boolean isExhausted() {
    return sent > RETRIES;
  }

  /** It was answered, or something else showed that it was received. */
  public void answered() {
    answered = true;
    dueNs = NodeEngine.NEVER;
  }

  /**
   * Judges a Handover Acknowledge (RFC 5568 §6.2.2).
   *
   * @return why it does not count, or null if it does
   */
  public DropReason judge(
      HandoverMessage answer, Ipv6Address source, Ipv6Address destination) {
    if (answered
        || answer.type() != HandoverMessage.ACKNOWLEDGE
        || answer.sequence() != initiate.sequence()
        || !Arrays.equals(answer.nonce(), initiate.nonce())) {
      return DropReason.HANDOVER_UNMATCHED;
    }
    return source.equals(from)
            && destination.equals(to)
            && answer.keyIndex() == secret.index()
            && secret.verifies(answer, source, destination)
        ? null
        : DropReason.HANDOVER_UNAUTHENTIC;
  }

  /** Ends it; keys are overwritten. Not to be used afterwards. */
  public void end(SecurityAssociationDatabase associations) {
    dueNs = NodeEngine.NEVER;
    if (inbound != null) {
      associations.remove(inbound.spi());
      inbound.destroy();
    }
    secret.destroy();
  }
}
