"""Announces a guest once, by what a VMM or a guest sends after a move. Arguments: interface, MAC
address, home address, "rarp" or "advertisement"."""
import sys

from scapy.all import (ARP, ICMPv6ND_NA, ICMPv6NDOptDstLLAddr, IPv6, Ether, sendp)

interface, mac, home_address, kind = sys.argv[1:5]
if kind == "rarp":
    packet = (Ether(src=mac, dst="ff:ff:ff:ff:ff:ff", type=0x8035)
              / ARP(op=3, hwsrc=mac, hwdst=mac, psrc="0.0.0.0", pdst="0.0.0.0"))
else:
    packet = (Ether(src=mac, dst="33:33:00:00:00:01") / IPv6(src=home_address, dst="ff02::1", hlim=255)
              / ICMPv6ND_NA(tgt=home_address, R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=mac))
sendp(packet, iface=interface, verbose=False)
