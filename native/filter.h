#pragma once

#include <cstdint>

namespace flint {

// Our identifiers begin at one and our ports at the other; both are aligned to their number.
struct Filter {
  uint16_t identifier;
  uint16_t port;
};

// Let only replies to our identifiers through, and errors that quote them or one of our ports.
// 0, or the errno.
int filter_icmp4(int fd, const Filter &ours);
int filter_icmp6(int fd, const Filter &ours);
// What comes to one of our ports, UDP and TCP.
int filter_ports(int fd, int family, uint16_t port);
// Nothing at all: for a socket that only sends.
int filter_all(int fd);

} // namespace flint
