package org.kagemusha.core.tunnel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;

/** A tunnel on a bench: what goes out is kept, time stands still until told otherwise. */
final class Bench {

  static final Ipv6Address LOCAL = Ipv6Address.parse("2001:db8:3000::3");
  static final Ipv6Address REMOTE = Ipv6Address.parse("2001:db8:2000::1");
  static final Ipv6Address ROUTER = Ipv6Address.parse("2001:db8:3000::1");
  static final Ipv6Address ERROR_SOURCE = Ipv6Address.parse("2001:db8:2000::fe");
  static final long SECOND = 1_000_000_000L;

  final Counters counters = new Counters();
  final List<byte[]> sent = new ArrayList<>();
  final List<byte[]> errors = new ArrayList<>();
  final TunnelContext context;
  final Tunnel tunnel;
  int interfaceMtu = 65575;
  Underlay.Sent outcome = Underlay.Sent.OK;
  long now = 77 * SECOND;

  Bench(TunnelSettings settings) {
    context = new TunnelContext(settings, counters, ERROR_SOURCE, new SplittableRandom(1));
    tunnel = new Tunnel(context);
    tunnel.endpoints(LOCAL, REMOTE);
    tunnel.linkMtu(1500, now);
  }

  Bench() {
    this(TunnelSettings.defaults());
  }

  /** Settings that leave the inner packet as it is. */
  static TunnelSettings plain() {
    return new TunnelSettings(64, -1, false, false, true, false, 65535);
  }

  static TunnelSettings limit(int limit) {
    return new TunnelSettings(64, limit, true, true, true, false, 65535);
  }

  Bench send(byte[] inner) {
    tunnel.send(PacketBuffer.copyOf(inner), this::take, p -> errors.add(p.toBytes()), now);
    return this;
  }

  private Underlay.Sent take(PacketBuffer packet) {
    if (packet.length() > interfaceMtu) {
      return Underlay.Sent.TOO_BIG;
    }
    if (outcome == Underlay.Sent.OK) {
      sent.add(packet.toBytes());
    }
    return outcome;
  }

  /** What comes out of the tunnel for an outer packet without extension headers, or null. */
  byte[] receive(byte[] outer) {
    PacketBuffer buffer = PacketBuffer.copyOf(outer);
    lastDrop =
        tunnel.receive(buffer, buffer.offset() + 40, p -> errors.add(p.toBytes()), now);
    return lastDrop == null ? buffer.toBytes() : null;
  }

  DropReason lastDrop;

  DropReason icmpError(byte[] error) {
    return tunnel.onIcmpError(PacketBuffer.copyOf(error), p -> errors.add(p.toBytes()), now);
  }

  /** An ICMPv6 error of a router inside the tunnel about an outer packet. */
  DropReason icmpError(int type, int code, int value, byte[] quoted) {
    byte[] quote = Arrays.copyOf(quoted, Math.min(quoted.length, 1232));
    return icmpError(InnerPackets.icmpv6(ROUTER, LOCAL, type, code, value, quote));
  }

  DropReason packetTooBig(int mtu, byte[] quoted) {
    return icmpError(2, 0, mtu, quoted);
  }

  long drops() {
    return Arrays.stream(DropReason.values()).mapToLong(counters::drops).sum();
  }

  long count(Counter counter) {
    return counters.get(counter);
  }

  byte[] onlyError() {
    if (errors.size() != 1) {
      throw new AssertionError(errors.size() + " errors");
    }
    return errors.get(0);
  }
}
