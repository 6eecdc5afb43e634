// A port scanner that counts: a SYN (or other flags) to every TCP port, a datagram to every UDP
// port, one message of every ICMP type, and what comes back from the target, whatever it is. That
// it loses nothing is shown by a scan of a target that answers all.
//
//   scan TARGET [--source ADDRESS] [--flags N] [--source-port N] [--last PORT] [--wait MS]
//
// Prints one JSON object: open and closed TCP ports, UDP ports that answered or were said to be
// closed, ICMP types that came. Lists hold at most LIST_MAX ports, the counts are whole.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORTS = 65536, LIST_MAX = 40, BATCH = 32, PAYLOAD = 32, PAUSE_US = 100 };

struct scan {
  struct sockaddr_storage target, source;
  socklen_t length;
  int family, capture, tcp, udp, icmp;
  uint8_t flags;
  uint16_t source_port;
  long wait_ms, last;
  uint8_t open[PORTS], closed[PORTS], answered[PORTS], unreachable[PORTS];
  unsigned types[256], sent, refused, others;
};

static struct scan scan;

static void fail(const char *what) {
  fprintf(stderr, "scan: %s: %s\n", what, strerror(errno));
  exit(1);
}

static const uint8_t *address_bytes(const struct sockaddr_storage *address) {
  if (address->ss_family == AF_INET)
    return (const uint8_t *)&((const struct sockaddr_in *)address)->sin_addr;
  return (const uint8_t *)&((const struct sockaddr_in6 *)address)->sin6_addr;
}

static void resolve(const char *text, struct sockaddr_storage *address) {
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *found;
  if (getaddrinfo(text, NULL, &hints, &found) != 0) {
    fprintf(stderr, "scan: %s is no address\n", text);
    exit(2);
  }
  memcpy(address, found->ai_addr, found->ai_addrlen);
  scan.length = found->ai_addrlen;
  freeaddrinfo(found);
}

static void find_source(void) {
  struct sockaddr_storage to = scan.target;
  if (to.ss_family == AF_INET)
    ((struct sockaddr_in *)&to)->sin_port = htons(9);
  else
    ((struct sockaddr_in6 *)&to)->sin6_port = htons(9);
  int fd = socket(scan.family, SOCK_DGRAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, scan.length) != 0)
    fail("no route");
  socklen_t length = sizeof scan.source;
  if (getsockname(fd, (struct sockaddr *)&scan.source, &length) != 0)
    fail("getsockname");
  close(fd);
}

static int open_raw(int protocol, int checksum_at) {
  int fd = socket(scan.family, SOCK_RAW, protocol);
  if (fd < 0)
    fail("raw socket");
  int hops = 255;
  setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof hops);
  if (scan.family == AF_INET6 && checksum_at >= 0)
    setsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, &checksum_at, sizeof checksum_at);
  struct sockaddr_storage from = scan.source;
  if (from.ss_family == AF_INET)
    ((struct sockaddr_in *)&from)->sin_port = 0;
  else
    ((struct sockaddr_in6 *)&from)->sin6_port = 0;
  if (bind(fd, (struct sockaddr *)&from, scan.length) != 0)
    fail("bind to the source");
  // Nothing is read here: all that comes is seen by the capture.
  int small = 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  return fd;
}

static void open_sockets(void) {
  scan.capture = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, htons(ETH_P_ALL));
  if (scan.capture < 0)
    fail("packet socket");
  int bytes = 64 << 20;
  setsockopt(scan.capture, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  scan.tcp = open_raw(IPPROTO_TCP, 16);
  scan.udp = open_raw(IPPROTO_UDP, 6);
  scan.icmp = open_raw(scan.family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6, -1);
}

static uint32_t sum16(const uint8_t *bytes, size_t length, uint32_t sum) {
  for (size_t at = 0; at + 1 < length; at += 2)
    sum += (uint32_t)bytes[at] << 8 | bytes[at + 1];
  return sum;
}

// Only for IPv4: of IPv6 the kernel writes it.
static void put_checksum(uint8_t *packet, size_t length, size_t at, int protocol) {
  uint32_t sum = 0;
  if (protocol != IPPROTO_ICMP) {
    sum = sum16(address_bytes(&scan.source), 4, sum);
    sum = sum16(address_bytes(&scan.target), 4, sum);
    sum += (uint32_t)protocol + (uint32_t)length;
  }
  sum = sum16(packet, length, sum);
  while (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16);
  uint16_t check = (uint16_t)~sum;
  packet[at] = (uint8_t)(check >> 8);
  packet[at + 1] = (uint8_t)check;
}

static void put16(uint8_t *at, uint16_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static void note_quote(const uint8_t *quote, size_t length, int type) {
  // An ICMP error: of the UDP packet that it quotes, the port.
  size_t head = scan.family == AF_INET ? (quote[0] & 15) * 4u : 40u;
  uint8_t protocol = scan.family == AF_INET ? quote[9] : quote[6];
  int is_unreachable = type == (scan.family == AF_INET ? 3 : 1);
  if (length >= head + 4 && protocol == IPPROTO_UDP && is_unreachable)
    scan.unreachable[get16(quote + head + 2)] = 1;
}

static void note(const uint8_t *packet, size_t length) {
  int is4 = scan.family == AF_INET;
  if (length < (is4 ? 20u : 40u) || packet[0] >> 4 != (is4 ? 4 : 6))
    return;
  size_t bytes = is4 ? 4 : 16, from = is4 ? 12 : 8;
  if (memcmp(packet + from, address_bytes(&scan.target), bytes) != 0)
    return;
  if (memcmp(packet + from + bytes, address_bytes(&scan.source), bytes) != 0)
    return;
  size_t head = is4 ? (packet[0] & 15) * 4u : 40u;
  uint8_t protocol = is4 ? packet[9] : packet[6];
  const uint8_t *inner = packet + head;
  if (length < head + 8)
    return;
  if (protocol == IPPROTO_TCP && length >= head + 14) {
    if (inner[13] & 4)
      scan.closed[get16(inner)] = 1;
    else
      scan.open[get16(inner)] = 1;
  } else if (protocol == IPPROTO_UDP) {
    scan.answered[get16(inner)] = 1;
  } else if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) {
    scan.types[inner[0]]++;
    if (length >= head + 8 + (is4 ? 20u : 40u))
      note_quote(inner + 8, length - head - 8, inner[0]);
  } else {
    scan.others++;
  }
}

static void drain(void) {
  uint8_t packet[2048];
  for (int i = 0; i < 4 * PORTS; i++) {
    struct sockaddr_ll from;
    socklen_t size = sizeof from;
    ssize_t got = recvfrom(scan.capture, packet, sizeof packet, 0, (struct sockaddr *)&from, &size);
    if (got < 0)
      return;
    if (from.sll_pkttype != PACKET_OUTGOING)
      note(packet, (size_t)got);
  }
}

static void put_out(int fd, const uint8_t *packet, size_t length) {
  struct sockaddr_storage to = scan.target;
  for (int tries = 0; tries < 50; tries++) {
    if (sendto(fd, packet, length, 0, (struct sockaddr *)&to, scan.length) >= 0) {
      scan.sent++;
      return;
    }
    // A queue is full, or the neighbour is being looked for.
    if (errno != ENOBUFS && errno != EAGAIN)
      break;
    usleep(200);
    drain();
  }
  scan.refused++;
}

static void probe_tcp(uint16_t port) {
  uint8_t packet[20] = {0};
  put16(packet, scan.source_port);
  put16(packet + 2, port);
  put16(packet + 4, 0x1234);
  put16(packet + 8, scan.flags & 16 ? 0x4321 : 0);
  packet[12] = 5 << 4;
  packet[13] = scan.flags;
  put16(packet + 14, 1024);
  if (scan.family == AF_INET)
    put_checksum(packet, sizeof packet, 16, IPPROTO_TCP);
  put_out(scan.tcp, packet, sizeof packet);
}

static void probe_udp(uint16_t port) {
  uint8_t packet[8 + PAYLOAD] = {0};
  put16(packet, scan.source_port);
  put16(packet + 2, port);
  put16(packet + 4, sizeof packet);
  if (scan.family == AF_INET)
    put_checksum(packet, sizeof packet, 6, IPPROTO_UDP);
  put_out(scan.udp, packet, sizeof packet);
}

// The target's own address stands where a neighbour solicitation has it.
static void probe_icmp(uint8_t type) {
  uint8_t packet[8 + PAYLOAD] = {0};
  packet[0] = type;
  put16(packet + 4, 0x4242);
  put16(packet + 6, type);
  if (scan.family == AF_INET6 && type >= 133 && type <= 137)
    memset(packet + 4, 0, 4);
  memcpy(packet + 8, address_bytes(&scan.target), scan.family == AF_INET ? 4 : 16);
  size_t length = type == 135 ? 24 : sizeof packet;
  if (scan.family == AF_INET)
    put_checksum(packet, length, 2, IPPROTO_ICMP);
  put_out(scan.icmp, packet, length);
}

static void print_list(const char *name, const uint8_t *ports) {
  unsigned count = 0;
  for (int port = 0; port < PORTS; port++)
    count += ports[port];
  printf(",\"%s\":{\"count\":%u,\"ports\":[", name, count);
  unsigned shown = 0;
  for (int port = 0; port < PORTS && shown < LIST_MAX; port++)
    if (ports[port])
      printf("%s%d", shown++ ? "," : "", port);
  printf("]}");
}

static void print_all(double seconds) {
  printf("{\"sent\":%u,\"refused\":%u,\"seconds\":%.3f,\"others\":%u", scan.sent, scan.refused,
         seconds, scan.others);
  print_list("open", scan.open);
  print_list("closed", scan.closed);
  print_list("answered", scan.answered);
  print_list("unreachable", scan.unreachable);
  printf(",\"icmp\":{");
  int shown = 0;
  for (int type = 0; type < 256; type++)
    if (scan.types[type])
      printf("%s\"%d\":%u", shown++ ? "," : "", type, scan.types[type]);
  printf("}}\n");
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void settle(long ms) {
  for (double end = seconds_now() + (double)ms / 1e3; seconds_now() < end; usleep(5000))
    drain();
}

static void take_option(const char *name, const char *value) {
  if (strcmp(name, "--source") == 0)
    resolve(value, &scan.source);
  else if (strcmp(name, "--flags") == 0)
    scan.flags = (uint8_t)atoi(value);
  else if (strcmp(name, "--source-port") == 0)
    scan.source_port = (uint16_t)atoi(value);
  else if (strcmp(name, "--last") == 0)
    scan.last = atol(value) < PORTS ? atol(value) : PORTS - 1;
  else if (strcmp(name, "--wait") == 0)
    scan.wait_ms = atol(value);
  else {
    fprintf(stderr, "scan: unknown option %s\n", name);
    exit(2);
  }
}

int main(int argc, char **argv) {
  scan.flags = 2;
  scan.source_port = 40000;
  scan.wait_ms = 300;
  scan.last = PORTS - 1;
  if (argc < 2 || argc % 2 != 0) {
    fprintf(stderr, "usage: scan TARGET [--source ADDRESS] [--flags N] [--source-port N]\n");
    return 2;
  }
  for (int at = 2; at + 1 < argc; at += 2)
    take_option(argv[at], argv[at + 1]);
  resolve(argv[1], &scan.target);
  scan.family = scan.target.ss_family;
  if (scan.source.ss_family == 0)
    find_source();
  open_sockets();
  double began = seconds_now();
  // Finds the neighbour, so that the first packets need not wait for it.
  probe_udp(1);
  settle(100);
  for (int port = 1; port <= scan.last; port++) {
    probe_tcp((uint16_t)port);
    probe_udp((uint16_t)port);
    if (port % BATCH != 0)
      continue;
    // The kernel's queue between two devices holds 1000 packets, and another core may be busy.
    usleep(PAUSE_US);
    drain();
  }
  for (int type = 0; type < 256; type++)
    probe_icmp((uint8_t)type);
  settle(scan.wait_ms);
  print_all(seconds_now() - began);
  return 0;
}
