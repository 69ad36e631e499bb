/** The command line: one class for each subcommand that does more than ask a running daemon. */
package org.kagemusha.daemon.cli;
