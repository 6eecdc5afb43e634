// What lies in the WebAssembly memory, as native code sees it. wasm/echo.ts and wasm/parse.ts
// describe the same records; native code fills and reads headers and never looks into a packet.
#pragma once

#include "limits.h"

#include <cstddef>
#include <cstdint>

namespace flint {

struct OutboxRecord {
  uint32_t socket;
  uint32_t packet_bytes;
  uint32_t key;
  uint32_t ttl;
  uint32_t tos;
  uint32_t interface_index;
  uint32_t error;
  uint32_t scope;
  uint8_t destination[16];
  uint8_t source4[8];
  uint64_t user_ns;
  uint8_t packet[PACKET_BYTES - 16];
  uint8_t source6[16];
};

struct InboxRecord {
  uint32_t kind;
  uint32_t packet_bytes;
  uint64_t stamp_ns;
  uint64_t hardware_ns;
  uint32_t flags;
  uint32_t stamp_source;
  uint8_t source[16];
  uint32_t ttl;
  uint32_t error_type;
  uint32_t error_code;
  uint32_t error_info; // the MTU that the error tells, 0 for none
  uint8_t packet[PACKET_BYTES];
};

struct StampRecord {
  uint32_t key;
  uint32_t kind;
  uint64_t stamp_ns;
  uint64_t hardware_ns;
};

// The head of wasm/layout.ts's CONTROL block.
struct ControlBlock {
  uint64_t anchor_mono;
  uint64_t anchor_real;
  uint64_t anchor_width;
  uint32_t socket_overflows;
  uint32_t clock_synced;
};

static_assert(sizeof(OutboxRecord) == RECORD_HEADER_BYTES + PACKET_BYTES);
static_assert(offsetof(OutboxRecord, packet) == RECORD_HEADER_BYTES);
static_assert(offsetof(OutboxRecord, user_ns) == 56);
static_assert(sizeof(InboxRecord) == RECORD_HEADER_BYTES + PACKET_BYTES);
static_assert(offsetof(InboxRecord, packet) == RECORD_HEADER_BYTES);
static_assert(offsetof(InboxRecord, source) == 32);
static_assert(sizeof(StampRecord) == STAMP_BYTES);
static_assert(sizeof(ControlBlock) == 32);

// OutboxRecord.socket
constexpr uint32_t SOCKET_ICMP4 = 4;
constexpr uint32_t SOCKET_ICMP6 = 6;
constexpr uint32_t SOCKET_DONT_FRAGMENT = 16;
constexpr uint32_t SOCKET_UDP = 32;
constexpr uint32_t SOCKET_TCP = 64;

// OutboxRecord.key: the slot in the low bits, its generation above. Slots from INFLIGHT_MAX on are
// those of TTL-limited probes.
constexpr uint32_t KEY_SLOT_MASK = (1 << 21) - 1;

// InboxRecord.kind
constexpr uint32_t KIND_IP4 = 4;
constexpr uint32_t KIND_ICMP6 = 6;
constexpr uint32_t KIND_ICMP4 = 44;
constexpr uint32_t KIND_UDP6 = 17;
constexpr uint32_t KIND_TCP6 = 16;
constexpr uint32_t KIND_QUOTED4 = 54;
constexpr uint32_t KIND_QUOTED6 = 56;

constexpr uint32_t FLAG_TRUNCATED = 1;

// InboxRecord.stamp_source
constexpr uint32_t STAMP_NONE = 0;
constexpr uint32_t STAMP_MICROSECONDS = 1;
constexpr uint32_t STAMP_NANOSECONDS = 2;

// StampRecord.kind
constexpr uint32_t STAMP_SENT = 0;
constexpr uint32_t STAMP_SCHEDULED = 1;

constexpr uint32_t TTL_UNKNOWN = 0xffffffff;

} // namespace flint
