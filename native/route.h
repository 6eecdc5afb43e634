// Which address the kernel would send from. Checksums of UDP and TCP cover it, and raw sockets
// leave these to us.
#pragma once

#include <cstdint>

namespace flint {

struct Route {
  int family; // AF_INET or AF_INET6
  const uint8_t *destination;
  uint32_t interface_index; // 0: the routes decide
  uint32_t scope;
};

// Writes 4 or 16 bytes. Sends nothing. 0, or the errno.
int find_source(const Route &route, uint8_t *source);

} // namespace flint
