// TCP as far as a listener takes it before anything is accepted. As Linux does, a half-open
// connection answers another SYN, with another sequence number, only by saying what it waits for,
// until it is reset.
#ifndef LAB_HANDSHAKE_H
#define LAB_HANDSHAKE_H

#include "reply.h"

enum { HALF_OPEN_MAX = 1 << 14, PROBES_MAX = 16 };

typedef struct {
  uint64_t key; // 0: free
  uint32_t first_seq, own_seq;
  uint64_t order;
} HalfOpen;

static HalfOpen half_open[HALF_OPEN_MAX];

typedef enum { TCP_IGNORED, TCP_ACCEPTED, TCP_CHALLENGED, TCP_REFUSED, TCP_RESET } Handshake;

static uint64_t connection_key(const Datagram *datagram) {
  uint64_t hash = flow_hash(datagram, BY_PORTS);
  return hash == 0 ? 1 : hash;
}

// The connection's entry, or the one to use for it: a free one, else the oldest nearby.
static HalfOpen *find_half_open(uint64_t key) {
  HalfOpen *best = NULL;
  for (uint64_t i = 0; i < PROBES_MAX; i++) {
    HalfOpen *entry = &half_open[(key + i) % HALF_OPEN_MAX];
    if (entry->key == key)
      return entry;
    if (best == NULL || (best->key != 0 && (entry->key == 0 || entry->order < best->order)))
      best = entry;
  }
  return best;
}

static Handshake accept_syn(uint64_t key, uint32_t seq, Segment *answer) {
  static uint64_t order;
  HalfOpen *entry = find_half_open(key);
  bool is_other = entry->key == key && entry->first_seq != seq;
  if (entry->key != key)
    *entry = (HalfOpen){key, seq, (uint32_t)mixed(key + order), ++order};
  answer->ack = entry->first_seq + 1;
  answer->seq = is_other ? entry->own_seq + 1 : entry->own_seq;
  answer->flags = is_other ? TCP_ACK : TCP_SYN | TCP_ACK;
  return is_other ? TCP_CHALLENGED : TCP_ACCEPTED;
}

static Handshake take_segment(const Datagram *datagram, State state, Segment *answer) {
  uint64_t key = connection_key(datagram);
  uint32_t seq = read_u32(datagram->body + 4);
  uint8_t flags = datagram->body[13];
  HalfOpen *entry = find_half_open(key);
  bool is_known = entry->key == key;
  if ((flags & TCP_RST) != 0) {
    if (is_known && seq == entry->first_seq + 1)
      entry->key = 0;
    return TCP_RESET;
  }
  if ((flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && state == STATE_ANSWER)
    return accept_syn(key, seq, answer);
  if (is_known) // the third step, or data: nobody listens
    return TCP_IGNORED;
  *answer = (flags & TCP_ACK) != 0
                ? (Segment){.seq = read_u32(datagram->body + 8), .flags = TCP_RST}
                : (Segment){.ack = seq + 1, .flags = TCP_RST | TCP_ACK};
  return TCP_REFUSED;
}

#endif
