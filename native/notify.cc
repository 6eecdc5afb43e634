#include "notify.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace flint {

int notify(const std::string &address, const std::string &text) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (address.size() < 2 || (address[0] != '/' && address[0] != '@')) {
    return EAFNOSUPPORT;
  }
  if (address.size() >= sizeof to.sun_path) {
    return ENAMETOOLONG;
  }
  std::memcpy(to.sun_path, address.data(), address.size());
  if (address[0] == '@') {
    to.sun_path[0] = '\0';
  }
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return errno;
  }
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  const ssize_t sent = sendto(fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr *>(&to), length);
  const int error = sent < 0 ? errno : 0;
  close(fd);
  return error;
}

} // namespace flint
