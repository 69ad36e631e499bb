/**
 * The Home Agent Controller and its clients on TLS connections, RFC 6618 §5. Each has a thread of
 * its own: public-key operations never hold up packets.
 */
package org.kagemusha.daemon.provision;
