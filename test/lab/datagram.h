// What a router and a host read of a packet: ICMP echo, UDP and TCP, IPv4 and IPv6, without IP
// options and extension headers.
#ifndef LAB_DATAGRAM_H
#define LAB_DATAGRAM_H

#include "address.h"

enum { UDP = 17, TCP = 6, ICMP_V4 = 1, ICMP_V6 = 58, TCP_BYTES = 20, UDP_BYTES = 8 };
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

typedef enum { SERVICE_ICMP, SERVICE_UDP, SERVICE_TCP, SERVICES } Service;
static const char *SERVICE_NAMES[SERVICES] = {"icmp", "udp", "tcp"};

typedef struct {
  int family; // 4 or 6
  Service service;
  const uint8_t *packet;
  size_t length, header_bytes;
  const uint8_t *body; // behind the IP header
  size_t body_bytes;
  Address source, destination;
  uint8_t ttl;
  bool may_fragment;
  bool is_sound;        // its checksum is right
  uint16_t first, last; // ports; of an echo the identifier and the sequence
} Datagram;

typedef enum { PARSED, FOREIGN, MALFORMED } Parsed;

static uint32_t read_u32(const uint8_t *at) {
  return (uint32_t)read_u16(at) << 16 | read_u16(at + 2);
}

static void write_u32(uint8_t *at, uint32_t value) {
  write_u16(at, value >> 16);
  write_u16(at + 2, value & 0xffff);
}

// Over what is there: 0 when the checksum inside is right. Only ICMP for IPv4 has no pseudo header.
static uint16_t body_checksum(const uint8_t *packet, const uint8_t *body, size_t length) {
  bool is_v6 = packet[0] >> 4 == 6;
  uint8_t protocol = is_v6 ? packet[6] : packet[9];
  uint32_t sum = 0;
  if (protocol != ICMP_V4)
    sum = sum_words(packet + (is_v6 ? 8 : 12), is_v6 ? 32 : 8, (uint32_t)length + protocol);
  return folded(sum_words(body, length, sum));
}

static Parsed parse_body(Datagram *datagram, uint8_t protocol) {
  const uint8_t *body = datagram->body;
  bool is_v6 = datagram->family == 6;
  size_t needed = protocol == TCP ? TCP_BYTES : ICMP_BYTES;
  if (protocol != UDP && protocol != TCP && protocol != (is_v6 ? ICMP_V6 : ICMP_V4))
    return FOREIGN;
  if (datagram->body_bytes < needed)
    return MALFORMED;
  bool is_icmp = protocol != UDP && protocol != TCP;
  if (is_icmp && (body[0] != (is_v6 ? 128 : 8) || body[1] != 0))
    return FOREIGN;
  datagram->service = is_icmp ? SERVICE_ICMP : protocol == UDP ? SERVICE_UDP : SERVICE_TCP;
  datagram->first = read_u16(is_icmp ? body + 4 : body);
  datagram->last = read_u16(is_icmp ? body + 6 : body + 2);
  bool has_none = protocol == UDP && !is_v6 && read_u16(body + 6) == 0;
  datagram->is_sound = has_none || body_checksum(datagram->packet, body, datagram->body_bytes) == 0;
  return PARSED;
}

static Parsed parse_v4(Datagram *datagram, size_t captured) {
  const uint8_t *packet = datagram->packet;
  if (captured < HEADER_BYTES_V4)
    return MALFORMED;
  datagram->header_bytes = (packet[0] & 15u) * 4;
  datagram->length = read_u16(packet + 2);
  if (datagram->header_bytes < HEADER_BYTES_V4 || datagram->length > captured ||
      datagram->length < datagram->header_bytes ||
      folded(sum_words(packet, datagram->header_bytes, 0)) != 0)
    return MALFORMED;
  if ((read_u16(packet + 6) & 0x3fff) != 0) // a fragment
    return FOREIGN;
  datagram->may_fragment = (packet[6] & 0x40) == 0;
  datagram->ttl = packet[8];
  datagram->source = mapped_v4(packet + 12);
  datagram->destination = mapped_v4(packet + 16);
  datagram->body = packet + datagram->header_bytes;
  datagram->body_bytes = datagram->length - datagram->header_bytes;
  return parse_body(datagram, packet[9]);
}

static Parsed parse_v6(Datagram *datagram, size_t captured) {
  const uint8_t *packet = datagram->packet;
  if (captured < HEADER_BYTES_V6)
    return MALFORMED;
  datagram->header_bytes = HEADER_BYTES_V6;
  datagram->length = HEADER_BYTES_V6 + read_u16(packet + 4);
  if (datagram->length > captured)
    return MALFORMED;
  datagram->ttl = packet[7];
  memcpy(datagram->source.bytes, packet + 8, 16);
  memcpy(datagram->destination.bytes, packet + 24, 16);
  datagram->body = packet + HEADER_BYTES_V6;
  datagram->body_bytes = datagram->length - HEADER_BYTES_V6;
  return parse_body(datagram, packet[6]);
}

static Parsed parse_datagram(Datagram *datagram, const uint8_t *packet, size_t captured) {
  *datagram = (Datagram){.packet = packet};
  if (captured == 0)
    return MALFORMED;
  datagram->family = packet[0] >> 4;
  if (datagram->family == 4)
    return parse_v4(datagram, captured);
  return datagram->family == 6 ? parse_v6(datagram, captured) : FOREIGN;
}

#endif
