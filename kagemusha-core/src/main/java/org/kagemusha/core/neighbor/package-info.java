/**
 * Neighbor Discovery (RFC 4861, RFC 4862) for a guest that was moved and for a home agent that
 * stands in for one. Read RFC 4861 §7.1.1, §7.2.4 and RFC 4862 §5.4 first.
 */
package org.kagemusha.core.neighbor;
