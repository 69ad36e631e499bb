/**
 * DHCPv6 (RFC 8415) as far as a guest needs it that was moved in mid-life: the leases that it has
 * are confirmed, renewed and rebound as they are. Read RFC 8415 §16 and §18.3 first.
 */
package org.kagemusha.core.dhcp;
