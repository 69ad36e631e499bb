/**
 * Links, addresses and routes of the host, asked and followed by rtnetlink(7). The codec
 * ({@link org.kagemusha.tap.netlink.NetlinkReader}, {@link
 * org.kagemusha.tap.netlink.NetlinkWriter}) is pure; {@link org.kagemusha.tap.netlink.RouteNetlink}
 * asks and changes; {@link org.kagemusha.tap.netlink.NetlinkMonitor} listens; {@link
 * org.kagemusha.tap.netlink.TableRules} asks nfnetlink for the rules of nftables. Read RFC 3549 §2
 * first.
 */
package org.kagemusha.tap.netlink;
