// One socket: opened or taken over, with filters, buffers and the best stamps it can have.
#pragma once

#include "limits.h"

#include <cstdint>
#include <vector>

namespace flint {

enum class Stamps : uint32_t { user = 0, microseconds = 1, kernel = 2 };

// Whether the kernel takes the stamp's key from us (SCM_TS_OPT_ID, Linux ≥ 6.13) or numbers sends.
enum class StampKeys : uint32_t { untried, ours, counted };

struct SentKey {
  uint32_t key;
  uint64_t user_ns;
};

struct Socket {
  int fd = -1;
  int family = 0;   // AF_INET or AF_INET6
  int protocol = 0; // IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_UDP or IPPROTO_TCP
  bool is_ping = false;
  bool is_send_only = false;
  bool sets_df = false;
  Stamps stamps = Stamps::user;
  StampKeys keys = StampKeys::untried;
  uint32_t next_key = 0;
  uint32_t overflows = 0;
  // What the kernel's count of sends means; empty until it counts, as older kernels do.
  std::vector<SentKey> sent;
};

struct SocketError {
  const char *syscall = nullptr;
  int error = 0;
};

struct SocketOptions {
  int family;
  int protocol; // as in Socket
  bool is_ping;
  bool dont_fragment;
  uint16_t identifier; // of ICMP: the first of 2 × IDENTIFIERS_MAX
  uint16_t port;       // of UDP and TCP: the first of FLOWS_MAX
  int inherited_fd;    // −1 to open one
  bool allow_stamps;
  bool allow_own_keys;
};

// On failure returns false, with the call that failed, and leaves nothing open.
bool open_socket(const SocketOptions &options, Socket *socket, SocketError *error);

// Whether packets from now on are never cut: only the interface bounds them then, not what the
// kernel remembers of the path's MTU.
void set_df(Socket *socket, bool is_wanted);

// Ping sockets do not bring SO_RXQ_OVFL with their packets: their count is asked for.
void read_overflows(Socket *socket);

// Asks for transmit stamps at the packet scheduler too, or no longer.
bool request_scheduled(Socket *socket, bool is_wanted);

// Starts the kernel's count of sends at 0 again.
void reset_keys(Socket *socket, bool with_scheduled);

void close_socket(Socket *socket);

} // namespace flint
