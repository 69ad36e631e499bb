"""A guest's network card without a VMM: joins a tap of this namespace to the daemon's socket.

Usage: guest.py stream|dgram TAP SOCKET [OWN-SOCKET]
"""

import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF = 0x400454CA
IFF_TAP = 2
IFF_NO_PI = 0x1000

kind, name, path = sys.argv[1:4]
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))

if kind == "stream":
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    peer.connect(path)
else:
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    peer.bind(sys.argv[4])


def exactly(count):
    octets = b""
    while len(octets) < count:
        more = peer.recv(count - len(octets))
        if not more:
            sys.exit(0)
        octets += more
    return octets


print("joined", flush=True)
while True:
    ready, _, _ = select.select([tap, peer], [], [])
    if tap in ready:
        frame = os.read(tap, 65600)
        if kind == "stream":
            peer.sendall(struct.pack(">I", len(frame)) + frame)
        else:
            peer.sendto(frame, path)
    if peer in ready:
        if kind == "stream":
            frame = exactly(struct.unpack(">I", exactly(4))[0])
        else:
            frame = peer.recv(65600)
        os.write(tap, frame)
