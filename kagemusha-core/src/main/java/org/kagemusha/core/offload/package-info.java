/**
 * What a network card would do for its system, done in software: checksums that were left to it,
 * segmentation of super-packets (up to 64 KiB of one flow under one header), and its reverse. Pure,
 * and without allocation per packet. RFC 9293 §3.1 (TCP's checksum), RFC 8200 §8.1, RFC 3168 §6.1.2
 * (CWR in a segmented packet); the layout of the header that a tap device prepends is that of
 * virtio 1.2 §5.1.6.
 */
package org.kagemusha.core.offload;
