/**
 * What QEMU says of its VM on the QEMU Machine Protocol. {@link
 * org.kagemusha.daemon.qmp.QmpSession} speaks the protocol and {@link
 * org.kagemusha.daemon.qmp.VmTracker} knows what the words mean; both are pure. {@link
 * org.kagemusha.daemon.qmp.QmpLink} is the edge: socket, time, repetition.
 *
 * <p>To read first: QEMU's docs/interop/qmp-spec, and the events RESUME, STOP, MIGRATION and
 * SHUTDOWN of its QMP reference.
 */
package org.kagemusha.daemon.qmp;
