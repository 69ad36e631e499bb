/**
 * One thread that moves all packets of a node: descriptors on a Netty event loop, one timer for the
 * engine's deadline. Begin with {@link org.kagemusha.daemon.loop.PacketLoop}.
 */
package org.kagemusha.daemon.loop;
