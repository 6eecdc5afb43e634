// Echo requests in, echo replies and ICMP errors out, for IPv4 and IPv6. A packet begins at its IP
// header, which has no options in what we write.
#ifndef LAB_PACKET_H
#define LAB_PACKET_H

#include "address.h"

typedef struct {
  int family; // 4 or 6
  const uint8_t *packet;
  size_t length;
  const uint8_t *icmp;
  size_t icmp_length;
  Address source, destination;
  uint16_t id, seq;
} Request;

typedef enum { PARSED, FOREIGN, MALFORMED } Parsed;

// type and code as RFC 792 and RFC 4443 number them.
typedef struct {
  const char *name;
  uint8_t type_v4, code_v4, type_v6, code_v6;
} IcmpError;

// Over what is there: 0 when the checksum inside is right.
static uint16_t icmp_checksum(const uint8_t *packet, const uint8_t *icmp, size_t icmp_length) {
  uint32_t sum = 0;
  if (packet[0] >> 4 == 6) // the pseudo header of RFC 8200, 8.1: addresses, length, next header
    sum = sum_words(packet + 8, 32, (uint32_t)icmp_length + 58);
  return folded(sum_words(icmp, icmp_length, sum));
}

static Parsed parse_echo(Request *request, const uint8_t request_type) {
  const uint8_t *icmp = request->icmp;
  if (request->icmp_length < ICMP_BYTES)
    return MALFORMED;
  if (icmp[0] != request_type || icmp[1] != 0)
    return FOREIGN;
  if (icmp_checksum(request->packet, icmp, request->icmp_length) != 0)
    return MALFORMED;
  request->id = read_u16(icmp + 4);
  request->seq = read_u16(icmp + 6);
  return PARSED;
}

static Parsed parse_v4(Request *request, size_t captured) {
  const uint8_t *packet = request->packet;
  size_t header_length = (packet[0] & 15u) * 4;
  if (captured < HEADER_BYTES_V4 || header_length < HEADER_BYTES_V4)
    return MALFORMED;
  request->family = 4;
  request->length = read_u16(packet + 2);
  if (request->length > captured || request->length < header_length ||
      folded(sum_words(packet, header_length, 0)) != 0)
    return MALFORMED;
  bool is_fragment = (read_u16(packet + 6) & 0x3fff) != 0;
  if (packet[9] != 1 || is_fragment)
    return FOREIGN;
  request->source = mapped_v4(packet + 12);
  request->destination = mapped_v4(packet + 16);
  request->icmp = packet + header_length;
  request->icmp_length = request->length - header_length;
  return parse_echo(request, 8);
}

static Parsed parse_v6(Request *request, size_t captured) {
  const uint8_t *packet = request->packet;
  if (captured < HEADER_BYTES_V6)
    return MALFORMED;
  request->family = 6;
  request->length = HEADER_BYTES_V6 + read_u16(packet + 4);
  if (request->length > captured)
    return MALFORMED;
  if (packet[6] != 58) // extension headers are not followed
    return FOREIGN;
  memcpy(request->source.bytes, packet + 8, 16);
  memcpy(request->destination.bytes, packet + 24, 16);
  request->icmp = packet + HEADER_BYTES_V6;
  request->icmp_length = request->length - HEADER_BYTES_V6;
  return parse_echo(request, 128);
}

static Parsed parse_request(Request *request, const uint8_t *packet, size_t captured) {
  request->packet = packet;
  if (captured == 0)
    return MALFORMED;
  if (packet[0] >> 4 == 4)
    return parse_v4(request, captured);
  return packet[0] >> 4 == 6 ? parse_v6(request, captured) : FOREIGN;
}

static size_t header_bytes(const Request *request) {
  return request->family == 4 ? HEADER_BYTES_V4 : HEADER_BYTES_V6;
}

// The header of an answer to the one who asked; the traffic class is handed back, as hosts do.
static void write_header(uint8_t *out, const Request *request, const Address *source,
                         size_t icmp_length, uint8_t ttl) {
  memset(out, 0, header_bytes(request));
  if (request->family == 6) {
    out[0] = request->packet[0];
    out[1] = request->packet[1] & 0xf0;
    write_u16(out + 4, icmp_length);
    out[6] = 58;
    out[7] = ttl;
    memcpy(out + 8, source->bytes, 16);
    memcpy(out + 24, request->source.bytes, 16);
    return;
  }
  out[0] = 0x45;
  out[1] = request->packet[1];
  write_u16(out + 2, HEADER_BYTES_V4 + icmp_length);
  out[6] = 0x40;
  out[8] = ttl;
  out[9] = 1;
  memcpy(out + 12, source->bytes + 12, 4);
  memcpy(out + 16, request->source.bytes + 12, 4);
  write_u16(out + 10, folded(sum_words(out, HEADER_BYTES_V4, 0)));
}

static void seal_icmp(uint8_t *out, uint8_t *icmp, size_t icmp_length) {
  if (icmp_length < 4) // cut off before its checksum
    return;
  write_u16(icmp + 2, 0);
  write_u16(icmp + 2, icmp_checksum(out, icmp, icmp_length));
}

// An error that quotes the first `quote_bytes` of the request's packet.
static size_t build_error(uint8_t *out, const Request *request, const IcmpError *error,
                          size_t quote_bytes) {
  uint8_t *icmp = out + header_bytes(request);
  size_t room = PACKET_BYTES_MAX - header_bytes(request) - ICMP_BYTES;
  size_t quoted = quote_bytes < request->length ? quote_bytes : request->length;
  quoted = quoted < room ? quoted : room;
  memset(icmp, 0, ICMP_BYTES);
  icmp[0] = request->family == 4 ? error->type_v4 : error->type_v6;
  icmp[1] = request->family == 4 ? error->code_v4 : error->code_v6;
  memcpy(icmp + ICMP_BYTES, request->packet, quoted);
  return ICMP_BYTES + quoted;
}

// The request's message as a reply, not yet sealed.
static void build_reply(uint8_t *out, const Request *request) {
  uint8_t *icmp = out + header_bytes(request);
  memcpy(icmp, request->icmp, request->icmp_length);
  icmp[0] = request->family == 4 ? 0 : 129;
}

#endif
