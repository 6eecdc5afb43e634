// What routers and hosts answer, byte for byte.
#ifndef LAB_REPLY_H
#define LAB_REPLY_H

#include "path.h"

enum { MPLS_CLASS = 1, MPLS_STACK = 1, EXTENSION_AT = 128, TOS_CONTROL = 0xc0 };
enum { ERROR_BYTES_MAX_V4 = 576, ERROR_BYTES_MAX_V6 = 1280, WINDOW = 64240 };

static const IcmpError EXPIRED_ERROR = {"expired", 11, 0, 3, 0};
static const IcmpError PORT_ERROR = {"port", 3, 3, 1, 4};
static const IcmpError TOO_BIG_ERROR = {"too big", 3, 4, 2, 0};
static const IcmpError PROHIBITED_ERROR = {"prohibited", 3, 13, 1, 1};

typedef struct {
  const Datagram *to; // what is answered
  const Settings *settings;
  const Address *source;
  uint8_t ttl;        // on arrival at the one who asked
  uint8_t quoted_ttl; // that the packet had left
} Reply;

static size_t header_bytes(const Datagram *datagram) {
  return datagram->family == 6 ? HEADER_BYTES_V6 : HEADER_BYTES_V4;
}

// The header; `bytes` is the length of what follows it.
static void write_header(uint8_t *out, const Reply *reply, uint8_t protocol, size_t bytes) {
  static uint16_t identification;
  const Datagram *to = reply->to;
  memset(out, 0, header_bytes(to));
  if (to->family == 6) {
    out[0] = 0x60;
    write_u16(out + 4, bytes);
    out[6] = protocol;
    out[7] = reply->ttl;
    memcpy(out + 8, reply->source->bytes, 16);
    memcpy(out + 24, to->source.bytes, 16);
    return;
  }
  out[0] = 0x45;
  write_u16(out + 2, HEADER_BYTES_V4 + bytes);
  write_u16(out + 4, ++identification);
  out[8] = reply->ttl;
  out[9] = protocol;
  memcpy(out + 12, reply->source->bytes + 12, 4);
  memcpy(out + 16, to->source.bytes + 12, 4);
  write_u16(out + 10, folded(sum_words(out, HEADER_BYTES_V4, 0)));
}

// Completes the packet around a body that is in place, with the checksum at `sum_at` of the body.
static size_t seal(uint8_t *out, const Reply *reply, size_t bytes, size_t sum_at) {
  static const uint8_t icmp[2] = {ICMP_V4, ICMP_V6};
  const Datagram *to = reply->to;
  uint8_t *body = out + header_bytes(to);
  uint8_t protocol = sum_at == 6 ? UDP : sum_at == 16 ? TCP : icmp[to->family == 6];
  write_header(out, reply, protocol, bytes);
  write_u16(body + sum_at, 0);
  uint16_t sum = body_checksum(out, body, bytes);
  write_u16(body + sum_at, sum == 0 && protocol == UDP ? 0xffff : sum);
  return header_bytes(to) + bytes;
}

static void rewrite_addresses(uint8_t *packet, const Settings *settings, bool is_v6) {
  const Alias *source = &settings->quoted_source, *destination = &settings->quoted_destination;
  size_t at = is_v6 ? 8 : 12, bytes = is_v6 ? 16 : 4;
  if (source->has_address[is_v6])
    memcpy(packet + at, source->address[is_v6].bytes + 16 - bytes, bytes);
  if (destination->has_address[is_v6])
    memcpy(packet + at + bytes, destination->address[is_v6].bytes + 16 - bytes, bytes);
}

// The packet as it arrived at the router, with what a NAT or a careless router made of it.
static void write_seen(uint8_t *seen, const Reply *reply) {
  const Datagram *to = reply->to;
  const int32_t *rewrites = reply->settings->rewrites;
  bool is_v6 = to->family == 6;
  uint8_t *body = seen + to->header_bytes;
  size_t ports_at = to->service == SERVICE_ICMP ? 4 : 0;
  size_t sum_at = to->service == SERVICE_ICMP ? 2 : to->service == SERVICE_UDP ? 6 : 16;
  memcpy(seen, to->packet, to->length);
  seen[is_v6 ? 7 : 8] =
      rewrites[REWRITE_TTL] >= 0 ? (uint8_t)rewrites[REWRITE_TTL] : reply->quoted_ttl;
  if (rewrites[REWRITE_LENGTH] >= 0)
    write_u16(seen + (is_v6 ? 4 : 2), (size_t)rewrites[REWRITE_LENGTH]);
  rewrite_addresses(seen, reply->settings, is_v6);
  if (rewrites[REWRITE_SOURCE_PORT] >= 0)
    write_u16(body + ports_at, (size_t)rewrites[REWRITE_SOURCE_PORT]);
  if (rewrites[REWRITE_DESTINATION_PORT] >= 0)
    write_u16(body + ports_at + 2, (size_t)rewrites[REWRITE_DESTINATION_PORT]);
  if (rewrites[REWRITE_CHECKSUM] >= 0)
    write_u16(body + sum_at, (size_t)rewrites[REWRITE_CHECKSUM]);
  if (is_v6)
    return;
  write_u16(seen + 10, 0);
  write_u16(seen + 10, folded(sum_words(seen, to->header_bytes, 0)));
}

// RFC 4884: version 2, checksum, and one object, the label stack of RFC 4950.
static size_t write_labels(uint8_t *out, const Settings *settings) {
  size_t object_bytes = 4 + settings->label_count * 4;
  memset(out, 0, 8);
  out[0] = 2 << 4;
  write_u16(out + 4, object_bytes);
  out[6] = MPLS_CLASS;
  out[7] = MPLS_STACK;
  for (uint32_t i = 0; i < settings->label_count; i++)
    write_u32(out + 8 + i * 4, settings->labels[i]);
  write_u16(out + 2, folded(sum_words(out, 4 + object_bytes, 0)));
  return 4 + object_bytes;
}

static size_t quote_bytes(const Reply *reply, size_t room) {
  const Settings *settings = reply->settings;
  const Datagram *to = reply->to;
  size_t bytes = (size_t)settings->quote_bytes;
  if (settings->quote_bytes == QUOTE_MIN)
    bytes = to->header_bytes + 8;
  bytes = bytes < to->length ? bytes : to->length;
  return bytes < room ? bytes : room;
}

// The length of the whole packet. `mtu` counts only where the error is about it.
static size_t write_error(uint8_t *out, const Reply *reply, const IcmpError *error, uint32_t mtu) {
  static uint8_t seen[PACKET_BYTES_MAX];
  const Settings *settings = reply->settings;
  bool is_v6 = reply->to->family == 6;
  uint8_t *icmp = out + header_bytes(reply->to), *quote = icmp + ICMP_BYTES;
  size_t room =
      (is_v6 ? ERROR_BYTES_MAX_V6 : ERROR_BYTES_MAX_V4) - header_bytes(reply->to) - ICMP_BYTES;
  size_t unit = is_v6 ? 8 : 4;
  bool has_labels = settings->label_count > 0 && !(is_v6 && error == &TOO_BIG_ERROR);
  if (has_labels)
    room =
        settings->has_length ? (room - 8 - settings->label_count * 4) / unit * unit : EXTENSION_AT;
  size_t bytes = quote_bytes(reply, room);
  write_seen(seen, reply);
  memset(icmp, 0, ICMP_BYTES + EXTENSION_AT);
  memset(quote + bytes, 0, unit);
  memcpy(quote, seen, bytes);
  icmp[0] = is_v6 ? error->type_v6 : error->type_v4;
  icmp[1] = is_v6 ? error->code_v6 : error->code_v4;
  if (error == &TOO_BIG_ERROR)
    write_u32(icmp + 4, mtu);
  if (has_labels) {
    size_t padded = bytes < EXTENSION_AT ? EXTENSION_AT : (bytes + unit - 1) / unit * unit;
    if (settings->has_length)
      icmp[is_v6 ? 4 : 5] = (uint8_t)(padded / unit);
    bytes = padded + write_labels(quote + padded, settings);
  }
  return seal(out, reply, ICMP_BYTES + bytes, 2);
}

static size_t write_echo_reply(uint8_t *out, const Reply *reply) {
  const Datagram *to = reply->to;
  uint8_t *body = out + header_bytes(to);
  memcpy(body, to->body, to->body_bytes);
  body[0] = to->family == 6 ? 129 : 0;
  return seal(out, reply, to->body_bytes, 2);
}

static size_t write_udp(uint8_t *out, const Reply *reply) {
  const Datagram *to = reply->to;
  uint8_t *body = out + header_bytes(to);
  memcpy(body, to->body, to->body_bytes);
  write_u16(body, to->last);
  write_u16(body + 2, to->first);
  write_u16(body + 4, to->body_bytes);
  return seal(out, reply, to->body_bytes, 6);
}

typedef struct {
  uint32_t seq, ack;
  uint8_t flags;
} Segment;

static size_t write_tcp(uint8_t *out, const Reply *reply, const Segment *segment) {
  const Datagram *to = reply->to;
  uint8_t *body = out + header_bytes(to);
  bool has_mss = (segment->flags & TCP_SYN) != 0;
  size_t bytes = TCP_BYTES + (has_mss ? 4u : 0u);
  memset(body, 0, bytes);
  write_u16(body, to->last);
  write_u16(body + 2, to->first);
  write_u32(body + 4, segment->seq);
  write_u32(body + 8, segment->ack);
  body[12] = (uint8_t)(bytes / 4 << 4);
  body[13] = segment->flags;
  write_u16(body + 14, (segment->flags & TCP_RST) != 0 ? 0 : WINDOW);
  if (has_mss)
    write_u32(body + TCP_BYTES, 2u << 24 | 4u << 16 | 1400);
  return seal(out, reply, bytes, 16);
}

#endif
