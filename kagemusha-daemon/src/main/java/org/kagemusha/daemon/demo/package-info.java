/**
 * The demonstration and the tests' laboratory: a home link, a foreign network, two hypervisors, a
 * home agent and a guest in network namespaces of one machine, with sessions that are measured
 * while the guest moves.
 */
package org.kagemusha.daemon.demo;
