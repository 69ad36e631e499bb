/**
 * The throughput laboratory: Kagemusha beside the kernel's own tunnel and its peers in user space,
 * in one run and on the same virtual wires. {@code ./kagemusha lab} runs it.
 */
package org.kagemusha.daemon.lab;
