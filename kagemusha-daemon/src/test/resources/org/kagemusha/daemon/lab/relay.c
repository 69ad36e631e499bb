/*
 * relay DEVICE LOCAL REMOTE: carries the packets of a tun device to another machine and back, as
 * IPv6 in IPv6. One packet for each system call, one thread, nothing looked at: what every tunnel
 * in user space costs at least.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static char packet[65536];

static struct sockaddr_in6 address(const char *text) {
  struct sockaddr_in6 address = {.sin6_family = AF_INET6};
  if (inet_pton(AF_INET6, text, &address.sin6_addr) != 1)
    errx(2, "%s: no IPv6 address", text);
  return address;
}

int main(int count, char **words) {
  if (count != 4)
    errx(2, "usage: relay DEVICE LOCAL REMOTE");
  struct sockaddr_in6 local = address(words[2]);
  struct sockaddr_in6 remote = address(words[3]);
  int line = socket(AF_INET6, SOCK_RAW, IPPROTO_IPV6);
  if (line < 0 || bind(line, (struct sockaddr *)&local, sizeof local) != 0)
    err(1, "raw socket");
  int tun = open("/dev/net/tun", O_RDWR);
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strncpy(request.ifr_name, words[1], IFNAMSIZ - 1);
  if (tun < 0 || ioctl(tun, TUNSETIFF, &request) != 0)
    err(1, "tun");
  struct pollfd sides[2] = {{.fd = tun, .events = POLLIN}, {.fd = line, .events = POLLIN}};
  for (;;) {
    if (poll(sides, 2, -1) < 0)
      err(1, "poll");
    if (sides[0].revents & POLLIN) {
      ssize_t octets = read(tun, packet, sizeof packet);
      if (octets > 0)
        sendto(line, packet, octets, 0, (struct sockaddr *)&remote, sizeof remote);
    }
    if (sides[1].revents & POLLIN) {
      ssize_t octets = recv(line, packet, sizeof packet, 0);
      if (octets > 0 && write(tun, packet, octets) < 0)
        continue;
    }
  }
}
