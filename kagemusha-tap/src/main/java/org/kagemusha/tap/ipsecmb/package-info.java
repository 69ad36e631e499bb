/**
 * AES-GCM for ESP by Intel's Multi-Buffer Crypto for IPsec library ({@code libIPSec_MB}), an
 * accelerator for x86-64 that may be missing. Packets are sealed and opened where they lie, one
 * native call each, without garbage. Read {@link org.kagemusha.tap.ipsecmb.IpsecMbCipherEngine}
 * first.
 */
package org.kagemusha.tap.ipsecmb;
