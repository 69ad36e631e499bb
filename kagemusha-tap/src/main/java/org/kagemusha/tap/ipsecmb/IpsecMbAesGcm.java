package org.kagemusha.tap.ipsecmb;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.kagemusha.core.ipsec.engine.EspCipher;
import org.kagemusha.core.ipsec.engine.EspTransform;
import org.kagemusha.core.wire.CipherWork;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * AES-GCM for ESP (RFC 4106), in place. Expanded key, nonce and the library's scratch share one
 * piece of memory of 1.5 kB outside of the heap, which is overwritten when the key is destroyed and
 * freed with this object.
 */
final class IpsecMbAesGcm implements EspCipher {

  private static final int SALT_OCTETS = 4;
  private static final int ICV_OCTETS = 16;
  private static final int BODY = EspTransform.HEADER_OCTETS + 8;
  private static final int FRAMING = BODY + ICV_OCTETS;
  private static final int EXTENDED_OCTETS = 12;

  private static final int CONTEXT = AesGcm.KEY_DATA_OCTETS;
  private static final int NONCE = CONTEXT + AesGcm.CONTEXT_OCTETS;
  private static final int ASSOCIATED = NONCE + 16;
  private static final int TAG = ASSOCIATED + 16;
  private static final int SIZE = TAG + ICV_OCTETS;

  private final NativeMemory memory;
  private final ByteBuffer octets;
  private final int keyOctets;
  private final boolean extended;
  private long key;

  /**
   * Expands a key.
   *
   * @param keyMaterial 16, 24 or 32 octets and the salt, RFC 4106 §8.1
   * @param extended whether the associated data has 64 bits of the sequence number
   * @throws IllegalArgumentException if the key has another length
   */
  IpsecMbAesGcm(byte[] keyMaterial, boolean extended) {
    this.extended = extended;
    keyOctets = keyMaterial.length - SALT_OCTETS;
    if (keyOctets != 16 && keyOctets != 24 && keyOctets != 32) {
      throw new IllegalArgumentException("an AES key of " + keyOctets + " octets");
    }
    memory = new NativeMemory(SIZE, AesGcm.KEY_DATA_ALIGNMENT);
    octets = memory.bytes().order(ByteOrder.BIG_ENDIAN);
    key = memory.address();
    octets.put(CONTEXT, keyMaterial, 0, keyOctets);
    octets.put(NONCE, keyMaterial, keyOctets, SALT_OCTETS);
    switch (keyOctets) {
      case 16 -> AesGcm.aes_gcm_pre_128(key + CONTEXT, key);
      case 24 -> AesGcm.aes_gcm_pre_192(key + CONTEXT, key);
      default -> AesGcm.aes_gcm_pre_256(key + CONTEXT, key);
    }
    overwrite(CONTEXT, NONCE);
  }

  @Override
  public void seal(PacketBuffer packet, long sequence) {
    writeIv(packet, sequence);
    int count = packet.length() - FRAMING;
    if (packet.address() != 0) {
      long at = packet.address() + packet.offset();
      encrypt(at, count, associated(packet, at, sequence), at + BODY + count);
      return;
    }
    CopyArea area = CopyArea.ofThisThread();
    long at = area.take(packet);
    encrypt(at, count, associated(packet, at, sequence), at + BODY + count);
    area.giveBack(packet, BODY, count + ICV_OCTETS);
  }

  @Override
  public boolean open(PacketBuffer packet, long sequence) {
    int count = packet.length() - FRAMING;
    if (packet.address() != 0) {
      long at = packet.address() + packet.offset();
      long associated = associated(packet, at, sequence);
      decrypt(at, count, associated);
      if (matches(packet, octets, TAG)) {
        return true;
      }
      // GCM decrypts by an exclusive or with the key stream: once more, and all is as it was.
      encrypt(at, count, associated, key + TAG);
      return false;
    }
    CopyArea area = CopyArea.ofThisThread();
    long at = area.take(packet);
    decrypt(at, count, associated(packet, at, sequence));
    if (!matches(packet, octets, TAG)) {
      return false;
    }
    area.giveBack(packet, BODY, count);
    return true;
  }

  @Override
  public int beginSealing(PacketBuffer packet, long sequence) {
    GcmBurst burst = packet.address() == 0 ? null : GcmBursts.sealing();
    return burst == null ? CipherWork.NOT_BEGUN : beginSealing(burst, packet, sequence);
  }

  int beginSealing(GcmBurst burst, PacketBuffer packet, long sequence) {
    int ticket = take(burst);
    if (ticket != CipherWork.NOT_BEGUN) {
      writeIv(packet, sequence);
      fill(burst, ticket, packet, sequence, packet.address() + packet.end() - ICV_OCTETS);
    }
    return ticket;
  }

  @Override
  public void completeSealing(int ticket) {
    GcmBursts.sealing().complete();
    Reference.reachabilityFence(this);
  }

  @Override
  public int beginOpening(PacketBuffer packet, long sequence) {
    GcmBurst burst = packet.address() == 0 ? null : GcmBursts.opening();
    return burst == null ? CipherWork.NOT_BEGUN : beginOpening(burst, packet, sequence);
  }

  int beginOpening(GcmBurst burst, PacketBuffer packet, long sequence) {
    int ticket = take(burst);
    if (ticket != CipherWork.NOT_BEGUN) {
      fill(burst, ticket, packet, sequence, burst.address(GcmBurst.tag(ticket)));
    }
    return ticket;
  }

  @Override
  public boolean completeOpening(PacketBuffer packet, long sequence, int ticket) {
    return completeOpening(GcmBursts.opening(), packet, sequence, ticket);
  }

  boolean completeOpening(GcmBurst burst, PacketBuffer packet, long sequence, int ticket) {
    burst.complete();
    if (matches(packet, burst.octets(), GcmBurst.tag(ticket))) {
      return true;
    }
    long at = packet.address() + packet.offset();
    encrypt(at, packet.length() - FRAMING, associated(packet, at, sequence), key + TAG);
    return false;
  }

  private int take(GcmBurst burst) {
    requireKey();
    return burst.take();
  }

  private void fill(
      GcmBurst burst, int ticket, PacketBuffer packet, long sequence, long tag) {
    long at = packet.address() + packet.offset();
    int nonce = GcmBurst.nonce(ticket);
    burst.octets().putInt(nonce, octets.getInt(NONCE));
    long associated =
        associated(
            packet, at, sequence, burst.octets(), burst.address(0), nonce,
            GcmBurst.associated(ticket));
    burst.fill(
        ticket, key, keyOctets, at + BODY, packet.length() - FRAMING, associated,
        extended ? EXTENDED_OCTETS : EspTransform.HEADER_OCTETS, tag);
  }

  @Override
  public void destroy() {
    key = 0;
    overwrite(0, SIZE);
  }

  /** Readies nonce and associated data; returns the address of the latter. */
  private long associated(PacketBuffer packet, long at, long sequence) {
    requireKey();
    return associated(packet, at, sequence, octets, key, NONCE, ASSOCIATED);
  }

  /**
   * The same in other memory.
   *
   * @param at the packet's address
   * @param into where nonce and associated data are written, in network order
   * @param address the address of its index 0
   * @param nonce the index of the nonce, which begins with the salt already
   * @param own the index for associated data that the packet does not have
   */
  private long associated(
      PacketBuffer packet, long at, long sequence, ByteBuffer into, long address, int nonce,
      int own) {
    ByteBuffer bytes = packet.bytes();
    int header = packet.offset();
    // RFC 4106 §4: the nonce is the salt and the IV.
    into.putLong(nonce + SALT_OCTETS, bytes.getLong(header + EspTransform.HEADER_OCTETS));
    if (!extended) {
      return at;
    }
    // RFC 4106 §5: SPI, upper half, lower half.
    into.putInt(own, bytes.getInt(header));
    into.putLong(own + Integer.BYTES, sequence);
    return address + own;
  }

  /** RFC 4106 §3.1: the IV is the sequence number, which is never used twice under one key. */
  private static void writeIv(PacketBuffer packet, long sequence) {
    packet.bytes().putLong(packet.offset() + EspTransform.HEADER_OCTETS, sequence);
  }

  private void requireKey() {
    if (key == 0) {
      throw new IllegalStateException("the key is destroyed");
    }
  }

  private void encrypt(long at, int count, long associated, long tag) {
    long context = key + CONTEXT;
    long body = at + BODY;
    long iv = key + NONCE;
    int associatedCount = extended ? EXTENDED_OCTETS : EspTransform.HEADER_OCTETS;
    switch (keyOctets) {
      case 16 ->
          AesGcm.aes_gcm_enc_128(
              key, context, body, body, count, iv, associated, associatedCount, tag, ICV_OCTETS);
      case 24 ->
          AesGcm.aes_gcm_enc_192(
              key, context, body, body, count, iv, associated, associatedCount, tag, ICV_OCTETS);
      default ->
          AesGcm.aes_gcm_enc_256(
              key, context, body, body, count, iv, associated, associatedCount, tag, ICV_OCTETS);
    }
    Reference.reachabilityFence(this);
  }

  /** Decrypts; the tag that the packet should have is then in memory. */
  private void decrypt(long at, int count, long associated) {
    long context = key + CONTEXT;
    long body = at + BODY;
    long iv = key + NONCE;
    long tag = key + TAG;
    int associatedCount = extended ? EXTENDED_OCTETS : EspTransform.HEADER_OCTETS;
    switch (keyOctets) {
      case 16 ->
          AesGcm.aes_gcm_dec_128(
              key, context, body, body, count, iv, associated, associatedCount, tag, ICV_OCTETS);
      case 24 ->
          AesGcm.aes_gcm_dec_192(
              key, context, body, body, count, iv, associated, associatedCount, tag, ICV_OCTETS);
      default ->
          AesGcm.aes_gcm_dec_256(
              key, context, body, body, count, iv, associated, associatedCount, tag, ICV_OCTETS);
    }
    Reference.reachabilityFence(this);
  }

  /** Whether the packet's ICV is the tag there; takes the same time whatever they are. */
  private static boolean matches(PacketBuffer packet, ByteBuffer tags, int tag) {
    ByteBuffer bytes = packet.bytes();
    int icv = packet.end() - ICV_OCTETS;
    long difference = bytes.getLong(icv) ^ tags.getLong(tag);
    difference |= bytes.getLong(icv + Long.BYTES) ^ tags.getLong(tag + Long.BYTES);
    return difference == 0;
  }

  private void overwrite(int from, int to) {
    for (int i = from; i < to; i += Long.BYTES) {
      octets.putLong(i, 0);
    }
  }
}
