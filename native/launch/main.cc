// flint-launch: opens the sockets that measuring needs, gives up every privilege, becomes the
// command. Node has threads before any code of ours runs, and a thread can only give up its own
// capabilities: so this is done by a program that has one thread, before Node begins.
//
// To the command the sockets are descriptors from 3 on, named by LISTEN_FDS, LISTEN_FDNAMES and
// LISTEN_PID as sd_listen_fds(3) has it. All other variables stay, NOTIFY_SOCKET and WATCHDOG_USEC
// among them, and so does the process id: to systemd it is one and the same process.
#include "arguments.h"
#include "privileges.h"
#include "sockets.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <unistd.h>

namespace flint {
namespace {

constexpr int EXIT_USAGE = 2;
constexpr int EXIT_UNAVAILABLE = 3;

constexpr const char *HELP =
    "Usage: flint-launch [--user NAME] [--dry-run] [--] COMMAND [ARGUMENT…]\n"
    "\n"
    "Opens raw sockets (ICMP, UDP and TCP of IPv4 and IPv6), gives up every capability for good\n"
    "(no_new_privs), and becomes COMMAND, which finds the sockets by LISTEN_FDNAMES.\n"
    "\n"
    "  --user NAME  whom to become when started as root: a name of /etc/passwd, or UID:GID\n"
    "  --dry-run    prints what would be done\n"
    "  --version    prints the version\n"
    "  --help       prints this\n"
    "\n"
    "Needs CAP_NET_RAW: in a unit `User=flint` and `AmbientCapabilities=CAP_NET_RAW`.\n"
    "Exit code 2: wrong use; 3: not permitted or not available here; else that of COMMAND.\n"
    "\n"
    "Example: flint-launch --user flint -- node dist/main.js probe\n";

// One line, and the exit code to end with.
[[gnu::format(printf, 2, 3)]] int fail(int code, const char *format, ...) {
  va_list values;
  va_start(values, format);
  std::fputs("flint-launch: ", stderr);
  std::vfprintf(stderr, format, values);
  std::fputc('\n', stderr);
  va_end(values);
  return code;
}

int dry_run(const Arguments &arguments, const User *user) {
  for (const SocketKind &kind : SOCKET_KINDS) {
    std::printf("open a raw socket: %s\n", kind.name);
  }
  std::puts("empty the bounding and the ambient set of capabilities");
  if (user != nullptr) {
    std::printf("become user %u, group %u, no other groups\n", user->uid, user->gid);
  }
  std::puts("drop every capability\nset no_new_privs");
  std::fputs("become:", stdout);
  for (char **word = arguments.command; *word != nullptr; word++) {
    std::printf(" %s", *word);
  }
  std::fputc('\n', stdout);
  return 0;
}

int explain_sockets(const OpenedSockets &opened) {
  const char *why = std::strerror(opened.error);
  if (opened.error == EPERM || opened.error == EACCES) {
    return fail(EXIT_UNAVAILABLE,
                "raw socket %s refused (%s): the unit lacks AmbientCapabilities=CAP_NET_RAW, or "
                "its CapabilityBoundingSet= leaves that out; by hand, start as root with --user",
                opened.refused->name, why);
  }
  return fail(EXIT_UNAVAILABLE, "raw socket %s refused (%s)", opened.refused->name, why);
}

int explain_absent() {
  return fail(EXIT_UNAVAILABLE,
              "there is neither IPv4 nor IPv6 to measure: the unit's RestrictAddressFamilies= "
              "lacks AF_INET AF_INET6, or the kernel has neither");
}

int explain_drop(const DropError &error) {
  return fail(EXIT_UNAVAILABLE,
              "%s: %s; nothing is started with privileges left; does the unit's "
              "SystemCallFilter= allow capset, prctl and, for --user, @setuid?",
              error.what, std::strerror(error.error));
}

void tell_absent(const OpenedSockets &opened) {
  for (size_t i = 0; i < opened.absent_count; i++) {
    std::fprintf(stderr, "flint-launch: going on without %s: not supported here\n",
                 opened.absent[i]);
  }
}

int set_environment(const OpenedSockets &opened) {
  char count[16];
  char pid[16];
  std::snprintf(count, sizeof count, "%d", opened.count);
  std::snprintf(pid, sizeof pid, "%d", static_cast<int>(getpid()));
  const bool is_set = setenv("LISTEN_FDS", count, 1) == 0 && setenv("LISTEN_PID", pid, 1) == 0 &&
                      setenv("LISTEN_FDNAMES", opened.names, 1) == 0;
  return is_set ? 0 : fail(EXIT_UNAVAILABLE, "no memory for the environment");
}

// Whom to become; null for whoever we are.
int choose_user(const Arguments &arguments, User *user, const User **chosen) {
  *chosen = nullptr;
  if (arguments.user == nullptr) {
    return geteuid() != 0 && getuid() != 0
               ? 0
               : fail(EXIT_USAGE, "started as root: say with --user NAME whom to become");
  }
  const int error = find_user(arguments.user, user);
  if (error == EINVAL) {
    return fail(EXIT_USAGE, "--user %s is root, or of its group: name another", arguments.user);
  }
  if (error != 0) {
    return fail(EXIT_USAGE, "--user %s: %s", arguments.user,
                error == ENOENT ? "no such user in /etc/passwd" : std::strerror(error));
  }
  if (geteuid() == 0) {
    *chosen = user;
    return 0;
  }
  const bool isSame = getuid() == user->uid && geteuid() == user->uid;
  return isSame ? 0
                : fail(EXIT_UNAVAILABLE, "only root can become %s: this is user %u", arguments.user,
                       getuid());
}

int launch(const Arguments &arguments, const User *user) {
  const int error = clear_descriptors();
  if (error != 0) {
    return fail(EXIT_UNAVAILABLE, "descriptors cannot be closed: %s", std::strerror(error));
  }
  const OpenedSockets opened = open_sockets();
  if (opened.refused != nullptr) {
    return explain_sockets(opened);
  }
  if (opened.count == 0) {
    return explain_absent();
  }
  tell_absent(opened);
  const DropError drop = drop_privileges(user);
  if (drop.what != nullptr) {
    return explain_drop(drop);
  }
  if (const int code = set_environment(opened)) {
    return code;
  }
  // What was root's own, another cannot read.
  for (const char *name : {"HOME", "USER", "LOGNAME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"}) {
    if (user != nullptr) {
      unsetenv(name);
    }
  }
  execvp(arguments.command[0], arguments.command);
  return fail(EXIT_UNAVAILABLE, "%s cannot be started: %s", arguments.command[0],
              std::strerror(errno));
}

int run(const Arguments &arguments) {
  if (arguments.wish == Wish::help) {
    std::fputs(HELP, stdout);
    return 0;
  }
  if (arguments.wish == Wish::version) {
    std::puts("flint-launch " FLINT_VERSION);
    return 0;
  }
  if (arguments.wish == Wish::usage_error) {
    return fail(EXIT_USAGE, "%s: see flint-launch --help", arguments.wrong);
  }
  User user;
  const User *chosen = nullptr;
  if (const int code = choose_user(arguments, &user, &chosen)) {
    return code;
  }
  return arguments.wish == Wish::dry_run ? dry_run(arguments, chosen) : launch(arguments, chosen);
}

} // namespace
} // namespace flint

int main(int count, char **words) { return flint::run(flint::parse_arguments(count, words)); }
