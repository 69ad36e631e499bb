package org.kagemusha.daemon.provision;

import com.google.common.net.HostAndPort;
import com.google.common.net.InetAddresses;
import java.net.InetSocketAddress;

/** Addresses in log lines. */
final class Endpoints {

  private Endpoints() {}

  /** {@code [2001:db8::1]:7872}. */
  static String words(InetSocketAddress address) {
    return address == null || address.getAddress() == null
        ? "unknown"
        : HostAndPort.fromParts(
                InetAddresses.toAddrString(address.getAddress()), address.getPort())
            .toString();
  }
}
