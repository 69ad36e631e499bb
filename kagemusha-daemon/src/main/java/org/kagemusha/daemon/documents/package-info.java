/**
 * Manual pages and shell completion, made when a package is: from the commands themselves, and from
 * the tables of {@code MANUAL.md}, which a test holds to the program.
 */
package org.kagemusha.daemon.documents;
