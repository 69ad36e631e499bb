/**
 * Control-plane messages as values: mobility messages (RFC 6275 §6.1), Neighbor Discovery (RFC 4861
 * §4) and ICMPv6 (RFC 4443), parsed from and written to octets. Stateless; nothing on the data path
 * comes here. Read RFC 6275 §6 first.
 */
package org.kagemusha.core.message;
