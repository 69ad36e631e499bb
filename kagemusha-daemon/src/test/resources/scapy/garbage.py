"""Packets that nobody should believe, each from a source of its own, so that what answers it can be
counted. Arguments: "packets" DESTINATION PEER TAG, where PEER is whose packets the destination
believes and TAG is the third group of the sources; or "frames" INTERFACE GUEST-MAC. Prints how many
were sent. The same seed gives the same packets."""
import random
import socket
import sys

from scapy.all import Ether, Raw
from scapy.layers.inet6 import (
    HAO, ICMPv6DestUnreach, ICMPv6EchoRequest, ICMPv6MLQuery, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA,
    ICMPv6ND_RS, ICMPv6ND_Redirect, ICMPv6NDOptPrefixInfo, ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig,
    ICMPv6ParamProblem, ICMPv6TimeExceeded, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
    IPv6ExtHdrRouting, MIP6MH_BA, MIP6MH_BE, MIP6MH_BRR, MIP6MH_BU, MIP6MH_CoT, MIP6MH_HoTI,
    MIP6OptAltCoA, PadN)

HOME_ADDRESS = "2001:db8:2000::10"
CORRESPONDENT = "2001:db8:2000::2"
chance = random.Random(6275)


def octets(n):
    return bytes(chance.getrandbits(8) for _ in range(n))


def samples(source, destination, peer):
    """Well-formed packets of every protocol that is taken from the routed network."""
    outer = IPv6(src=source, dst=destination)
    inner = IPv6(src=CORRESPONDENT, dst=HOME_ADDRESS) / ICMPv6EchoRequest(data=octets(40))
    update = MIP6MH_BU(seq=1, flags="AH", mhtime=15, options=[MIP6OptAltCoA(acoa=source)])
    quoted = bytes(IPv6(src=destination, dst=peer) / inner)
    return [
        outer / inner,
        outer / IPv6(src=HOME_ADDRESS, dst=CORRESPONDENT) / Raw(octets(600)),
        outer / outer / inner,
        outer / IPv6ExtHdrDestOpt(options=[PadN(optdata=octets(2))]) / inner,
        outer / IPv6ExtHdrDestOpt(options=[HAO(hoa=HOME_ADDRESS)]) / update,
        outer / IPv6ExtHdrDestOpt(options=[HAO(hoa=HOME_ADDRESS), HAO(hoa=CORRESPONDENT)]) / update,
        outer / IPv6ExtHdrDestOpt(options=[HAO(hoa=HOME_ADDRESS)], nh=50) / Raw(octets(80)),
        outer / IPv6ExtHdrDestOpt(options=[HAO(hoa=HOME_ADDRESS)]) / inner,
        outer / update,
        outer / MIP6MH_BA(seq=1, mhtime=15),
        outer / MIP6MH_BE(ha=HOME_ADDRESS),
        outer / MIP6MH_BRR(),
        outer / MIP6MH_HoTI(cookie=octets(8)),
        outer / MIP6MH_CoT(cookie=octets(8), token=octets(8)),
        IPv6(src=source, dst=destination, nh=135) / Raw(bytes([59, 1, 99, 0]) + octets(12)),
        outer / IPv6ExtHdrRouting(type=2, segleft=1, addresses=[HOME_ADDRESS]) / MIP6MH_BA(seq=1),
        outer / IPv6ExtHdrRouting(type=2, segleft=2, addresses=[HOME_ADDRESS] * 2) / inner,
        outer / IPv6ExtHdrRouting(type=0, segleft=1, addresses=[HOME_ADDRESS]) / inner,
        outer / IPv6ExtHdrRouting(type=4, segleft=9, addresses=[HOME_ADDRESS]) / inner,
        IPv6(src=source, dst=destination, nh=50) / Raw(octets(100)),
        IPv6(src=source, dst=destination, nh=50) / Raw((2000).to_bytes(4, "big") + octets(96)),
        IPv6(src=source, dst=destination, nh=50) / Raw((1001).to_bytes(4, "big") + octets(4)),
        outer / ICMPv6PacketTooBig(mtu=68) / Raw(quoted),
        outer / ICMPv6PacketTooBig(mtu=0xffffffff) / Raw(quoted),
        outer / ICMPv6PacketTooBig(mtu=1280) / Raw(octets(60)),
        outer / ICMPv6DestUnreach(code=3) / Raw(quoted),
        outer / ICMPv6TimeExceeded() / Raw(quoted[:50]),
        outer / ICMPv6ParamProblem(code=1, ptr=40) / Raw(quoted),
    ]


def damaged(packet):
    """One of the ways in which a packet goes wrong; its Payload Length stays what the link carries."""
    kind = chance.randrange(5)
    if kind == 0:
        packet = packet[:40 + chance.randrange(max(1, len(packet) - 40))]
    elif kind == 1:
        at = 40 + chance.randrange(max(1, len(packet) - 40))
        packet = packet[:at] + octets(1) + packet[at + 1:]
    elif kind == 2:
        at = 41 if len(packet) > 42 else 40
        packet = packet[:at] + bytes([chance.choice([0, 1, 7, 255])]) + packet[at + 1:]
    elif kind == 3:
        packet = packet + octets(chance.randrange(1, 64))
    else:
        cut = packet[40:]
        packet = packet[:40] + cut[:8] + octets(max(0, len(cut) - 8))
    packet = packet[:1400]
    return packet[:4] + (len(packet) - 40).to_bytes(2, "big") + packet[6:]


def pieces(packet):
    """Fragments: whole ones, one without its end, overlapping ones, a single one that is all."""
    header, body = bytearray(packet[:40]), packet[40:]
    next_header, header[6] = header[6], 44
    identification = chance.getrandbits(32)

    def fragment(at, data, more):
        extension = bytes([next_header, 0]) + (at | more).to_bytes(2, "big") \
            + identification.to_bytes(4, "big")
        whole = header + extension + data
        whole[4:6] = (len(whole) - 40).to_bytes(2, "big")
        return bytes(whole)

    kind = chance.randrange(4)
    half = max(8, len(body) // 16 * 8)
    if kind == 0:
        return [fragment(0, body[:half], 1), fragment(half, body[half:], 0)]
    if kind == 1:
        return [fragment(0, body[:half], 1)]
    if kind == 2:
        return [fragment(0, body[:half], 1), fragment(half - 8, body[half - 8:], 0)]
    return [fragment(0, body, 0)]


def packets(destination, peer, tag):
    # IPPROTO_RAW: the header is ours, Payload Length and Next Header are not looked at.
    out = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
    number = 0
    for attempt in range(8):
        for index in range(28):
            number += 1
            # Every fourth pretends to come from the only peer that is believed.
            spoofed = number % 4 == 0
            source = peer if spoofed else "2001:db8:bad:%s::%x" % (tag, number)
            whole = bytes(samples(source, destination, peer)[index])
            if attempt == 0:
                sent = [whole]
            elif attempt < 3:
                sent = pieces(whole)
            else:
                sent = [damaged(whole)]
            for one in sent:
                out.sendto(one, (destination, 0))
    return number


def frames(interface, guest):
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind((interface, 0))
    number = 0
    link_local = "fe80::5054:ff:fe12:3410"
    for attempt in range(8):
        for station in (guest, "52:54:00:66:66:66"):
            source = link_local if station == guest else "fe80::6666"
            link = IPv6(src=source, dst="ff02::1", hlim=255)
            whole = [
                link / ICMPv6ND_RA() / ICMPv6NDOptPrefixInfo(prefix="2001:db8:bad::", prefixlen=64),
                link / ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr=station),
                link / ICMPv6ND_NS(tgt="2001:db8:2000::1") / ICMPv6NDOptSrcLLAddr(lladdr=station),
                link / ICMPv6ND_NA(tgt="2001:db8:2000::1"),
                link / ICMPv6ND_Redirect(tgt="fe80::1", dst=CORRESPONDENT),
                link / ICMPv6MLQuery(),
                IPv6(src="2001:db8:bad::1", dst=CORRESPONDENT) / ICMPv6EchoRequest(data=octets(30)),
            ]
            for packet in whole:
                number += 1
                octet = bytes(packet)
                if attempt < 6:
                    octet = damaged(octet)
                elif attempt == 6:
                    # Neighbor Discovery from beyond the link: no router has left its hop limit.
                    octet = octet[:7] + bytes([254]) + octet[8:]
                else:
                    octet = octet[:chance.randrange(len(octet))]
                kind = chance.choice([0x86dd] * 8 + [0x0800, 0x0806, 0x8100, 0x1234])
                out.send(bytes(Ether(src=station, dst="33:33:00:00:00:01", type=kind) / Raw(octet)))
    return number


print(packets(*sys.argv[2:5]) if sys.argv[1] == "packets" else frames(*sys.argv[2:4]))
