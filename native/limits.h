// The bounds that native code shares with wasm/limits.ts and src/engine/limits.ts.
#pragma once

#include <cstdint>

namespace flint {

constexpr uint32_t INFLIGHT_MAX = 1 << 20;
constexpr uint32_t IDENTIFIERS_MAX = 16;
constexpr uint32_t PROBES_MAX = 8192;
constexpr uint32_t FLOWS_MAX = 256;
constexpr uint32_t OUTBOX_MAX = 64;
constexpr uint32_t INBOX_MAX = 64;
constexpr uint32_t STAMPS_MAX = 1024;
constexpr uint32_t RECORD_HEADER_BYTES = 64;
constexpr uint32_t PACKET_BYTES = 1600;
constexpr uint32_t STAMP_BYTES = 24;

// Transmit stamps of one socket that may be outstanding when the kernel numbers them itself.
constexpr uint32_t STAMP_KEYS_MAX = 1 << 16;
// Asked for; 2000 echoes without draining lose all but 128 at the default of 208 KiB.
constexpr int RECEIVE_BUFFER_BYTES = 4 << 20;
constexpr int SEND_BUFFER_BYTES = 1 << 20;
// Bumped whenever a record or a method changes.
constexpr uint32_t ABI_VERSION = 3;

} // namespace flint
