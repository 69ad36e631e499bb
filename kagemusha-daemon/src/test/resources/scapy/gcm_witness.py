"""Opens every ESP packet of a capture with the keys that a daemon told for Wireshark, and seals
packets with them: AES-GCM (RFC 4106) with extended sequence numbers (RFC 4303), by scapy.

Arguments: "open", capture, key table; or "seal", key table, source, destination, SPI, sequence
number, UDP port or 0, and a whole inner IPv6 packet as Python text for scapy, sent by the kernel's
routes. Tells a line of JSON for each packet; judges nothing."""
import csv
import sys

from peer import *  # noqa: F403
from scapy.all import Raw, UDP, rdpcap, send

ESP_NUMBER, PORT, KEEPALIVE = 50, 4500, b"\xff"
MODES = {"AES-GCM with 16 octet ICV [RFC4106]": "AES-GCM"}


def table(file):
    """SPI and far end of each direction: what scapy needs to know of its association."""
    with open(file) as lines:
        rows = [row for row in csv.reader(lines) if row and not row[0].startswith("#")]
    return [
        dict(source=row[1], destination=row[2], spi=int(row[3], 16),
             parameters=dict(spi=int(row[3], 16), crypt_algo=MODES[row[4]],
                             crypt_key=bytes.fromhex(row[5][2:])))
        for row in rows]


def find(keys, source, destination, spi):
    for row in keys:
        if row["spi"] == spi and row["source"] in ("*", source) \
                and row["destination"] in ("*", destination):
            return row["parameters"]
    return None


def esp_of(packet):
    """ESP, the Next Headers before it, and the UDP ports, of a packet natively or in UDP."""
    before, layer = [], packet
    while layer:
        number = layer.nh if hasattr(layer, "nh") else None
        if isinstance(layer, UDP):
            data = bytes(layer.payload)
            ours = PORT in (layer.sport, layer.dport) and len(data) > len(KEEPALIVE)
            return (data, before, True) if ours else None
        if number is None:
            return None
        before.append(number)
        layer = layer.payload
        if number == ESP_NUMBER:
            return bytes(layer), before, False
    return None


def opened_by(parameters, source, destination, data):
    bare = IPv6(src=source, dst=destination, nh=ESP_NUMBER, plen=len(data)) / Raw(data)
    clear = association(parameters).decrypt(IPv6(bytes(bare)), esn_en=True, esn=0)
    return clear.nh, bytes(clear.payload)


def describe(number, octets):
    """The layers inside, from the first Next Header on."""
    inside = IPv6(bytes(IPv6(nh=number, plen=len(octets)) / Raw(octets)))
    said = dict(next_header=number)
    if number == 41:
        said.update(source=inside.payload.src, destination=inside.payload.dst,
                    length=inside.payload.plen + 40, octets=len(octets))
    if inside.haslayer(HAO):
        said.update(hoa=inside[HAO].hoa)
    if inside.haslayer(IPv6ExtHdrRouting):
        routing = inside[IPv6ExtHdrRouting]
        said.update(routing=routing.type, hoa=routing.addresses[0])
    if inside.haslayer(MIP6MH_BU):
        said.update(message="update", number=inside[MIP6MH_BU].seq,
                    care_of=[o.acoa for o in inside[MIP6MH_BU].options
                             if isinstance(o, MIP6OptAltCoA)])
    if inside.haslayer(MIP6MH_BA):
        said.update(message="acknowledgement", number=inside[MIP6MH_BA].seq,
                    status=inside[MIP6MH_BA].status)
    return said


def open_all(capture, key_table):
    keys = table(key_table)
    for packet in rdpcap(capture):
        if IPv6 not in packet:
            continue
        found = esp_of(packet[IPv6])
        if not found:
            continue
        outer, (data, before, in_udp) = packet[IPv6], found
        spi, sequence = int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big")
        said = dict(event="esp", source_outer=outer.src, destination_outer=outer.dst, spi=spi,
                    sequence=sequence, udp=in_udp, headers=before)
        if outer.haslayer(HAO) and not in_udp:
            said.update(hoa_outside=outer[HAO].hoa)
        if outer.haslayer(IPv6ExtHdrRouting) and not in_udp:
            said.update(hoa_outside=outer[IPv6ExtHdrRouting].addresses[0])
        parameters = find(keys, outer.src, outer.dst, spi)
        if not parameters:
            tell(**said, failed="no key")
            continue
        try:
            said.update(describe(*opened_by(parameters, outer.src, outer.dst, data)))
        except Exception as error:  # the test shows it
            said.update(failed="%s %s" % (type(error).__name__, error))
        tell(**said)
    tell(event="end")


def seal(key_table, source, destination, spi, sequence, port, inner):
    parameters = find(table(key_table), source, destination, int(spi))
    if not parameters:
        fail("no key")
    number = int(sequence)
    tunnel = SecurityAssociation(
        ESP, seq_num=number, tunnel_header=IPv6(src=source, dst=destination), **parameters)
    clear = IPv6(bytes(eval(inner)))  # the test's own text
    sealed = tunnel.encrypt(clear, seq_num=number, iv=number.to_bytes(8, "big"), esn_en=True, esn=0)
    packet = IPv6(src=source, dst=destination)
    if port != "0":
        packet = packet / UDP(sport=int(port), dport=PORT) / Raw(bytes(sealed[ESP]))
    else:
        packet = packet / Raw(bytes(sealed[ESP]))
        packet.nh = ESP_NUMBER
    send(packet, verbose=False)
    tell(event="sent", sequence=number)


ready()
{"open": open_all, "seal": seal}[sys.argv[1]](*sys.argv[2:])
