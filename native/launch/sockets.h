// The sockets that whoever is started may measure with, opened while that is still permitted.
#pragma once

#include <cstddef>

namespace flint {

struct SocketKind {
  const char *name; // as the engine asks for it, see src/engine/open.ts
  int family;
  int protocol;
};

constexpr size_t SOCKETS_MAX = 7;
extern const SocketKind SOCKET_KINDS[SOCKETS_MAX];

constexpr int FIRST_FD = 3; // sd_listen_fds(3)

struct OpenedSockets {
  int count = 0;
  char names[64] = ""; // separated by colons
  const char *absent[SOCKETS_MAX] = {};
  size_t absent_count = 0;
  // Of the first that was refused, not only missing: none is open then.
  const SocketKind *refused = nullptr;
  int error = 0;
};

// Descriptors 0 to 2 are there afterwards and none above; 0, or the errno.
int clear_descriptors();

// Takes the descriptors from FIRST_FD on, in the order of SOCKET_KINDS.
OpenedSockets open_sockets();

} // namespace flint
