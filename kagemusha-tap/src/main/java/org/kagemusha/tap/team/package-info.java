/** Threads that share the work of ciphers with the thread of the packets. */
package org.kagemusha.tap.team;
