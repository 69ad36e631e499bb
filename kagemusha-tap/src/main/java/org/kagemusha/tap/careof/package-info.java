/** The choice of the care-of address among an interface's addresses. Read RFC 7217 §5 first. */
package org.kagemusha.tap.careof;
