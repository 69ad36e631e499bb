/**
 * The two daemons as a whole: what is opened at the start, joined to the engine, and taken away at
 * the end. Begin with {@link org.kagemusha.daemon.service.MobileNodeService}.
 */
package org.kagemusha.daemon.service;
