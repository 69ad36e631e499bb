/**
 * Whole packets that carry a Mobility Header, as both roles send and receive them: the Home Address
 * option (RFC 6275 §6.3) and the type 2 routing header (§6.4) outside, ESP in transport mode (RFC
 * 3776 §3.1) around the message; or ESP in UDP (RFC 3948) around all of these, as RFC 6618 §6.3 has
 * it.
 */
package org.kagemusha.core.signalling;
