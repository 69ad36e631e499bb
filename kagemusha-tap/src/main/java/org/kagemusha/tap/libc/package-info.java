/**
 * The functions of the C library that this project calls, with the constants they take and the
 * errors they give. Arguments are primitive and memory is passed by address, so a call leaves no
 * garbage. Read {@link org.kagemusha.tap.libc.Libc} first.
 */
package org.kagemusha.tap.libc;
