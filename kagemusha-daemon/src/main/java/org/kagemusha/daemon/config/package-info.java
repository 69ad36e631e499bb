/**
 * The configuration files: TOML in, checked records out. A file is checked as a whole, and every
 * mistake is told with file, line, key, what was found and what was expected. Begin with {@link
 * org.kagemusha.daemon.config.VmConfig} and {@link org.kagemusha.daemon.config.HomeAgentConfig}.
 */
package org.kagemusha.daemon.config;
