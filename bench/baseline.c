// The yardstick of the echo-rate figures: the plainest fast pinger that C can be. One thread and
// one raw ICMP socket, sendmmsg and recvmmsg in batches, a window of echoes in flight, kernel
// stamps both ways, never sleeping. It does what any honest pinger must: every request is built
// with its own cookie and checksum, all of every reply is verified before it counts. IPv4 only.
//
//   baseline FIRST_ADDRESS [targets=1] [milliseconds=1000] [batch=64] [window=256]
//            [stamps=rxtx|rx|none]
//
// Targets are consecutive addresses, asked in turn. The RTT is between the best stamps there are
// (rxtx: kernel to kernel; rx: a clock read before sendmmsg to kernel; none: to a clock read after
// recvmmsg). A reply that takes longer than a second is lost. Prints one line of JSON.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <linux/net_tstamp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH_MAX = 1024, SEQUENCES = 65536, MESSAGE_BYTES = 64, RECEIVE_BYTES = 192 };
enum { CONTROL_BYTES = 256, LOST_NS = 1000000000, SAMPLES_MAX = 1 << 22 };

typedef uint32_t __attribute__((may_alias, aligned(1))) Word;

typedef struct {
  uint8_t type, code;
  uint16_t checksum, id, seq;
  uint64_t cookie; // unaligned where a reply lies behind its IP header: hence packed
  uint8_t rest[MESSAGE_BYTES - 16];
} __attribute__((packed)) Echo;

typedef struct {
  bool is_out, is_stamped;
  uint32_t target;
  uint64_t cookie;
  int64_t sent_ns; // by our clock, then by the kernel's stamp
} Slot;

// One direction's message headers, bound once to their buffers.
typedef struct {
  struct mmsghdr headers[BATCH_MAX];
  struct iovec vectors[BATCH_MAX];
  struct sockaddr_in addresses[BATCH_MAX];
  uint8_t control[BATCH_MAX][CONTROL_BYTES];
  uint8_t bytes[BATCH_MAX][RECEIVE_BYTES];
} Batch;

static struct {
  uint32_t first, targets, batch, window, milliseconds;
  char stamps[8];
  bool has_rx, has_tx;
} options = {0, 1, 64, 256, 1000, "rxtx", true, true};

static Batch outbox, inbox, errors;
static Slot slots[SEQUENCES];
static uint32_t sent, oldest, in_flight; // sequences count on; the wire has their low 16 bits
static uint64_t received, lost, alien, refused, stamped;
static uint32_t samples[SAMPLES_MAX]; // ns, the newest
static uint16_t identifier;
static int icmp_socket;

static int64_t now_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void fail(const char *what) {
  fprintf(stderr, "baseline: %s: %s\n", what, strerror(errno));
  exit(1);
}

// RFC 1071 over a message, which is a multiple of 4 long.
static uint16_t checksum(const void *message) {
  uint64_t sum = 0;
  for (const Word *word = message; word < (const Word *)message + MESSAGE_BYTES / 4; word++)
    sum += *word;
  while (sum >> 16 != 0)
    sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

static void bind_batch(Batch *batch, size_t message_bytes) {
  for (int i = 0; i < BATCH_MAX; i++) {
    batch->vectors[i] = (struct iovec){batch->bytes[i], message_bytes};
    batch->headers[i].msg_hdr = (struct msghdr){.msg_iov = &batch->vectors[i],
                                                .msg_iovlen = 1,
                                                .msg_name = &batch->addresses[i],
                                                .msg_namelen = sizeof batch->addresses[i],
                                                .msg_control = batch->control[i]};
  }
}

static void set_option(int level, int name, const void *value, socklen_t length) {
  if (setsockopt(icmp_socket, level, name, value, length) < 0)
    fail("setsockopt");
}

static void open_socket(void) {
  struct icmp_filter all_but_replies = {.data = ~(1u << ICMP_ECHOREPLY)};
  struct sock_filter code[] = {BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
                               BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4),
                               BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, identifier, 0, 1),
                               BPF_STMT(BPF_RET | BPF_K, UINT32_MAX), BPF_STMT(BPF_RET | BPF_K, 0)};
  struct sock_fprog program = {sizeof code / sizeof code[0], code};
  int buffer_bytes = 4 << 20;
  int flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
  if (options.has_tx)
    flags |= SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
  icmp_socket = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
  if (icmp_socket < 0)
    fail("raw socket");
  set_option(SOL_RAW, ICMP_FILTER, &all_but_replies, sizeof all_but_replies);
  set_option(SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof buffer_bytes);
  set_option(SOL_SOCKET, SO_SNDBUFFORCE, &buffer_bytes, sizeof buffer_bytes);
  set_option(SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
  if (options.has_rx)
    set_option(SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags);
}

static void build_request(uint32_t at, uint32_t sequence, int64_t sent_ns) {
  Slot *slot = &slots[sequence % SEQUENCES];
  *slot = (Slot){.is_out = true,
                 .sent_ns = sent_ns,
                 .target = options.first + sequence % options.targets,
                 .cookie = (sequence + 1) * 0x9e3779b97f4a7c15u};
  Echo *echo = (Echo *)outbox.bytes[at];
  echo->type = ICMP_ECHO;
  echo->checksum = 0;
  echo->id = htons(identifier);
  echo->seq = htons((uint16_t)sequence);
  echo->cookie = slot->cookie;
  echo->checksum = checksum(echo);
  outbox.addresses[at] =
      (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(slot->target)};
}

// What the kernel refuses keeps no slot.
static void send_batch(void) {
  uint32_t room = options.window - in_flight;
  uint32_t wanted = room < options.batch ? room : options.batch;
  int64_t sent_ns = now_ns(CLOCK_REALTIME);
  if (wanted == 0)
    return;
  for (uint32_t i = 0; i < wanted; i++)
    build_request(i, sent + i, sent_ns);
  int accepted = sendmmsg(icmp_socket, outbox.headers, wanted, 0);
  if (accepted < 0 && errno != ENOBUFS && errno != EAGAIN)
    fail("sendmmsg");
  uint32_t count = accepted < 0 ? 0 : (uint32_t)accepted;
  for (uint32_t i = count; i < wanted; i++)
    slots[(sent + i) % SEQUENCES].is_out = false;
  refused += wanted - count;
  sent += count;
  in_flight += count;
}

static uint32_t receive_batch(Batch *batch, int flags) {
  for (uint32_t i = 0; i < options.batch; i++)
    batch->headers[i].msg_hdr.msg_controllen = CONTROL_BYTES;
  int count = recvmmsg(icmp_socket, batch->headers, options.batch, flags | MSG_DONTWAIT, NULL);
  if (count < 0 && errno != EAGAIN)
    fail("recvmmsg");
  return count < 0 ? 0 : (uint32_t)count;
}

// The kernel's stamp of a message, 0 when it has none; the key of a sent one goes to `key`.
static int64_t read_stamp(struct msghdr *header, uint32_t *key) {
  int64_t stamp_ns = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
      const struct timespec *stamp = (const struct timespec *)CMSG_DATA(c);
      stamp_ns = (int64_t)stamp->tv_sec * 1000000000 + stamp->tv_nsec;
    } else if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR && key != NULL) {
      *key = ((const struct sock_extended_err *)CMSG_DATA(c))->ee_data;
    }
  }
  return stamp_ns;
}

// The kernel numbers what it sent from 0 on, as we do.
static void drain_stamps(void) {
  for (uint32_t count = options.batch; count == options.batch;) {
    count = receive_batch(&errors, MSG_ERRQUEUE);
    for (uint32_t i = 0; i < count; i++) {
      uint32_t key = UINT32_MAX;
      int64_t stamp_ns = read_stamp(&errors.headers[i].msg_hdr, &key);
      Slot *slot = &slots[key % SEQUENCES];
      slot->is_stamped = stamp_ns != 0 && sent - key <= SEQUENCES;
      if (slot->is_stamped)
        slot->sent_ns = stamp_ns;
    }
  }
}

static void take_reply(uint32_t at, int64_t drained_ns) {
  const uint8_t *packet = inbox.bytes[at];
  const Echo *echo = (const Echo *)(packet + (packet[0] & 15) * 4);
  Slot *slot = &slots[ntohs(echo->seq)];
  if (inbox.headers[at].msg_len != (size_t)((const uint8_t *)(echo + 1) - packet) ||
      !slot->is_out || checksum(echo) != 0 || echo->type != ICMP_ECHOREPLY ||
      echo->id != htons(identifier) || echo->cookie != slot->cookie ||
      inbox.addresses[at].sin_addr.s_addr != htonl(slot->target)) {
    alien++;
    return;
  }
  int64_t stamp_ns = options.has_rx ? read_stamp(&inbox.headers[at].msg_hdr, NULL) : 0;
  stamped += stamp_ns != 0 && (slot->is_stamped || !options.has_tx);
  slot->is_out = false;
  in_flight--;
  int64_t rtt_ns = (stamp_ns != 0 ? stamp_ns : drained_ns) - slot->sent_ns;
  samples[received++ % SAMPLES_MAX] = (uint32_t)rtt_ns;
}

static void drain_replies(void) {
  for (uint32_t count = options.batch; count == options.batch;) {
    count = receive_batch(&inbox, 0);
    int64_t drained_ns = count > 0 && !options.has_rx ? now_ns(CLOCK_REALTIME) : 0;
    for (uint32_t i = 0; i < count; i++)
      take_reply(i, drained_ns);
  }
}

// Frees what is answered, and what is lost, from the oldest on.
static void expire(void) {
  int64_t deadline_ns = now_ns(CLOCK_REALTIME) - LOST_NS;
  for (; oldest != sent; oldest++) {
    Slot *slot = &slots[oldest % SEQUENCES];
    if (slot->is_out && slot->sent_ns > deadline_ns && sent - oldest < SEQUENCES - BATCH_MAX)
      return;
    lost += slot->is_out;
    in_flight -= slot->is_out;
    slot->is_out = false;
  }
}

static int compare(const void *a, const void *b) {
  uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
  return (left > right) - (left < right);
}

static bool take_option(const char *text) {
  return sscanf(text, "targets=%u", &options.targets) == 1 ||
         sscanf(text, "milliseconds=%u", &options.milliseconds) == 1 ||
         sscanf(text, "batch=%u", &options.batch) == 1 ||
         sscanf(text, "window=%u", &options.window) == 1 ||
         sscanf(text, "stamps=%7s", options.stamps) == 1;
}

static bool take_options(int count, char **arguments) {
  bool is_right = count >= 2 && inet_pton(AF_INET, arguments[1], &options.first) == 1;
  for (int i = 2; i < count; i++)
    is_right = is_right && take_option(arguments[i]);
  options.first = ntohl(options.first);
  options.has_tx = strcmp(options.stamps, "rxtx") == 0;
  options.has_rx = options.has_tx || strcmp(options.stamps, "rx") == 0;
  return is_right && (options.has_rx || strcmp(options.stamps, "none") == 0) &&
         options.targets > 0 && options.batch - 1 < BATCH_MAX && options.window - 1 < SEQUENCES / 2;
}

static void report(double seconds, double cpu_seconds) {
  size_t kept = received < SAMPLES_MAX ? received : SAMPLES_MAX;
  qsort(samples, kept, sizeof samples[0], compare);
  printf("{\"repliesPerSecond\":%.0f,\"cpuSecondsPerMillion\":%.3f,"
         "\"rttUs\":{\"p50\":%.3f,\"p99\":%.3f},\"sent\":%u,\"received\":%lu,\"lost\":%lu,"
         "\"alien\":%lu,\"refused\":%lu,\"stamped\":%lu,\"seconds\":%.3f}\n",
         (double)received / seconds, cpu_seconds * 1e6 / (double)received, samples[kept / 2] / 1e3,
         samples[kept * 99 / 100] / 1e3, sent, received, lost, alien, refused, stamped, seconds);
}

int main(int count, char **arguments) {
  if (!take_options(count, arguments))
    return fputs("use: see the head of bench/baseline.c\n", stderr), 2;
  identifier = (uint16_t)getpid();
  bind_batch(&outbox, MESSAGE_BYTES);
  bind_batch(&inbox, RECEIVE_BYTES);
  bind_batch(&errors, RECEIVE_BYTES);
  open_socket();
  int64_t cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID), start_ns = now_ns(CLOCK_MONOTONIC), spent_ns;
  do {
    send_batch();
    if (options.has_tx)
      drain_stamps();
    drain_replies();
    expire();
    spent_ns = now_ns(CLOCK_MONOTONIC) - start_ns;
  } while (spent_ns < options.milliseconds * INT64_C(1000000));
  if (received == 0)
    fail("no reply");
  report((double)spent_ns / 1e9, (double)(now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns) / 1e9);
  return 0;
}
