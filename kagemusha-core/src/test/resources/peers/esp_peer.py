"""An independent peer for ESP: scapy seals and opens, one request per line.

A request is a list of words:
  seal|open transport|tunnel CIPHER KEY MAC MAC_KEY SPI SEQUENCE ESN OCTETS
Keys and octets are hexadecimal, "-" where empty. To seal, OCTETS are a whole IPv6 packet and the
answer is the ESP packet; to open, OCTETS are the ESP packet and the answer is Next Header and
payload.
"""
import hashlib
import hmac
import logging
import struct
import sys

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.ipsec import ESP, SecurityAssociation  # noqa: E402
from scapy.packet import Raw  # noqa: E402

CIPHERS = {
    "null": "NULL",
    "aes-cbc-128": "AES-CBC",
    "aes-cbc-256": "AES-CBC",
    "aes-gcm-128": "AES-GCM",
    "aes-gcm-256": "AES-GCM",
    "chacha20-poly1305": "CHACHA20-POLY1305",
}
MACS = {
    "none": ("NULL", None, 0),
    "hmac-sha1-96": ("HMAC-SHA1-96", hashlib.sha1, 12),
    "hmac-sha2-256-128": ("SHA2-256-128", hashlib.sha256, 16),
}
HOST, HOME_AGENT = "2001:db8:3000::3", "2001:db8:2000::1"


def octets(word):
    return b"" if word == "-" else bytes.fromhex(word)


class Peer:
    def __init__(self, mode, cipher, key, mac, mac_key, spi, sequence, esn):
        self.sequence, self.high = int(sequence) & 0xFFFFFFFF, int(sequence) >> 32
        self.esn = esn == "true"
        name, digest, size = MACS[mac]
        # scapy leaves the upper half of the number out of a MAC, so that is done here.
        self.own_mac = (octets(mac_key), digest, size) if self.esn and digest else None
        self.association = SecurityAssociation(
            ESP,
            spi=int(spi),
            seq_num=self.sequence,
            crypt_algo=CIPHERS[cipher],
            crypt_key=octets(key),
            auth_algo="NULL" if self.own_mac else name,
            auth_key=None if self.own_mac or not digest else octets(mac_key),
            tunnel_header=IPv6(src=HOST, dst=HOME_AGENT) if mode == "tunnel" else None,
        )

    def icv(self, esp):
        key, digest, size = self.own_mac
        return hmac.new(key, esp + struct.pack("!L", self.high), digest).digest()[:size]

    def seal(self, packet):
        iv = None
        size = self.association.crypt_algo.iv_size
        if size == 8:
            iv = struct.pack("!LL", self.high, self.sequence)
        sealed = self.association.encrypt(
            IPv6(packet), seq_num=self.sequence, iv=iv, esn_en=self.esn, esn=self.high
        )
        esp = bytes(sealed[ESP])
        return (esp + self.icv(esp) if self.own_mac else esp).hex()

    def open(self, esp):
        if self.own_mac:
            size = self.own_mac[2]
            if self.icv(esp[:-size]) != esp[-size:]:
                return "bad ICV"
            esp = esp[:-size]
        packet = IPv6(src=HOST, dst=HOME_AGENT, nh=50, plen=len(esp)) / Raw(esp)
        opened = self.association.decrypt(
            IPv6(bytes(packet)), esn_en=self.esn, esn=self.high
        )
        if self.association.tunnel_header:
            return "41 " + bytes(opened).hex()
        return "%d %s" % (opened.nh, bytes(opened.payload).hex())


for line in sys.stdin:
    verb, *words, argument = line.split()
    peer = Peer(*words)
    try:
        answer = getattr(peer, verb)(octets(argument))
    except Exception as error:  # the test shows it
        answer = "failed: %s %s" % (type(error).__name__, error)
    print(answer, flush=True)
