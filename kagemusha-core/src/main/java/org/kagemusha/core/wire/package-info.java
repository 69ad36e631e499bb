/**
 * Views over octets in network order: addresses, headers, checksums, and the buffer in which a
 * packet travels. Nothing here judges a packet, keeps state or allocates on the data path. Read
 * RFC 8200 §3 and §8.1 first.
 */
package org.kagemusha.core.wire;
