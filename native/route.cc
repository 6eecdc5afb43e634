#include "route.h"

#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

namespace flint {
namespace {

// Connecting a datagram socket makes the kernel choose a route, and sends nothing.
int connect_to(int fd, const Route &route) {
  sockaddr_in6 six{};
  sockaddr_in four{};
  if (route.interface_index != 0) {
    const auto index = static_cast<int>(route.interface_index);
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof index) != 0) {
      return errno;
    }
  }
  // Any port but 0 will do.
  if (route.family == AF_INET) {
    four.sin_family = AF_INET;
    four.sin_port = htons(9);
    std::memcpy(&four.sin_addr, route.destination, 4);
    return connect(fd, reinterpret_cast<sockaddr *>(&four), sizeof four) == 0 ? 0 : errno;
  }
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(9);
  six.sin6_scope_id = route.scope;
  std::memcpy(&six.sin6_addr, route.destination, 16);
  return connect(fd, reinterpret_cast<sockaddr *>(&six), sizeof six) == 0 ? 0 : errno;
}

int read_name(int fd, const Route &route, uint8_t *source) {
  sockaddr_in6 name{};
  socklen_t length = sizeof name;
  if (getsockname(fd, reinterpret_cast<sockaddr *>(&name), &length) != 0) {
    return errno;
  }
  if (route.family == AF_INET) {
    std::memcpy(source, &reinterpret_cast<const sockaddr_in &>(name).sin_addr, 4);
  } else {
    std::memcpy(source, &name.sin6_addr, 16);
  }
  return 0;
}

} // namespace

int find_source(const Route &route, uint8_t *source) {
  const int fd = socket(route.family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
  if (fd < 0) {
    return errno;
  }
  int error = connect_to(fd, route);
  if (error == 0) {
    error = read_name(fd, route, source);
  }
  close(fd);
  return error;
}

} // namespace flint
