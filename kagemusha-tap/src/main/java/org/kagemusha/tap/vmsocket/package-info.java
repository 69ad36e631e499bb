/**
 * Sockets by which a VMM hands over the frames of its guest without a tap: QEMU's {@code -netdev
 * stream} and {@code -netdev dgram} with Unix addresses, of which this is the other end. Begin with
 * {@link org.kagemusha.tap.vmsocket.VmSocketSettings#open}.
 */
package org.kagemusha.tap.vmsocket;
