#include "message.h"

#include <algorithm>
#include <cstring>

#ifndef SCM_TS_OPT_ID
#define SCM_TS_OPT_ID 81
#endif

namespace flint {
namespace {

// Appends control messages to a buffer of MESSAGE_CONTROL_BYTES.
class Controls {
public:
  Controls(msghdr *message, uint8_t *buffer) : message_(message), buffer_(buffer) {}

  template <typename T> void add(int level, int type, const T &value) {
    auto *header = reinterpret_cast<cmsghdr *>(buffer_ + used_);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(header), &value, sizeof value);
    used_ += CMSG_SPACE(sizeof value);
    static_assert(CMSG_SPACE(sizeof value) * 6 <= MESSAGE_CONTROL_BYTES);
  }

  void finish() {
    message_->msg_control = used_ == 0 ? nullptr : buffer_;
    message_->msg_controllen = used_;
  }

private:
  msghdr *message_;
  uint8_t *buffer_;
  size_t used_ = 0;
};

bool is_zero(const uint8_t *bytes, size_t length) {
  return std::all_of(bytes, bytes + length, [](uint8_t b) { return b == 0; });
}

void address4(const OutboxRecord &record, msghdr *message, sockaddr_in6 *name) {
  auto *to = reinterpret_cast<sockaddr_in *>(name);
  *to = sockaddr_in{};
  to->sin_family = AF_INET;
  std::memcpy(&to->sin_addr, record.destination, 4);
  message->msg_name = to;
  message->msg_namelen = sizeof *to;
}

void address6(const OutboxRecord &record, msghdr *message, sockaddr_in6 *name) {
  *name = sockaddr_in6{};
  name->sin6_family = AF_INET6;
  name->sin6_scope_id = record.scope;
  std::memcpy(&name->sin6_addr, record.destination, 16);
  message->msg_name = name;
  message->msg_namelen = sizeof *name;
}

void controls4(const OutboxRecord &record, Controls *controls) {
  if (record.ttl != 0) {
    controls->add(IPPROTO_IP, IP_TTL, static_cast<int>(record.ttl));
  }
  if (record.tos != 0) {
    controls->add(IPPROTO_IP, IP_TOS, static_cast<int>(record.tos));
  }
  if (record.interface_index == 0 && is_zero(record.source4, 4)) {
    return;
  }
  in_pktinfo info{};
  info.ipi_ifindex = static_cast<int>(record.interface_index);
  std::memcpy(&info.ipi_spec_dst, record.source4, 4);
  controls->add(IPPROTO_IP, IP_PKTINFO, info);
}

void controls6(const OutboxRecord &record, Controls *controls) {
  if (record.ttl != 0) {
    controls->add(IPPROTO_IPV6, IPV6_HOPLIMIT, static_cast<int>(record.ttl));
  }
  if (record.tos != 0) {
    controls->add(IPPROTO_IPV6, IPV6_TCLASS, static_cast<int>(record.tos));
  }
  if ((record.socket & SOCKET_DONT_FRAGMENT) != 0) {
    controls->add(IPPROTO_IPV6, IPV6_DONTFRAG, 1);
  }
  if (record.interface_index == 0 && is_zero(record.source6, 16)) {
    return;
  }
  in6_pktinfo info{};
  info.ipi6_ifindex = record.interface_index;
  std::memcpy(&info.ipi6_addr, record.source6, 16);
  controls->add(IPPROTO_IPV6, IPV6_PKTINFO, info);
}

} // namespace

void write_message(const Socket &socket, OutboxRecord *record, Batch *batch, uint32_t index) {
  msghdr *message = &batch->messages[index].msg_hdr;
  *message = msghdr{};
  batch->vectors[index] = {record->packet, std::min(record->packet_bytes, PACKET_BYTES - 16)};
  message->msg_iov = &batch->vectors[index];
  message->msg_iovlen = 1;
  Controls controls(message, batch->control[index]);
  if (socket.stamps == Stamps::kernel && socket.keys != StampKeys::counted) {
    controls.add(SOL_SOCKET, SCM_TS_OPT_ID, record->key);
  }
  if (socket.family == AF_INET) {
    address4(*record, message, &batch->names[index]);
    controls4(*record, &controls);
  } else {
    address6(*record, message, &batch->names[index]);
    controls6(*record, &controls);
  }
  controls.finish();
}

} // namespace flint
