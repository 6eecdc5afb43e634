#include "sockets.h"

#include "../limits.h"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SO_RCVBUFFORCE
#define SO_RCVBUFFORCE 33
#endif

namespace flint {

// A second socket for echoes that must not be cut: IPv4 says so by socket, not by packet.
const SocketKind SOCKET_KINDS[SOCKETS_MAX] = {
    {"icmp4", AF_INET, IPPROTO_ICMP},    {"icmp4-df", AF_INET, IPPROTO_ICMP},
    {"icmp6", AF_INET6, IPPROTO_ICMPV6}, {"udp4", AF_INET, IPPROTO_UDP},
    {"udp6", AF_INET6, IPPROTO_UDP},     {"tcp4", AF_INET, IPPROTO_TCP},
    {"tcp6", AF_INET6, IPPROTO_TCP},
};

namespace {

// Older than close_range (Linux 5.9), or a filter of system calls that does not know it.
int close_one_by_one() {
  DIR *folder = opendir("/proc/self/fd");
  if (folder == nullptr) {
    return errno;
  }
  while (const dirent *entry = readdir(folder)) {
    const int fd = std::atoi(entry->d_name);
    if (fd >= FIRST_FD && fd != dirfd(folder)) {
      close(fd);
    }
  }
  closedir(folder);
  return 0;
}

bool is_absent(int error) {
  return error == EAFNOSUPPORT || error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT;
}

// Nothing is received before the engine sets a filter of its own, so nothing foreign waits in the
// buffer when it begins. The larger buffer needs CAP_NET_ADMIN; it does without.
void prepare(int fd) {
  sock_filter drop[] = {{BPF_RET | BPF_K, 0, 0, 0}};
  const sock_fprog program{1, drop};
  const int bytes = RECEIVE_BUFFER_BYTES;
  setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
}

void append_name(OpenedSockets *opened, const char *name) {
  const size_t used = std::strlen(opened->names);
  std::snprintf(opened->names + used, sizeof opened->names - used, "%s%s", used == 0 ? "" : ":",
                name);
}

} // namespace

int clear_descriptors() {
  for (int fd = 0; fd < FIRST_FD; fd++) {
    // A closed one would be taken by the next that is opened.
    if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDWR) != fd) {
      return errno == 0 ? EBADF : errno;
    }
  }
  return syscall(SYS_close_range, FIRST_FD, UINT_MAX, 0) == 0 ? 0 : close_one_by_one();
}

OpenedSockets open_sockets() {
  OpenedSockets opened;
  for (const SocketKind &kind : SOCKET_KINDS) {
    const int fd = socket(kind.family, SOCK_RAW | SOCK_NONBLOCK, kind.protocol);
    const int error = fd < 0 ? errno : 0;
    if (is_absent(error)) {
      opened.absent[opened.absent_count++] = kind.name;
      continue;
    }
    if (error != 0 || fd != FIRST_FD + opened.count) {
      opened.refused = &kind;
      opened.error = error == 0 ? EBADF : error;
      return opened;
    }
    prepare(fd);
    append_name(&opened, kind.name);
    opened.count++;
  }
  return opened;
}

} // namespace flint
