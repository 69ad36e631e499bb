package org.kagemusha.tap.netlink;

/** Constants of netlink(7) and rtnetlink(7), named as in the kernel's headers. */
final class Netlink {

  static final int HEADER = 16;

  /** Where in it the message's type is. */
  static final int TYPE = 4;

  static final int ATTRIBUTE_HEADER = 4;

  static final int NETLINK_ROUTE = 0;
  static final int NETLINK_NETFILTER = 12;
  static final int SOL_NETLINK = 270;
  static final int NETLINK_CAP_ACK = 10;
  static final int NETLINK_EXT_ACK = 11;
  static final int NETLINK_GET_STRICT_CHK = 12;
  static final int RTMGRP_LINK = 1;
  static final int RTMGRP_NEIGH = 4;
  static final int RTMGRP_IPV6_IFADDR = 0x100;
  static final int RTMGRP_IPV6_ROUTE = 0x400;
  static final int RTMGRP_IPV6_RULE = 0x40000;

  static final int NLMSG_ERROR = 2;
  static final int NLMSG_DONE = 3;
  static final int RTM_NEWLINK = 16;
  static final int RTM_DELLINK = 17;
  static final int RTM_GETLINK = 18;
  static final int RTM_SETLINK = 19;
  static final int RTM_NEWADDR = 20;
  static final int RTM_DELADDR = 21;
  static final int RTM_GETADDR = 22;
  static final int RTM_NEWROUTE = 24;
  static final int RTM_DELROUTE = 25;
  static final int RTM_GETROUTE = 26;
  static final int RTM_NEWNEIGH = 28;
  static final int RTM_DELNEIGH = 29;
  static final int RTM_GETNEIGH = 30;
  static final int RTM_NEWRULE = 32;
  static final int RTM_DELRULE = 33;
  static final int RTM_GETRULE = 34;

  static final int NLM_F_REQUEST = 1;
  static final int NLM_F_MULTI = 2;
  static final int NLM_F_ACK = 4;
  static final int NLM_F_DUMP = 0x300;
  static final int NLM_F_CAPPED = 0x100;
  static final int NLM_F_ACK_TLVS = 0x200;
  static final int NLM_F_REPLACE = 0x100;
  static final int NLM_F_EXCL = 0x200;
  static final int NLM_F_CREATE = 0x400;

  static final int NLA_TYPE_MASK = 0x3fff;
  static final int NLA_F_NESTED = 0x8000;
  static final int NLMSGERR_ATTR_MSG = 1;

  static final int IFINFOMSG = 16;
  static final int IFI_TYPE = 2;
  static final int ARPHRD_ETHER = 1;
  static final int IFLA_ADDRESS = 1;
  static final int IFLA_IFNAME = 3;
  static final int IFLA_MTU = 4;
  static final int IFLA_MASTER = 10;
  static final int IFLA_LINKINFO = 18;
  static final int IFLA_INFO_KIND = 1;
  static final int IFLA_AF_SPEC = 26;
  static final int IFLA_INET6_ADDR_GEN_MODE = 8;
  static final int IN6_ADDR_GEN_MODE_NONE = 1;

  static final int IFADDRMSG = 8;
  static final int IFA_ADDRESS = 1;
  static final int IFA_LOCAL = 2;
  static final int IFA_CACHEINFO = 6;
  static final int IFA_FLAGS = 8;

  static final int RTMSG = 12;
  static final int RTA_DST = 1;
  static final int RTA_SRC = 2;
  static final int RTA_IIF = 3;
  static final int RTA_OIF = 4;
  static final int RTA_GATEWAY = 5;
  static final int RTA_PREFSRC = 7;
  static final int RTA_METRICS = 8;
  static final int RTA_MULTIPATH = 9;
  static final int RTA_TABLE = 15;
  static final int RTA_ENCAP_TYPE = 21;
  static final int RTA_ENCAP = 22;
  static final int RTAX_MTU = 2;
  static final int RTM_F_FIB_MATCH = 0x2000;
  static final int RT_TABLE_LOCAL = 255;
  static final int RTN_UNICAST = 1;
  static final int RTN_THROW = 9;

  static final int LWTUNNEL_ENCAP_SEG6 = 5;
  static final int SEG6_IPTUNNEL_SRH = 1;
  static final int SEG6_IPTUN_MODE_ENCAP_RED = 3;

  static final int NDMSG = 12;
  static final int NDM_FLAGS = 10;
  static final int NDA_DST = 1;
  static final int NDA_LLADDR = 2;
  static final int NTF_PROXY = 8;
  static final int NUD_REACHABLE = 2;
  static final int NUD_STALE = 4;
  static final int NUD_DELAY = 8;
  static final int NUD_PROBE = 0x10;
  static final int NUD_PERMANENT = 0x80;

  static final int RULE = 12;
  static final int FRA_SRC = 2;
  static final int FRA_IIFNAME = 3;
  static final int FRA_GOTO = 4;
  static final int FRA_PRIORITY = 6;
  static final int FRA_TABLE = 15;
  static final int FRA_PROTOCOL = 21;
  static final int FIB_RULE_IIF_DETACHED = 8;

  static final int NFGENMSG = 4;
  static final int NFNL_SUBSYS_NFTABLES = 10;
  static final int NFT_MSG_NEWRULE = 6;
  static final int NFT_MSG_GETRULE = 7;
  static final int NFTA_RULE_TABLE = 1;
  static final int NFTA_RULE_CHAIN = 2;
  static final int NFTA_RULE_HANDLE = 3;
  static final int NFTA_RULE_USERDATA = 7;
  static final int NFTNL_UDATA_RULE_COMMENT = 0;
  static final int NFPROTO_BRIDGE = 7;
  static final int NFPROTO_IPV6 = 10;

  private Netlink() {}

  /** Rounds up to the boundary of messages and attributes. */
  static int align(int length) {
    return (length + 3) & ~3;
  }
}
