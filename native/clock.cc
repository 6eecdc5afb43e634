// Reading two clocks at one moment: REALTIME between two readings of MONOTONIC_RAW. A preemption
// in between makes the reading wide, so the narrowest of a few is kept.
#include "clock.h"

#include <sys/timex.h>
#include <time.h>

namespace flint {
namespace {

constexpr int TRIES_MAX = 5;
constexpr uint64_t WIDTH_GOOD_NS = 1000;
constexpr uint64_t SYNC_CHECK_NS = 1'000'000'000;

uint64_t now_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

// adjtimex with no mode set only reads, which needs no privilege.
uint32_t is_synced() {
  timex state{};
  int result = adjtimex(&state);
  return result != -1 && result != TIME_ERROR && (state.status & STA_UNSYNC) == 0 ? 1 : 0;
}

} // namespace

uint64_t realtime_ns() { return now_ns(CLOCK_REALTIME); }

void read_anchor(ControlBlock *control) {
  static uint64_t sync_checked = 0;
  uint64_t best = UINT64_MAX;
  for (int i = 0; i < TRIES_MAX && best > WIDTH_GOOD_NS; i++) {
    uint64_t before = now_ns(CLOCK_MONOTONIC_RAW);
    uint64_t real = now_ns(CLOCK_REALTIME);
    uint64_t after = now_ns(CLOCK_MONOTONIC_RAW);
    if (after - before >= best) {
      continue;
    }
    best = after - before;
    control->anchor_mono = before + best / 2;
    control->anchor_real = real;
    control->anchor_width = best;
  }
  if (sync_checked == 0 || control->anchor_mono - sync_checked >= SYNC_CHECK_NS) {
    sync_checked = control->anchor_mono;
    control->clock_synced = is_synced();
  }
}

} // namespace flint
