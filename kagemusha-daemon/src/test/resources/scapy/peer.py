"""What the two scapy peers share: the test's associations and a line of JSON for each observation."""
import json
import logging
import sys

logging.getLogger("scapy").setLevel(logging.ERROR)
logging.getLogger("scapy.runtime").setLevel(logging.ERROR)

from scapy.all import conf  # noqa: E402
from scapy.layers.inet6 import (  # noqa: E402
    HAO, ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrRouting,
    MIP6MH_BA, MIP6MH_BU, MIP6OptAltCoA)
from scapy.layers.ipsec import ESP, SecurityAssociation  # noqa: E402

HOME_AGENT = "2001:db8:2000::1"
HOME_ADDRESS = "2001:db8:2000::10"
CORRESPONDENT = "2001:db8:2000::2"

TO_AGENT = dict(
    spi=0x3e8,
    crypt_algo="AES-CBC", crypt_key=bytes.fromhex("101112131415161718191a1b1c1d1e1f"),
    auth_algo="HMAC-SHA1-96", auth_key=bytes.fromhex("000102030405060708090a0b0c0d0e0f10111213"))
FROM_AGENT = dict(
    spi=0x3e9,
    crypt_algo="AES-CBC", crypt_key=bytes.fromhex("303132333435363738393a3b3c3d3e3f"),
    auth_algo="HMAC-SHA1-96", auth_key=bytes.fromhex("202122232425262728292a2b2c2d2e2f30313233"))


def association(parameters, sequence=1):
    return SecurityAssociation(ESP, seq_num=sequence, **parameters)


def opened(parameters, packet):
    """What was inside ESP in transport mode. Without the extension headers in front, by which scapy
    would guess what the payload is."""
    bare = IPv6(src=packet.src, dst=packet.dst, nh=50) / packet[ESP].copy()
    return IPv6(bytes(association(parameters).decrypt(bare)))


def tell(**what):
    # In one piece: two threads tell, and print() writes the end of a line by itself.
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def ready():
    tell(event="ready", scapy=conf.version)


def fail(why):
    tell(event="failed", why=why)
    sys.exit(1)
