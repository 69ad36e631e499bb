/**
 * Cipher engines behind ESP associations: what turns the octets of one ESP packet into ciphertext
 * and back, with keys but without sequence numbers, windows or padding, which are the
 * association's. Read {@link org.kagemusha.core.ipsec.engine.EspCipher} first. Imports nothing of
 * {@code ipsec}.
 */
package org.kagemusha.core.ipsec.engine;
