package org.kagemusha.core.tunnel;

import java.nio.ByteBuffer;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * Sends an outer packet as fragments, RFC 8200 §4.5; everything behind its IPv6 header is the
 * fragmentable part, ESP included (RFC 4303 §3.3.4: ESP first, then fragments). Only inner packets
 * of at most 1280 octets travel so (RFC 2473 §7.1), so the scratch memory is small. Allocates
 * nothing.
 */
final class OuterFragments {

  private static final int HEADER = 8;
  private static final int MORE = 1;
  private static final int SCRATCH = 2048;

  private final FragmentIdentifications identifications;
  private final PacketBuffer whole = PacketBuffer.allocate(SCRATCH);
  private final PacketBuffer fragment = PacketBuffer.allocate(SCRATCH);

  OuterFragments(FragmentIdentifications identifications) {
    this.identifications = identifications;
  }

  /**
   * Sends the fragments in order, and stops at the first that does not go out.
   *
   * @param outer the packet; it may lie where the underlay has a place for the next one ({@link
   *     Underlay#slot}), which the first fragment takes
   * @param mtu the most octets of a fragment, at least 1280
   * @return what became of the last fragment that was tried
   */
  Underlay.Sent send(PacketBuffer outer, int mtu, Underlay underlay, Counters counters) {
    // "Each fragment, except possibly the last, is an integer multiple of 8 octets long."
    int room = Math.min(mtu, SCRATCH) - Ipv6Header.BYTES - HEADER & ~7;
    whole.copyFrom(outer);
    int payload = whole.length() - Ipv6Header.BYTES;
    int identification = identifications.next();
    int sent = 0;
    while (sent < payload) {
      int size = Math.min(room, payload - sent);
      int more = sent + size < payload ? MORE : 0;
      write(sent, size, sent | more, identification);
      Underlay.Sent result = underlay.send(fragment);
      if (result != Underlay.Sent.OK) {
        return result;
      }
      counters.add(Counter.TUNNEL_FRAGMENTS_SENT);
      sent += size;
    }
    return Underlay.Sent.OK;
  }

  private void write(int from, int size, int offsetAndMore, int id) {
    ByteBuffer source = whole.bytes();
    int header = whole.offset();
    fragment.finished().set(PacketBuffer.HEADROOM, Ipv6Header.BYTES + HEADER + size);
    ByteBuffer bytes = fragment.bytes();
    int at = fragment.offset();
    bytes.put(at, source, header, Ipv6Header.BYTES);
    bytes.putShort(at + Ipv6Header.PAYLOAD_LENGTH, (short) (HEADER + size));
    bytes.put(at + Ipv6Header.NEXT_HEADER, (byte) Protocol.FRAGMENT);
    int extension = at + Ipv6Header.BYTES;
    bytes.putShort(extension, (short) (Ipv6Header.nextHeader(source, header) << 8));
    bytes.putShort(extension + 2, (short) offsetAndMore);
    bytes.putInt(extension + 4, id);
    bytes.put(extension + HEADER, source, header + Ipv6Header.BYTES + from, size);
  }
}
