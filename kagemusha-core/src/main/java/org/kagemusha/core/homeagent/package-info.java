/**
 * The home agent (RFC 6275 §10): binding cache, proxy neighbour discovery and tunnels to where the
 * home addresses are. Read RFC 6275 §10.3 and §10.4 first.
 */
package org.kagemusha.core.homeagent;
