"""The peer of UnderlaySocketTest, made with scapy.

Sends what its first argument names and prints one line "sent HEX" for each packet (from the IPv6
header on), one line "error TYPE CODE QUOTED-NEXT-HEADER" for each ICMPv6 error that came back, and
ends when the host has answered an Echo Request that followed everything.
"""
import logging
import sys

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.all import *  # noqa: E402

ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", type=0x86DD)
HOST, PEER, GUEST = "2001:db8:3000::2", "2001:db8:3000::1", "2001:db8:2000::10"
MOBILITY = bytes.fromhex("3b0105000000" + "0001" + "c0000001" + "01020000")
# The kernel verifies the checksum of what it gives to a raw socket of protocol 135.
MOBILITY = MOBILITY[:4] + in6_chksum(
    135, IPv6(src=PEER, dst=HOST), MOBILITY).to_bytes(2, "big") + MOBILITY[6:]


def outer(next_header, payload):
    """An IPv6 packet of raw octets, with a traffic class and a hop limit to recognise."""
    header = IPv6(src=PEER, dst=HOST, tc=0xB9, hlim=61, nh=next_header, plen=len(payload))
    return header / Raw(payload)


def inner(payload=b"hello"):
    return raw(IPv6(src="2001:db8:2000::2", dst=GUEST) / UDP(dport=7) / payload)


def home_address(next_header, rest):
    option = bytes.fromhex("0102 0000".replace(" ", "")) + b"\xc9\x10" + inet_pton(
        socket.AF_INET6, GUEST)
    return bytes([next_header, 2]) + option + rest


def routing(next_header, kind, left, rest):
    return bytes([next_header, 2, kind, left]) + bytes(4) + inet_pton(socket.AF_INET6, GUEST) + rest


def ours():
    quoted = raw(IPv6(src=HOST, dst="2001:db8:9::9", nh=41) / Raw(bytes(64)))
    too_big = raw(IPv6(src=PEER, dst=HOST, tc=0xB9, hlim=61)
                  / ICMPv6PacketTooBig(mtu=1400) / Raw(quoted))
    return [
        outer(41, inner()),
        outer(50, raw(ESP(spi=0x1000, seq=7, data=bytes(40)))),
        outer(60, home_address(135, MOBILITY)),
        outer(43, routing(135, 2, 1, MOBILITY)),
        outer(135, MOBILITY),
        IPv6(too_big),
    ]


def others():
    padding = bytes([41, 0, 1, 4, 0, 0, 0, 0])
    encapsulation_limit = bytes([41, 0, 4, 1, 3, 1, 1, 0])
    return [
        outer(60, padding + inner(b"padded")),
        outer(60, encapsulation_limit + inner(b"limited")),
        IPv6(src=PEER, dst=HOST) / ICMPv6EchoReply(),
        IPv6(src=PEER, dst=HOST) / ICMPv6MRD_Solicitation(),
        outer(135, MOBILITY[:4] + bytes(2) + MOBILITY[6:]),
        outer(43, routing(135, 2, 0, MOBILITY)),
    ]


def fragments():
    whole = outer(41, inner(bytes(range(256)) * 8))
    print("sent " + raw(whole).hex())
    payload, pieces = raw(whole)[40:], []
    for at in range(0, len(payload), 1000):
        more = at + 1000 < len(payload)
        header = bytes([41, 0]) + (at | int(more)).to_bytes(2, "big") + (77).to_bytes(4, "big")
        pieces.append(outer(44, header + payload[at:at + 1000]))
    return list(reversed(pieces))


def ecn():
    return [IPv6(src=PEER, dst=HOST, tc=tc, hlim=9) / Raw(inner()) for tc in (0, 1, 2, 3, 255)]


sniffer = AsyncSniffer(iface="veth0", store=True)
sniffer.start()
while not hasattr(sniffer, "stop_cb"):
    pass
for packet in globals()[sys.argv[1]]():
    if sys.argv[1] != "fragments":
        packet.nh = packet.nh if packet.nh != 59 else 41
        print("sent " + raw(packet).hex())
    sendp(ETHER / packet, iface="veth0", verbose=0)
if srp1(ETHER / IPv6(src=PEER, dst=HOST) / ICMPv6EchoRequest(id=99), iface="veth0", verbose=0,
        timeout=10) is None:
    sys.exit("the host did not answer")
for seen in sniffer.stop():
    octets = raw(seen)
    if seen[Ether].src == "02:00:00:00:00:02" and octets[20] == 58 and octets[54] < 128:
        print("error", octets[54], octets[55], octets[54 + 8 + 6])
