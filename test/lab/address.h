// Addresses, byte order and sums. Addresses are 16 bytes everywhere; an IPv4 address is written as
// ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
#ifndef LAB_ADDRESS_H
#define LAB_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { PACKET_BYTES_MAX = 65535, HEADER_BYTES_V4 = 20, HEADER_BYTES_V6 = 40, ICMP_BYTES = 8 };

typedef struct {
  uint8_t bytes[16];
} Address;

static const uint8_t MAPPED_V4[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static uint16_t read_u16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static void write_u16(uint8_t *at, size_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static Address mapped_v4(const uint8_t *four) {
  Address address;
  memcpy(address.bytes, MAPPED_V4, 12);
  memcpy(address.bytes + 12, four, 4);
  return address;
}

static bool is_mapped_v4(const Address *address) {
  return memcmp(address->bytes, MAPPED_V4, 12) == 0;
}

static uint32_t sum_words(const uint8_t *bytes, size_t length, uint32_t sum) {
  for (size_t i = 0; i + 1 < length; i += 2)
    sum += read_u16(bytes + i);
  return length % 2 == 0 ? sum : sum + (uint32_t)(bytes[length - 1] << 8);
}

static uint16_t folded(uint32_t sum) {
  while (sum > 0xffff)
    sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

#endif
