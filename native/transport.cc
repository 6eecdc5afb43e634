#include "transport.h"

#include "clock.h"
#include "message.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <time.h> // before errqueue.h, which uses timespec

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace flint {
namespace {

Batch out;
Batch in;
static_assert(INBOX_MAX <= OUTBOX_MAX);

bool wants_df(const OutboxRecord &record) { return (record.socket & SOCKET_DONT_FRAGMENT) != 0; }

int protocol_of(const OutboxRecord &record) {
  if ((record.socket & SOCKET_UDP) != 0) {
    return IPPROTO_UDP;
  }
  if ((record.socket & SOCKET_TCP) != 0) {
    return IPPROTO_TCP;
  }
  return (record.socket & 15) == SOCKET_ICMP4 ? static_cast<int>(IPPROTO_ICMP) : IPPROTO_ICMPV6;
}

// An ICMP error about an earlier packet is handed to the next call on a ping socket; that packet
// has not left and can be tried again. More errors may come in meanwhile, as fast as we try: each
// stands in the error queue, so a refusal is believed when it came thrice without one.
constexpr int RETRIES_MAX = 256;
constexpr int REFUSALS_BELIEVED = 3;

bool is_pending_error(int error) {
  return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH ||
         error == EHOSTDOWN || error == ENONET || error == EMSGSIZE || error == EPROTO ||
         error == ENOPROTOOPT || error == EOPNOTSUPP || error == EACCES;
}

uint64_t nanoseconds(const timespec &time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

void read_controls(msghdr *message, InboxRecord *record, Socket *socket) {
  for (cmsghdr *c = CMSG_FIRSTHDR(message); c != nullptr; c = CMSG_NXTHDR(message, c)) {
    const uint8_t *data = CMSG_DATA(c);
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
      const auto *stamps = reinterpret_cast<const scm_timestamping *>(data);
      record->stamp_ns = nanoseconds(stamps->ts[0]);
      record->hardware_ns = nanoseconds(stamps->ts[2]);
      record->stamp_source = record->stamp_ns == 0 ? STAMP_NONE : STAMP_NANOSECONDS;
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMP) {
      const auto *time = reinterpret_cast<const timeval *>(data);
      record->stamp_ns = static_cast<uint64_t>(time->tv_sec) * 1'000'000'000 +
                         static_cast<uint64_t>(time->tv_usec) * 1000;
      record->stamp_source = STAMP_MICROSECONDS;
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
      std::memcpy(&socket->overflows, data, sizeof socket->overflows);
    } else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
               (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
      std::memcpy(&record->ttl, data, sizeof record->ttl);
    }
  }
}

void read_source(const sockaddr_in6 &name, InboxRecord *record) {
  std::memset(record->source, 0, sizeof record->source);
  if (name.sin6_family == AF_INET) {
    std::memcpy(record->source, &reinterpret_cast<const sockaddr_in &>(name).sin_addr, 4);
  } else {
    std::memcpy(record->source, &name.sin6_addr, 16);
  }
}

uint32_t kind_of(const Socket &socket) {
  if (socket.family == AF_INET6) {
    return socket.protocol == IPPROTO_UDP   ? KIND_UDP6
           : socket.protocol == IPPROTO_TCP ? KIND_TCP6
                                            : KIND_ICMP6;
  }
  return socket.is_ping ? KIND_ICMP4 : KIND_IP4;
}

} // namespace

bool Transport::add(const SocketOptions &options, SocketError *error) {
  Socket socket;
  if (!open_socket(options, &socket, error)) {
    return false;
  }
  sockets_.push_back(std::move(socket));
  return true;
}

// Ping sockets stand in the order of their identifiers, families apart; raw ones are one for each
// family and protocol, and for ICMP one more that sets DF, unless they were inherited.
Socket *Transport::socket_for(const OutboxRecord &record) {
  const int family = (record.socket & 15) == SOCKET_ICMP4 ? AF_INET : AF_INET6;
  const int protocol = protocol_of(record);
  const uint32_t slot = record.key & KEY_SLOT_MASK;
  uint32_t identifier = slot >> 16;
  Socket *found = nullptr;
  for (Socket &socket : sockets_) {
    if (socket.family != family || socket.protocol != protocol) {
      continue;
    }
    if (socket.is_ping) {
      // That of the TTL-limited probes is the last, however many come before it.
      found = slot >= INFLIGHT_MAX ? &socket : found;
      if (identifier-- == 0) {
        return &socket;
      }
    } else if (found == nullptr || socket.sets_df == wants_df(record)) {
      found = &socket;
    }
  }
  return found;
}

uint32_t Transport::send(uint32_t n) {
  uint32_t sent = 0;
  uint32_t from = 0;
  n = std::min(n, OUTBOX_MAX);
  while (from < n) {
    const OutboxRecord &first = trays_.outbox[from];
    Socket *socket = socket_for(first);
    uint32_t to = from + 1;
    while (to < n && socket_for(trays_.outbox[to]) == socket &&
           wants_df(trays_.outbox[to]) == wants_df(first)) {
      to++;
    }
    if (socket == nullptr) {
      for (uint32_t i = from; i < to; i++) {
        trays_.outbox[i].error = EAFNOSUPPORT;
        trays_.outbox[i].user_ns = realtime_ns();
      }
    } else {
      set_df(socket, wants_df(first));
      sent += send_run(socket, from, to);
    }
    from = to;
  }
  return sent;
}

uint32_t Transport::send_run(Socket *socket, uint32_t from, uint32_t to) {
  for (uint32_t i = from; i < to; i++) {
    write_message(*socket, &trays_.outbox[i], &out, i);
  }
  uint32_t sent = 0;
  uint32_t next = from;
  int tries = 0;
  int refusals = 0;
  while (next < to) {
    const uint32_t known = tray_.packets;
    const uint64_t user_ns = realtime_ns();
    const int got = sendmmsg(socket->fd, out.messages + next, to - next, MSG_DONTWAIT);
    const int error = errno;
    if (got > 0) {
      note_sent(socket, next, next + static_cast<uint32_t>(got), user_ns);
      next += static_cast<uint32_t>(got);
      sent += static_cast<uint32_t>(got);
      tries = refusals = 0;
    }
    if (next < to) {
      restart_keys(socket);
    }
    if (got > 0 || error == EINTR) {
      continue;
    }
    if (error == EINVAL && socket->stamps == Stamps::kernel && socket->keys == StampKeys::untried) {
      // Older than SCM_TS_OPT_ID, or a record that is wrong in another way: the next try tells.
      socket->keys = StampKeys::counted;
      sent += send_run(socket, next, to);
      return sent;
    }
    if (socket->is_ping && is_pending_error(error) && tries++ < RETRIES_MAX) {
      refusals = has_new_errors(socket, known) ? 0 : refusals + 1;
      if (refusals < REFUSALS_BELIEVED) {
        continue;
      }
    }
    trays_.outbox[next].error = static_cast<uint32_t>(error);
    trays_.outbox[next].user_ns = user_ns;
    next++;
    tries = refusals = 0;
  }
  return sent;
}

// Whether ICMP errors came since there were `known` packets; with a full tray that cannot be known.
bool Transport::has_new_errors(Socket *socket, uint32_t known) {
  drain_error_queue(socket, &tray_);
  return tray_.packets > known || tray_.packets == INBOX_MAX || tray_.stamp_count == STAMPS_MAX;
}

// Some failed sends consume a number of the kernel's count and some do not, by reason and by
// version: after each of them it starts again.
void Transport::restart_keys(Socket *socket) {
  if (socket->stamps == Stamps::kernel && socket->keys == StampKeys::counted) {
    drain_error_queue(socket, &tray_);
    reset_keys(socket, is_scheduled_);
  }
}

void Transport::note_sent(Socket *socket, uint32_t from, uint32_t to, uint64_t user_ns) {
  if (socket->keys == StampKeys::untried) {
    socket->keys = StampKeys::ours;
  }
  for (uint32_t i = from; i < to; i++) {
    trays_.outbox[i].error = 0;
    trays_.outbox[i].user_ns = user_ns;
    if (socket->stamps == Stamps::kernel && socket->keys == StampKeys::counted) {
      socket->sent.resize(STAMP_KEYS_MAX); // of no effect but the first time
      socket->sent[socket->next_key++ % STAMP_KEYS_MAX] = {trays_.outbox[i].key, user_ns};
    }
  }
}

void Transport::receive(Socket *socket) {
  const uint32_t from = tray_.packets;
  const uint32_t most = INBOX_MAX - from;
  if (most == 0 || socket->is_send_only) {
    return;
  }
  for (uint32_t i = from; i < INBOX_MAX; i++) {
    msghdr *message = &in.messages[i].msg_hdr;
    *message = msghdr{};
    in.vectors[i] = {trays_.inbox[i].packet, PACKET_BYTES};
    message->msg_iov = &in.vectors[i];
    message->msg_iovlen = 1;
    message->msg_name = &in.names[i];
    message->msg_namelen = sizeof in.names[i];
    message->msg_control = in.control[i];
    message->msg_controllen = MESSAGE_CONTROL_BYTES;
  }
  // A ping socket tells once of an ICMP error before it goes on with what came in.
  int got = -1;
  for (int tries = 0; got < 0 && tries < RETRIES_MAX; tries++) {
    got = recvmmsg(socket->fd, in.messages + from, most, MSG_DONTWAIT, nullptr);
    if (got < 0 && errno == EAGAIN) {
      return;
    }
  }
  if (got <= 0) {
    return;
  }
  for (uint32_t i = from; i < from + static_cast<uint32_t>(got); i++) {
    InboxRecord *record = trays_.inbox + i;
    record->kind = kind_of(*socket);
    record->packet_bytes = std::min(in.messages[i].msg_len, PACKET_BYTES);
    record->stamp_ns = 0;
    record->hardware_ns = 0;
    record->flags = (in.messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0 ? FLAG_TRUNCATED : 0;
    record->stamp_source = STAMP_NONE;
    record->ttl = TTL_UNKNOWN;
    read_source(in.names[i], record);
    read_controls(&in.messages[i].msg_hdr, record, socket);
  }
  tray_.packets += static_cast<uint32_t>(got);
}

// Packets first, then stamps: a packet's transmit stamp is queued before its reply can arrive, so
// whatever the inbox holds, its stamp is read in the same drain. In the error queue of a ping
// socket stamps and errors are mixed, and with a full inbox it cannot be read: there once before.
void Transport::drain(uint32_t *packets, uint32_t *stamps) {
  const auto count = static_cast<uint32_t>(sockets_.size());
  uint32_t overflows = 0;
  for (Socket &socket : sockets_) {
    if (socket.is_ping) {
      drain_error_queue(&socket, &tray_);
    }
  }
  for (uint32_t i = 0; i < count; i++) {
    // Begins with another socket each time, so that a flood of one family cannot starve the other.
    receive(&sockets_[(first_ + i) % count]);
  }
  first_++;
  for (Socket &socket : sockets_) {
    if (socket.stamps == Stamps::kernel || socket.is_ping) {
      drain_error_queue(&socket, &tray_);
    }
    if (socket.is_ping) {
      read_overflows(&socket);
    }
    overflows += socket.overflows;
  }
  trays_.control->socket_overflows = overflows;
  read_anchor(trays_.control);
  *packets = tray_.packets;
  *stamps = tray_.stamp_count;
  tray_.packets = 0;
  tray_.stamp_count = 0;
}

bool Transport::set_scheduled(bool is_wanted) {
  is_scheduled_ = is_wanted;
  bool all = !sockets_.empty();
  for (Socket &socket : sockets_) {
    all = request_scheduled(&socket, is_wanted) && all;
  }
  return all;
}

void Transport::close() {
  for (Socket &socket : sockets_) {
    close_socket(&socket);
  }
  sockets_.clear();
}

} // namespace flint
