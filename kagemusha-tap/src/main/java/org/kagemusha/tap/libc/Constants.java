package org.kagemusha.tap.libc;

/** Constants of Linux's generic ABI, named as in its headers. */
public final class Constants {

  // <fcntl.h>
  public static final int O_RDONLY = 0;
  public static final int O_RDWR = 2;
  public static final int O_NONBLOCK = 04000;
  public static final int O_CLOEXEC = 02000000;
  public static final int F_SETFD = 2;
  public static final int F_GETFL = 3;
  public static final int F_SETFL = 4;
  public static final int FD_CLOEXEC = 1;

  // <sys/epoll.h>
  public static final int EPOLL_CLOEXEC = 02000000;
  public static final int EPOLL_CTL_ADD = 1;
  public static final int EPOLL_CTL_DEL = 2;
  public static final int EPOLL_CTL_MOD = 3;
  public static final int EPOLLIN = 1;
  public static final int EPOLLOUT = 4;

  // <sched.h>
  public static final int CLONE_NEWNET = 0x4000_0000;

  // <sys/socket.h>
  public static final int AF_UNIX = 1;
  public static final int AF_INET6 = 10;
  public static final int AF_NETLINK = 16;
  public static final int AF_PACKET = 17;
  public static final int AF_BRIDGE = 7;
  public static final int SOCK_STREAM = 1;
  public static final int SOCK_DGRAM = 2;
  public static final int SOCK_RAW = 3;
  public static final int SOCK_NONBLOCK = 04000;
  public static final int SOCK_CLOEXEC = 02000000;
  public static final int SOL_SOCKET = 1;
  public static final int SO_SNDBUF = 7;
  public static final int SO_RCVBUF = 8;
  public static final int SO_PEERCRED = 17;
  public static final int SO_BINDTODEVICE = 25;
  public static final int SO_ATTACH_FILTER = 26;
  public static final int SO_SNDBUFFORCE = 32;
  public static final int SO_RCVBUFFORCE = 33;
  public static final int SO_MARK = 36;
  public static final int SO_RXQ_OVFL = 40;
  public static final int MSG_PEEK = 2;
  public static final int MSG_TRUNC = 0x20;
  public static final int MSG_DONTWAIT = 0x40;
  public static final int MSG_NOSIGNAL = 0x4000;

  // <netinet/in.h>, <linux/in6.h>, <linux/icmpv6.h>
  public static final int IPPROTO_UDP = 17;
  public static final int IPPROTO_IPV6 = 41;
  public static final int IPPROTO_ICMPV6 = 58;
  public static final int IPPROTO_RAW = 255;
  public static final int IPV6_FLOWINFO = 11;
  public static final int IPV6_MULTICAST_LOOP = 19;
  public static final int IPV6_MTU_DISCOVER = 23;
  public static final int IPV6_PMTUDISC_PROBE = 3;
  public static final int IPV6_HDRINCL = 36;
  public static final int IPV6_RECVPKTINFO = 49;
  public static final int IPV6_PKTINFO = 50;
  public static final int IPV6_RECVHOPLIMIT = 51;
  public static final int IPV6_HOPLIMIT = 52;
  public static final int IPV6_RECVTCLASS = 66;
  public static final int IPV6_TCLASS = 67;
  public static final int IPV6_AUTOFLOWLABEL = 70;
  public static final int IPV6_FREEBIND = 78;
  public static final int ICMP6_FILTER = 1;

  // <linux/udp.h>
  public static final int UDP_SEGMENT = 103;
  public static final int UDP_GRO = 104;

  // <sys/mman.h>
  public static final int PROT_READ = 1;
  public static final int PROT_WRITE = 2;
  public static final int MAP_PRIVATE = 2;
  public static final int MAP_ANONYMOUS = 0x20;
  public static final int MAP_NORESERVE = 0x4000;
  public static final int MADV_DONTNEED = 4;
  public static final int MADV_NOHUGEPAGE = 15;

  // <asm-generic/sockios.h>
  public static final long SIOCGSTAMPNS = 0x8907L;

  // <linux/if_tun.h>, <linux/if.h>
  public static final long TUNSETIFF = 0x400454caL;
  public static final long TUNSETOFFLOAD = 0x400454d0L;
  public static final long TUNATTACHFILTER = 0x401054d5L;
  public static final long TUNDETACHFILTER = 0x401054d6L;
  public static final long TUNGETIFF = 0x800454d2L;
  public static final long TUNGETVNETHDRSZ = 0x800454d7L;
  public static final long TUNSETVNETHDRSZ = 0x400454d8L;
  public static final long TUNSETVNETLE = 0x400454dcL;
  public static final int TUN_F_CSUM = 0x01;
  public static final int TUN_F_TSO4 = 0x02;
  public static final int TUN_F_TSO6 = 0x04;
  public static final int TUN_F_TSO_ECN = 0x08;
  public static final int TUN_F_USO4 = 0x20;
  public static final int TUN_F_USO6 = 0x40;
  public static final int IFF_TUN = 1;
  public static final int IFF_TAP = 2;
  public static final int IFF_NO_PI = 0x1000;
  public static final int IFF_VNET_HDR = 0x4000;
  public static final int IFF_UP = 1;
  public static final int IFF_RUNNING = 0x40;
  public static final int IFNAMSIZ = 16;

  // <linux/if_packet.h>, <linux/if_ether.h>
  public static final int SOL_PACKET = 263;
  public static final int PACKET_ADD_MEMBERSHIP = 1;
  public static final int PACKET_DROP_MEMBERSHIP = 2;
  public static final int PACKET_MR_PROMISC = 1;
  public static final int PACKET_VNET_HDR = 15;
  public static final int PACKET_OUTGOING = 4;
  public static final int ETH_P_ALL = 3;
  public static final int ETH_P_IPV6 = 0x86dd;

  private Constants() {}
}
