/**
 * What both roles share: the shape of an engine, the two sides it talks to, and the reasons for
 * which it drops a packet. An engine is pure: octets and a monotonic time in, octets and the next
 * deadline out.
 */
package org.kagemusha.core.node;
