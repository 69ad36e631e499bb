/**
 * IPv6 in IPv6 tunnels (RFC 2473), the same for both roles: entry point, exit point, tunnel MTU and
 * the errors that come back from inside. Read RFC 2473 §3, §6, §7 and §8 first, then RFC 6040.
 */
package org.kagemusha.core.tunnel;
