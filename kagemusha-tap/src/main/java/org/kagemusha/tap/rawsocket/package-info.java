/**
 * The routed side: raw IPv6 sockets that receive what the kernel has reassembled and send whole
 * packets, and a packet socket that watches the bridge while the guest comes home. Read ipv6(7),
 * raw(7) and RFC 3542 §6 first.
 */
package org.kagemusha.tap.rawsocket;
