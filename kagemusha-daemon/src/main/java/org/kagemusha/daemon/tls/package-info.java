/** Certificates, keys, revocation and TLS contexts; the trial's own authority. */
package org.kagemusha.daemon.tls;
