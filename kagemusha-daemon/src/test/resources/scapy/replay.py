"""Sends the packets of a capture to one destination again, octet for octet, from wherever they say they
come; the last one first, since the replay window goes on meanwhile, and is to see some as its own.
Arguments: the capture, which may go on; where to copy it to; the destination. Prints how many."""
import shutil
import socket
import sys
import time

from scapy.all import RawPcapReader

capture, copy, destination = sys.argv[1:4]
# Not before: scapy takes a while to load.
shutil.copyfile(capture, copy)
wanted = socket.inet_pton(socket.AF_INET6, destination)
out = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
sent = 0
for frame, _ in reversed(list(RawPcapReader(copy))):
    if frame[12:14] == b"\x86\xdd" and frame[38:54] == wanted:
        length = 40 + int.from_bytes(frame[18:20], "big")
        out.sendto(frame[14:14 + length], (destination, 0))
        sent += 1
        if sent % 8 == 0:
            time.sleep(0.004)
print(sent)
