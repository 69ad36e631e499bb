/**
 * What two hosts need to hand over a VM's packets (RFC 5568, between care-of addresses): the key
 * that the home agent gave them, and the memory in which packets wait.
 */
package org.kagemusha.core.handover;
