#pragma once

#include <cstdint>

namespace flint {

// Let only replies and errors about our sixteen identifiers through. 0, or the errno.
int filter_icmp4(int fd, uint16_t identifier);
int filter_icmp6(int fd, uint16_t identifier);
// Nothing at all: for a socket that only sends.
int filter_all(int fd);

} // namespace flint
