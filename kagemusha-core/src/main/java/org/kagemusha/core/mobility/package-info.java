/**
 * The mobile node beside a VM (RFC 6275 §11): where the guest is, its binding at the home agent,
 * and the way of its packets. Read RFC 6275 §11.7.1, §11.7.3 and §11.8 first.
 */
package org.kagemusha.core.mobility;
