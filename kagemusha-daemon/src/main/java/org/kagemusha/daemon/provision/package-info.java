/** The Home Agent Controller and its clients on TLS connections, RFC 6618 §5. */
package org.kagemusha.daemon.provision;
