/**
 * What an engineer sees of a running daemon: log lines, the service manager's notifications,
 * status reports, captures and the metrics page.
 */
package org.kagemusha.daemon.observe;
