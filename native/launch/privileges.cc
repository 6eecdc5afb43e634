#include "privileges.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace flint {
namespace {

constexpr unsigned long CAPABILITY_NUMBERS = 64;
constexpr unsigned long ID_MAX = 0xFFFFFFFE;

DropError failed(const char *what) { return {what, errno}; }

// Decimal digits up to `end`; false for anything else and for the id that means "none".
bool parse_id(const char *text, char end, unsigned *id, const char **rest) {
  char *stop = nullptr;
  errno = 0;
  const unsigned long value = std::strtoul(text, &stop, 10);
  if (text[0] < '0' || text[0] > '9' || *stop != end || errno != 0 || value >= ID_MAX) {
    return false;
  }
  *id = static_cast<unsigned>(value);
  *rest = stop + 1;
  return true;
}

// Not by getpwnam: its sources are loaded at run time, which a static program cannot do well.
int find_name(const char *name, User *user) {
  FILE *file = std::fopen("/etc/passwd", "re");
  if (file == nullptr) {
    return errno;
  }
  int error = ENOENT;
  while (const passwd *entry = fgetpwent(file)) {
    if (std::strcmp(entry->pw_name, name) == 0) {
      *user = {entry->pw_uid, entry->pw_gid};
      error = 0;
      break;
    }
  }
  std::fclose(file);
  return error;
}

// Only root may; another user's bounding set is the unit's affair, and worth nothing without root.
DropError drop_bounding_set() {
  for (unsigned long number = 0; number < CAPABILITY_NUMBERS; number++) {
    if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0) {
      continue;
    }
    if (errno == EINVAL || errno == EPERM) {
      break; // past the last that the kernel knows, or not allowed
    }
    return failed("prctl(PR_CAPBSET_DROP)");
  }
  return {};
}

DropError drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return syscall(SYS_capset, &header, none) == 0 ? DropError{} : failed("capset");
}

DropError become(const User &user) {
  if (setgroups(0, nullptr) != 0) {
    return failed("setgroups");
  }
  if (setresgid(user.gid, user.gid, user.gid) != 0) {
    return failed("setresgid");
  }
  return setresuid(user.uid, user.uid, user.uid) == 0 ? DropError{} : failed("setresuid");
}

bool has_capability() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, now) != 0) {
    return true;
  }
  for (const auto &part : now) {
    if ((part.effective | part.permitted | part.inheritable) != 0) {
      return true;
    }
  }
  for (unsigned long number = 0; number < CAPABILITY_NUMBERS; number++) {
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, number, 0, 0) == 1) {
      return true;
    }
  }
  return false;
}

bool is_root() {
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  return getresuid(&real, &effective, &saved) != 0 || real == 0 || effective == 0 || saved == 0;
}

DropError verify() {
  if (is_root()) {
    return {"root was given up, and is still there", EPERM};
  }
  if (has_capability()) {
    return {"capabilities were dropped, and are still there", EPERM};
  }
  return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? DropError{}
                                                     : failed("prctl(PR_GET_NO_NEW_PRIVS)");
}

} // namespace

int find_user(const char *text, User *user) {
  const char *rest = nullptr;
  const char *end = nullptr;
  unsigned uid = 0;
  unsigned gid = 0;
  int error = 0;
  if (parse_id(text, ':', &uid, &rest) && parse_id(rest, '\0', &gid, &end)) {
    *user = {uid, gid};
  } else {
    error = find_name(text, user);
  }
  return error != 0 ? error : user->uid == 0 || user->gid == 0 ? EINVAL : 0;
}

DropError drop_privileges(const User *user) {
  DropError error = drop_bounding_set();
  if (error.what == nullptr && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
    error = failed("prctl(PR_CAP_AMBIENT)");
  }
  if (error.what == nullptr && user != nullptr) {
    error = become(*user);
  }
  if (error.what == nullptr) {
    error = drop_capabilities();
  }
  if (error.what == nullptr && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    error = failed("prctl(PR_SET_NO_NEW_PRIVS)");
  }
  return error.what == nullptr ? verify() : error;
}

} // namespace flint
