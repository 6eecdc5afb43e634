// The error queue of a socket brings two things: transmit stamps, each with the key of its packet,
// and, for ping sockets, the ICMP errors that a raw socket would have received as packets.
#include "error_queue.h"

#include <algorithm>
#include <cstring>
#include <time.h> // before errqueue.h, which uses timespec

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

namespace flint {
namespace {

constexpr uint32_t BATCH = 64;
constexpr size_t CONTROL_BYTES = 256;
// An error quotes at least our header, slot and cookie; more of it is of no use.
constexpr size_t QUOTE_BYTES = 128;

struct Queue {
  mmsghdr messages[BATCH];
  iovec vectors[BATCH];
  alignas(cmsghdr) uint8_t control[BATCH][CONTROL_BYTES];
  uint8_t quotes[BATCH][QUOTE_BYTES];
};

Queue queue;

struct Found {
  const sock_extended_err *error = nullptr;
  const scm_timestamping *stamps = nullptr;
  const int *ttl = nullptr;
};

Found find(msghdr *message) {
  Found found;
  for (cmsghdr *c = CMSG_FIRSTHDR(message); c != nullptr; c = CMSG_NXTHDR(message, c)) {
    const bool is_error = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
                          (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
    if (is_error) {
      found.error = reinterpret_cast<const sock_extended_err *>(CMSG_DATA(c));
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
      found.stamps = reinterpret_cast<const scm_timestamping *>(CMSG_DATA(c));
    } else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
               (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
      found.ttl = reinterpret_cast<const int *>(CMSG_DATA(c));
    }
  }
  return found;
}

uint64_t to_ns(const timespec &time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

void take_stamp(Socket *socket, const Found &found, Tray *tray) {
  const uint64_t stamp = to_ns(found.stamps->ts[0]);
  uint32_t key = found.error->ee_data;
  if (socket->keys == StampKeys::counted) {
    if (socket->sent.empty()) {
      return;
    }
    const SentKey &sent = socket->sent[key % STAMP_KEYS_MAX];
    // A stamp from before the count was reset: older than the packet that now has its number.
    if (stamp < sent.user_ns) {
      return;
    }
    key = sent.key;
  }
  StampRecord *record = tray->stamps + tray->stamp_count++;
  record->key = key;
  record->kind = found.error->ee_info == SCM_TSTAMP_SCHED ? STAMP_SCHEDULED : STAMP_SENT;
  record->stamp_ns = stamp;
  record->hardware_ns = to_ns(found.stamps->ts[2]);
}

void take_error(const Socket &socket, const Found &found, uint32_t index, Tray *tray) {
  InboxRecord *record = tray->inbox + tray->packets++;
  const bool is_v4 = socket.family == AF_INET;
  std::memset(record, 0, RECORD_HEADER_BYTES);
  record->kind = is_v4 ? KIND_QUOTED4 : KIND_QUOTED6;
  record->packet_bytes = queue.messages[index].msg_len;
  record->ttl = found.ttl == nullptr ? TTL_UNKNOWN : static_cast<uint32_t>(*found.ttl);
  if (found.stamps != nullptr) {
    // When the error came in, not when it was read.
    record->stamp_ns = to_ns(found.stamps->ts[0]);
    record->stamp_source = record->stamp_ns == 0 ? STAMP_NONE : STAMP_NANOSECONDS;
  }
  record->error_type = found.error->ee_type;
  record->error_code = found.error->ee_code;
  record->error_info = found.error->ee_info;
  std::memcpy(record->packet, queue.quotes[index], record->packet_bytes);
  const sockaddr *offender = SO_EE_OFFENDER(found.error);
  if (is_v4) {
    std::memcpy(record->source, &reinterpret_cast<const sockaddr_in *>(offender)->sin_addr, 4);
  } else {
    std::memcpy(record->source, &reinterpret_cast<const sockaddr_in6 *>(offender)->sin6_addr, 16);
  }
}

int receive(int fd, uint32_t most) {
  for (uint32_t i = 0; i < most; i++) {
    // At least one vector: under qemu-user an empty queue otherwise "succeeds" for ever.
    queue.vectors[i] = {queue.quotes[i], QUOTE_BYTES};
    queue.messages[i] = mmsghdr{};
    queue.messages[i].msg_hdr.msg_iov = &queue.vectors[i];
    queue.messages[i].msg_hdr.msg_iovlen = 1;
    queue.messages[i].msg_hdr.msg_control = queue.control[i];
    queue.messages[i].msg_hdr.msg_controllen = CONTROL_BYTES;
  }
  return recvmmsg(fd, queue.messages, most, MSG_ERRQUEUE | MSG_DONTWAIT, nullptr);
}

} // namespace

void drain_error_queue(Socket *socket, Tray *tray) {
  for (;;) {
    const uint32_t room = std::min(STAMPS_MAX - tray->stamp_count,
                                   socket->is_ping ? INBOX_MAX - tray->packets : BATCH);
    const uint32_t most = std::min(BATCH, room);
    const int got = most == 0 ? 0 : receive(socket->fd, most);
    if (got <= 0) {
      return;
    }
    for (uint32_t i = 0; i < static_cast<uint32_t>(got); i++) {
      const Found found = find(&queue.messages[i].msg_hdr);
      if (found.error == nullptr) {
        return;
      }
      const uint8_t origin = found.error->ee_origin;
      if (origin == SO_EE_ORIGIN_TIMESTAMPING && found.stamps != nullptr) {
        take_stamp(socket, found, tray);
      } else if (origin == SO_EE_ORIGIN_ICMP || origin == SO_EE_ORIGIN_ICMP6) {
        take_error(*socket, found, i, tray);
      }
    }
    if (static_cast<uint32_t>(got) < most) {
      return;
    }
  }
}

} // namespace flint
