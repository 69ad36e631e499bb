package org.kagemusha.tap.netlink;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netns.NetworkNamespace;

@Tag("netns")
class NetlinkMonitorTest {

  private static final String MAC = "52:54:00:12:34:10";

  private final List<Neighbour> neighbours = new ArrayList<>();
  private final NetlinkMonitor.Listener listener =
      new NetlinkMonitor.Listener() {
        @Override
        public void onNeighbour(Neighbour neighbour) {
          neighbours.add(neighbour);
        }
      };
  private NetworkNamespace host;
  private NetlinkMonitor monitor;

  @BeforeEach
  void build() throws Exception {
    host = NetworkNamespace.create();
    host.ip("link add br0 type bridge");
    host.ip("link add port0 type veth peer name port1");
    host.ip("link set port0 master br0");
    for (String device : List.of("br0", "port0", "port1")) {
      host.ip("link set " + device + " addrgenmode none up");
    }
    monitor = host.run(() -> NetlinkMonitor.open(true));
    while (monitor.drain(listener) > 0) {
      continue;
    }
  }

  @AfterEach
  void remove() {
    monitor.close();
    host.close();
  }

  @Test
  void nobodyIsWokenForNeighboursOfOtherProtocolsAndForWhatBridgesLearn() throws Exception {
    host.ip("neighbour add 192.0.2.1 lladdr " + MAC + " dev port1");
    host.exec("bridge", "fdb", "add", MAC, "dev", "port0", "master");
    host.ip("neighbour del 192.0.2.1 dev port1");
    assertEquals(0, monitor.drain(listener));
  }

  @Test
  void neighboursOfIpv6AndLinksComeThroughTheFilter() throws KernelException {
    host.ip("neighbour add 2001:db8::1 lladdr " + MAC + " dev port1");
    host.ip("neighbour del 2001:db8::1 dev port1");
    monitor.drain(listener);
    assertEquals(
        List.of(MacAddress.parse(MAC)),
        neighbours.stream().flatMap(neighbour -> neighbour.mac().stream()).toList());
    assertEquals(Ipv6Address.parse("2001:db8::1"), neighbours.get(neighbours.size() - 1).address());
    List<Link> links = new ArrayList<>();
    host.ip("link add dummy7 type bridge");
    monitor.drain(
        new NetlinkMonitor.Listener() {
          @Override
          public void onLink(Link link) {
            links.add(link);
          }
        });
    assertEquals("dummy7", links.get(0).name());
  }
}
