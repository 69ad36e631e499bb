"""A home agent made of scapy: takes one protected Binding Update, acknowledges it, and exchanges a
tunnelled echo with the home address. Arguments: interface, care-of address expected or "any"."""
import sys

from peer import *  # noqa: F403
from scapy.all import AsyncSniffer, send

interface, expected = sys.argv[1], sys.argv[2]
outbound = association(FROM_AGENT, 1000)
seen = {"updates": 0}


def on_packet(packet):
    if IPv6 not in packet or packet[IPv6].dst != HOME_AGENT:
        return
    if packet.haslayer(HAO) and packet.haslayer(ESP):
        on_update(packet)
    elif packet[IPv6].nh == 41:
        inner = packet[IPv6].payload
        if inner.haslayer(ICMPv6EchoReply) and inner.src == HOME_ADDRESS:
            tell(event="echo", outer=packet[IPv6].src, hop_limit=inner.hlim)
    elif packet.haslayer(MIP6MH_BU):
        tell(event="clear-update")


def on_update(packet):
    care_of = packet[IPv6].src
    if expected != "any" and care_of != expected:
        fail("care-of address is " + care_of)
    # The association is between the home address and the home agent: RFC 3776 section 3.1.
    update = opened(TO_AGENT, packet[IPv6])[MIP6MH_BU]
    alternate = [o.acoa for o in update.options if isinstance(o, MIP6OptAltCoA)]
    seen["updates"] += 1
    tell(event="update", care_of=care_of, hoa=packet[HAO].hoa, alternate=alternate,
         sequence=update.seq, lifetime=update.mhtime, flags=str(update.flags),
         esp_sequence=packet[ESP].seq)
    answer = (IPv6(src=HOME_AGENT, dst=care_of)
              / IPv6ExtHdrRouting(type=2, segleft=1, addresses=[HOME_ADDRESS])
              / MIP6MH_BA(status=0, seq=update.seq, mhtime=update.mhtime))
    send(outbound.encrypt(answer), verbose=False)
    if seen["updates"] == 1:
        echo = (IPv6(src=HOME_AGENT, dst=care_of)
                / IPv6(src=CORRESPONDENT, dst=HOME_ADDRESS, hlim=63)
                / ICMPv6EchoRequest(id=7, seq=1, data=b"from a stranger"))
        send(echo, verbose=False)


sniffer = AsyncSniffer(iface=interface, prn=on_packet, store=False, filter="ip6",
                       started_callback=ready)
sniffer.start()
sys.stdin.readline()
sniffer.stop()
