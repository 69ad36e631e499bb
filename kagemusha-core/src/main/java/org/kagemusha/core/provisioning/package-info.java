/**
 * How a mobile node gets fresh keys: the Home Agent Controller of RFC 6618 and its messages, who may
 * have which keys, and when they begin and end. Read RFC 6618 §4.3 and §5 first. TLS itself is the
 * edge's.
 */
package org.kagemusha.core.provisioning;
