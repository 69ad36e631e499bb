package org.kagemusha.tap.ipsecmb;

import com.sun.jna.FunctionMapper;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.util.Map;

/**
 * The library's AES-GCM functions, mapped directly: each stands for the one of its name and the
 * {@link InstructionSet} that the class is bound to. Nothing is checked on either side: addresses
 * must be right.
 *
 * <p>{@code key} is a {@code struct gcm_key_data}, {@code context} a {@code struct
 * gcm_context_data} that holds nothing from call to call; {@code iv} has 12 octets; {@code out} may
 * be {@code in}.
 */
final class AesGcm {

  /**
   * Octets of {@code struct gcm_key_data}, at most: 15 round keys and 64 powers of the hash key in
   * version 1.4 and 1.5, less before and after; as a multiple of its alignment.
   */
  static final int KEY_DATA_OCTETS = 1280;

  /** What the address of {@code struct gcm_key_data} is a multiple of. */
  static final int KEY_DATA_ALIGNMENT = 64;

  /** Octets of {@code struct gcm_context_data} (88), as a multiple of 16. */
  static final int CONTEXT_OCTETS = 96;

  private AesGcm() {}

  /**
   * Looks the functions up.
   *
   * @throws UnsatisfiedLinkError if the library lacks one
   */
  static void bind(String file, InstructionSet instructions) {
    FunctionMapper names = (library, method) -> method.getName() + instructions.suffix();
    Native.register(
        AesGcm.class,
        NativeLibrary.getInstance(file, Map.of(Library.OPTION_FUNCTION_MAPPER, names)));
  }

  /** Expands a key of 16 octets. */
  static native void aes_gcm_pre_128(long octets, long key);

  /** Expands a key of 24 octets. */
  static native void aes_gcm_pre_192(long octets, long key);

  /** Expands a key of 32 octets. */
  static native void aes_gcm_pre_256(long octets, long key);

  /** Encrypts with a key of 16 octets, and writes the tag. */
  static native void aes_gcm_enc_128(
      long key,
      long context,
      long out,
      long in,
      long count,
      long iv,
      long associated,
      long associatedCount,
      long tag,
      long tagCount);

  /** Encrypts with a key of 24 octets, and writes the tag. */
  static native void aes_gcm_enc_192(
      long key,
      long context,
      long out,
      long in,
      long count,
      long iv,
      long associated,
      long associatedCount,
      long tag,
      long tagCount);

  /** Encrypts with a key of 32 octets, and writes the tag. */
  static native void aes_gcm_enc_256(
      long key,
      long context,
      long out,
      long in,
      long count,
      long iv,
      long associated,
      long associatedCount,
      long tag,
      long tagCount);

  /** Decrypts with a key of 16 octets, and writes the tag that there should be. */
  static native void aes_gcm_dec_128(
      long key,
      long context,
      long out,
      long in,
      long count,
      long iv,
      long associated,
      long associatedCount,
      long tag,
      long tagCount);

  /** Decrypts with a key of 24 octets, and writes the tag that there should be. */
  static native void aes_gcm_dec_192(
      long key,
      long context,
      long out,
      long in,
      long count,
      long iv,
      long associated,
      long associatedCount,
      long tag,
      long tagCount);

  /** Decrypts with a key of 32 octets, and writes the tag that there should be. */
  static native void aes_gcm_dec_256(
      long key,
      long context,
      long out,
      long in,
      long count,
      long iv,
      long associated,
      long associatedCount,
      long tag,
      long tagCount);
}
