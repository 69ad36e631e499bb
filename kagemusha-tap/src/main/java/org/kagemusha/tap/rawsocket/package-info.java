/**
 * The routed side: raw IPv6 sockets that receive what the kernel has reassembled and send whole
 * packets, a UDP socket for ESP in UDP (RFC 3948), a packet socket that sends straight to next hops
 * that are known, and one that watches the bridge while the guest comes home. Read ipv6(7), raw(7),
 * udp(7), packet(7) and RFC 3542 §6 first.
 */
package org.kagemusha.tap.rawsocket;
