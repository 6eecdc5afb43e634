#pragma once

#include "memory.h"

namespace flint {

uint64_t realtime_ns();

// Writes the anchor that ties CLOCK_REALTIME to CLOCK_MONOTONIC_RAW, and how well it is tied.
void read_anchor(ControlBlock *control);

} // namespace flint
