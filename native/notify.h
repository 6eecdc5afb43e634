// One word to the service manager (sd_notify(3)).
#pragma once

#include <string>

namespace flint {

// A datagram to a socket by its path, or by @name where it has none. Does not wait: 0, or the
// errno.
int notify(const std::string &address, const std::string &text);

} // namespace flint
