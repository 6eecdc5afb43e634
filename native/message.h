// The headers that sendmmsg and recvmmsg take, one for each record of a batch.
#pragma once

#include "memory.h"
#include "socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace flint {

constexpr size_t MESSAGE_CONTROL_BYTES = 256;

struct Batch {
  mmsghdr messages[OUTBOX_MAX];
  iovec vectors[OUTBOX_MAX];
  sockaddr_in6 names[OUTBOX_MAX];
  alignas(cmsghdr) uint8_t control[OUTBOX_MAX][MESSAGE_CONTROL_BYTES];
};

// Makes place `index` of the batch send what the record says: to whom, and with which TTL, TOS,
// source, interface and key of its stamp.
void write_message(const Socket &socket, OutboxRecord *record, Batch *batch, uint32_t index);

} // namespace flint
