/**
 * A real virtual machine for the demonstration and the tests: QEMU in software emulation, with
 * Debian's own kernel and a root file system in memory that is made on the spot, and an operator's
 * connection to its monitor.
 */
package org.kagemusha.daemon.qemu;
