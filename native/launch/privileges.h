// Ending every privilege of this process, for itself and for what it becomes.
#pragma once

#include <sys/types.h>

namespace flint {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
};

// `NAME` of /etc/passwd, or `UID:GID`. Root is no answer. 0, or an errno (ENOENT: unknown).
int find_user(const char *text, User *user);

struct DropError {
  const char *what = nullptr; // null: everything is dropped
  int error = 0;
};

// Bounding set, ambient, groups, ids, capabilities, no_new_privs, in this order; then looks whether
// it is so. With `user` null the ids stay as they are.
DropError drop_privileges(const User *user);

} // namespace flint
