#include "socket.h"

#include "filter.h"

#include <cerrno>
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_RCVBUFFORCE
#define SO_RCVBUFFORCE 33
#endif
#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

namespace flint {
namespace {

constexpr uint32_t STAMP_FLAGS = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
                                 SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;

bool set_option(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

int get_option(int fd, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  getsockopt(fd, SOL_SOCKET, option, &value, &length);
  return value;
}

bool fail(SocketError *error, const char *syscall, int code) {
  error->syscall = syscall;
  error->error = code;
  return false;
}

bool create(const SocketOptions &options, Socket *socket, SocketError *error) {
  const int protocol = options.protocol;
  if (options.inherited_fd >= 0) {
    // A descriptor of the wrong kind must not be written to.
    if (get_option(options.inherited_fd, SO_DOMAIN) != options.family ||
        get_option(options.inherited_fd, SO_PROTOCOL) != protocol) {
      return fail(error, "getsockopt", EINVAL);
    }
    socket->fd = options.inherited_fd;
    socket->is_ping = get_option(socket->fd, SO_TYPE) == SOCK_DGRAM;
    return fcntl(socket->fd, F_SETFD, FD_CLOEXEC) == 0 ? true : fail(error, "fcntl", errno);
  }
  int type = (options.is_ping ? SOCK_DGRAM : SOCK_RAW) | SOCK_CLOEXEC | SOCK_NONBLOCK;
  socket->fd = ::socket(options.family, type, protocol);
  socket->is_ping = options.is_ping;
  return socket->fd >= 0 ? true : fail(error, "socket", errno);
}

bool bind_identifier(const SocketOptions &options, const Socket &socket, SocketError *error) {
  if (!socket.is_ping) {
    return true;
  }
  sockaddr_in6 any6{};
  sockaddr_in any4{};
  any6.sin6_family = AF_INET6;
  any6.sin6_port = htons(options.identifier);
  any4.sin_family = AF_INET;
  any4.sin_port = htons(options.identifier);
  const bool is_v4 = options.family == AF_INET;
  const auto *address =
      is_v4 ? reinterpret_cast<sockaddr *>(&any4) : reinterpret_cast<sockaddr *>(&any6);
  const auto length = static_cast<socklen_t>(is_v4 ? sizeof any4 : sizeof any6);
  return ::bind(socket.fd, address, length) == 0 ? true : fail(error, "bind", errno);
}

bool set_filters(const SocketOptions &options, const Socket &socket, SocketError *error) {
  int result = 0;
  if (socket.is_send_only) {
    result = filter_all(socket.fd);
  } else if (!socket.is_ping) {
    const Filter ours{options.identifier, options.port};
    if (options.protocol == IPPROTO_ICMP) {
      result = filter_icmp4(socket.fd, ours);
    } else if (options.protocol == IPPROTO_ICMPV6) {
      result = filter_icmp6(socket.fd, ours);
    } else {
      result = filter_ports(socket.fd, options.family, options.port);
    }
  }
  return result == 0 ? true : fail(error, "setsockopt(filter)", result);
}

void set_buffers(int fd) {
  // The forced sizes need CAP_NET_ADMIN; the plain ones are capped by the system's maximum, and
  // would take back what a launcher with more rights has set. The kernel tells twice what is asked.
  if (get_option(fd, SO_RCVBUF) < 2 * RECEIVE_BUFFER_BYTES &&
      !set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)) {
    set_option(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
  }
  if (!set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER_BYTES)) {
    set_option(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
  }
  set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
}

void set_details(const SocketOptions &options, const Socket &socket) {
  if (options.family == AF_INET) {
    set_option(socket.fd, IPPROTO_IP, IP_RECVTTL, 1);
    if (socket.is_ping) {
      set_option(socket.fd, IPPROTO_IP, IP_RECVERR, 1);
    }
    return;
  }
  set_option(socket.fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
  if (socket.is_ping) {
    set_option(socket.fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
  }
}

bool set_stamping(int fd, uint32_t flags) {
  return set_option(fd, SOL_SOCKET, SO_TIMESTAMPING, static_cast<int>(flags));
}

// The ladder: nanoseconds both ways, microseconds on receipt, none (an emulated kernel may refuse
// all but the last two).
void set_stamps(Socket *socket) {
  if (set_stamping(socket->fd, STAMP_FLAGS | SOF_TIMESTAMPING_OPT_ID)) {
    socket->stamps = Stamps::kernel;
  } else if (set_option(socket->fd, SOL_SOCKET, SO_TIMESTAMP, 1)) {
    socket->stamps = Stamps::microseconds;
  }
}

} // namespace

bool open_socket(const SocketOptions &options, Socket *socket, SocketError *error) {
  *socket = Socket{};
  socket->family = options.family;
  socket->protocol = options.protocol;
  socket->is_send_only = options.dont_fragment && options.family == AF_INET && !options.is_ping;
  if (!create(options, socket, error)) {
    return false;
  }
  if (!bind_identifier(options, *socket, error) || !set_filters(options, *socket, error)) {
    close_socket(socket);
    return false;
  }
  set_buffers(socket->fd);
  set_details(options, *socket);
  set_df(socket, options.dont_fragment);
  if (options.allow_stamps) {
    set_stamps(socket);
  }
  socket->keys = options.allow_own_keys ? StampKeys::untried : StampKeys::counted;
  return true;
}

void set_df(Socket *socket, bool is_wanted) {
  if (socket->sets_df == is_wanted) {
    return;
  }
  if (socket->family == AF_INET) {
    const int mode = is_wanted ? IP_PMTUDISC_PROBE : IP_PMTUDISC_WANT;
    set_option(socket->fd, IPPROTO_IP, IP_MTU_DISCOVER, mode);
  } else {
    const int mode = is_wanted ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_WANT;
    set_option(socket->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, mode);
  }
  socket->sets_df = is_wanted;
}

void read_overflows(Socket *socket) {
  uint32_t figures[SK_MEMINFO_VARS] = {};
  socklen_t length = sizeof figures;
  if (getsockopt(socket->fd, SOL_SOCKET, SO_MEMINFO, figures, &length) == 0) {
    socket->overflows = figures[SK_MEMINFO_DROPS];
  }
}

bool request_scheduled(Socket *socket, bool is_wanted) {
  if (socket->stamps != Stamps::kernel) {
    return false;
  }
  uint32_t scheduled = is_wanted ? static_cast<uint32_t>(SOF_TIMESTAMPING_TX_SCHED) : 0;
  return set_stamping(socket->fd, STAMP_FLAGS | SOF_TIMESTAMPING_OPT_ID | scheduled);
}

void reset_keys(Socket *socket, bool with_scheduled) {
  set_stamping(socket->fd, STAMP_FLAGS);
  request_scheduled(socket, with_scheduled);
  socket->next_key = 0;
}

void close_socket(Socket *socket) {
  if (socket->fd >= 0) {
    ::close(socket->fd);
  }
  socket->fd = -1;
}

} // namespace flint
