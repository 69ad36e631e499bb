"""A mobile node made of scapy: registers a care-of address by a protected Binding Update, pings the
correspondent through the reverse tunnel, replays its update, and deregisters. Arguments: interface,
care-of address. Tells what came back; judges nothing."""
import sys
import time

from peer import *  # noqa: F403
from scapy.all import AsyncSniffer, Raw, send

interface, care_of = sys.argv[1], sys.argv[2]
sequence = int(time.time() * 4) & 0xffff
outbound = association(TO_AGENT, int(time.time()) & 0xffffff)


def on_packet(packet):
    if IPv6 not in packet or packet[IPv6].dst != care_of or packet[IPv6].src != HOME_AGENT:
        return
    if packet.haslayer(ESP):
        answer = opened(FROM_AGENT, packet[IPv6])[MIP6MH_BA]
        routing = packet[IPv6ExtHdrRouting]
        tell(event="acknowledgement", status=answer.status, sequence=answer.seq,
             lifetime=answer.mhtime, type=routing.type, left=routing.segleft,
             hoa=routing.addresses[0], esp_sequence=packet[ESP].seq)
    elif packet[IPv6].nh == 41 and packet.haslayer(ICMPv6EchoReply):
        inner = packet[IPv6].payload
        tell(event="echo", source=inner.src, destination=inner.dst, hop_limit=inner.hlim)
    elif packet.haslayer(MIP6MH_BA):
        tell(event="clear-acknowledgement")


def update(number, lifetime):
    return (IPv6(src=care_of, dst=HOME_AGENT)
            / IPv6ExtHdrDestOpt(options=[HAO(hoa=HOME_ADDRESS)])
            / MIP6MH_BU(seq=number, flags="AH", mhtime=lifetime,
                        options=[MIP6OptAltCoA(acoa=care_of)]))


def sealed(packet):
    """ESP in transport mode behind the Home Address option (RFC 3776 section 3.1), where scapy by
    itself would put that option inside."""
    message = bytes(packet)[40 + len(packet[IPv6ExtHdrDestOpt]) - len(packet[MIP6MH_BU]):]
    bare = outbound.encrypt(IPv6(src=care_of, dst=HOME_AGENT, nh=135) / Raw(message))
    options = IPv6ExtHdrDestOpt(nh=50, options=packet[IPv6ExtHdrDestOpt].options)
    return IPv6(src=care_of, dst=HOME_AGENT) / options / bare[ESP]


def ping(source):
    return (IPv6(src=care_of, dst=HOME_AGENT) / IPv6(src=source, dst=CORRESPONDENT)
            / ICMPv6EchoRequest(id=9, seq=1, data=b"through the tunnel"))


sniffer = AsyncSniffer(iface=interface, prn=on_packet, store=False, filter="ip6",
                       started_callback=ready)
sniffer.start()
registered = sealed(update(sequence, 15))
steps = {
    "register": lambda: send(registered, verbose=False),
    "ping": lambda: send(ping(HOME_ADDRESS), verbose=False),
    "spoof": lambda: send(ping("2001:db8:2000::99"), verbose=False),
    "replay": lambda: send(registered, verbose=False),
    "clear": lambda: send(update(sequence + 5, 15), verbose=False),
    "old": lambda: send(sealed(update(sequence, 15)), verbose=False),
    "deregister": lambda: send(sealed(update(sequence + 9, 0)), verbose=False),
}
for line in sys.stdin:
    word = line.strip()
    if word == "end":
        break
    steps[word]()
    tell(event="sent", step=word)
sniffer.stop()
