package org.kagemusha.core.ipsec.engine;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * AES-CBC or NULL encryption, then HMAC over ESP header, IV and ciphertext (RFC 4303 §3.3.2.1), and
 * over the upper half of an extended sequence number (§2.2.1).
 */
final class EncryptThenMac implements EspCipher {

  private static final int HEADER = EspTransform.HEADER_OCTETS;

  private final CbcChain cbc;
  private final Hmac hmac;
  private final InitialisationVectors ivs;
  private final int ivOctets;
  private final int icvOctets;
  private final boolean extended;

  /**
   * Joins a keyed cipher and a keyed HMAC.
   *
   * @param cbc null for NULL encryption
   * @param ivs null where packets are only opened
   */
  EncryptThenMac(
      EspTransform transform,
      CbcChain cbc,
      Hmac hmac,
      InitialisationVectors ivs,
      boolean extended) {
    this.cbc = cbc;
    this.hmac = hmac;
    this.ivs = ivs;
    this.ivOctets = transform.ivOctets();
    this.icvOctets = transform.icvOctets();
    this.extended = extended;
  }

  @Override
  public void seal(PacketBuffer packet, long sequence) {
    Workspace workspace = Workspace.ofThisThread();
    workspace.reserve(packet.length() + Integer.BYTES);
    byte[] output = workspace.output();
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    int authenticated = packet.length() - icvOctets;
    if (cbc == null) {
      bytes.get(at, output, 0, authenticated);
    } else {
      bytes.get(at, output, 0, HEADER);
      ivs.next(output, HEADER);
      int count = authenticated - HEADER - ivOctets;
      bytes.get(at + HEADER + ivOctets, workspace.input(), 0, count);
      cbc.encrypt(workspace.input(), count, output, HEADER + ivOctets);
      bytes.put(at + HEADER, output, HEADER, authenticated - HEADER);
    }
    authenticate(output, authenticated, sequence, workspace);
    bytes.put(at + authenticated, workspace.tag(), 0, icvOctets);
  }

  @Override
  public boolean open(PacketBuffer packet, long sequence) {
    Workspace workspace = Workspace.ofThisThread();
    workspace.reserve(packet.length() + Integer.BYTES);
    byte[] input = workspace.input();
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    int authenticated = packet.length() - icvOctets;
    bytes.get(at, input, 0, authenticated);
    authenticate(input, authenticated, sequence, workspace);
    bytes.get(at + authenticated, input, authenticated, icvOctets);
    if (!hmac.matches(workspace, input, authenticated)) {
      return false;
    }
    if (cbc != null) {
      int count = authenticated - HEADER - ivOctets;
      cbc.decrypt(input, HEADER + ivOctets, count, workspace.output());
      bytes.put(at + HEADER + ivOctets, workspace.output(), 0, count);
    }
    return true;
  }

  @Override
  public void destroy() {
    if (cbc != null) {
      cbc.destroy();
    }
    hmac.destroy();
  }

  private void authenticate(byte[] octets, int count, long sequence, Workspace workspace) {
    int covered = count;
    if (extended) {
      // RFC 4303 §2.2.1: the upper half is not sent, but follows the packet for the ICV.
      octets[covered++] = (byte) (sequence >>> 56);
      octets[covered++] = (byte) (sequence >>> 48);
      octets[covered++] = (byte) (sequence >>> 40);
      octets[covered++] = (byte) (sequence >>> 32);
    }
    hmac.compute(octets, covered, workspace);
  }
}
