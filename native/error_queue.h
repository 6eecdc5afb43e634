#pragma once

#include "memory.h"
#include "socket.h"

namespace flint {

// Where the next records go; both ends are counted by the transport.
struct Tray {
  InboxRecord *inbox;
  StampRecord *stamps;
  uint32_t packets = 0;
  uint32_t stamp_count = 0;
};

// Reads transmit stamps (and, of ping sockets, ICMP errors) until the queue or the tray is at its
// end.
void drain_error_queue(Socket *socket, Tray *tray);

} // namespace flint
