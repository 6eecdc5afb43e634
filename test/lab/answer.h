// Turns a request into the packet that its rule asks for. An answer waits in the queue with all
// that the log will say about it.
#ifndef LAB_ANSWER_H
#define LAB_ANSWER_H

#include "queue.h"
#include "rules.h"

enum { REORDERED = 1, CORRUPTED = 2, TRUNCATED = 4, COOKIE_BYTES = 16 };

typedef enum { LOST, REPLIED, COPIED, ERROR_SENT, ACTIONS } Action;

typedef struct {
  Action action;
  unsigned marks;
  int64_t arrived_ns; // CLOCK_REALTIME
  int family;
  Address destination; // as asked
  uint16_t id, seq;
  size_t length;
  uint8_t *bytes;
} Answer;

// The offset in the payload of the byte to flip, or -1 where the payload is too short for it.
static int64_t corrupt_offset(const Table *table, const Flow *flow, size_t payload_bytes) {
  const Behaviour *behaviour = &flow->rule->behaviour;
  size_t among = payload_bytes;
  if (behaviour->corruption == CORRUPT_COOKIE && among > COOKIE_BYTES)
    among = COOKIE_BYTES;
  size_t at = behaviour->corrupt_at;
  if (behaviour->corruption != CORRUPT_BYTE && among > 0)
    at = draw(table, flow, DRAW_BYTE) % among;
  return at < among ? (int64_t)at : -1;
}

// Completes the packet around an ICMP message that is in place.
static void wrap_message(Answer *answer, const Request *request, const Behaviour *behaviour,
                         size_t icmp_length) {
  const Address *source = &request->destination;
  if (behaviour->has_source && is_mapped_v4(&behaviour->source) == (request->family == 4))
    source = &behaviour->source;
  write_header(answer->bytes, request, source, icmp_length, behaviour->ttl);
  seal_icmp(answer->bytes, answer->bytes + header_bytes(request), icmp_length);
  answer->length = header_bytes(request) + icmp_length;
}

static void write_reply(Answer *answer, const Request *request, const Table *table, Flow *flow) {
  const Behaviour *behaviour = &flow->rule->behaviour;
  uint8_t *icmp = answer->bytes + header_bytes(request);
  size_t length = request->icmp_length;
  build_reply(answer->bytes, request);
  if (fires(table, flow, TRUNCATE) && behaviour->truncate_bytes < length) {
    length = behaviour->truncate_bytes;
    answer->marks |= TRUNCATED;
  }
  bool is_corrupt = fires(table, flow, CORRUPT);
  bool is_unsealed = is_corrupt && behaviour->corruption == CORRUPT_CHECKSUM && length >= 4;
  if (is_corrupt && !is_unsealed) {
    int64_t at = corrupt_offset(table, flow, length < ICMP_BYTES ? 0 : length - ICMP_BYTES);
    is_corrupt = at >= 0;
    if (is_corrupt)
      icmp[ICMP_BYTES + at] ^= 0x55;
  }
  wrap_message(answer, request, behaviour, length);
  if (is_unsealed)
    icmp[3] ^= 0x55;
  answer->marks |= is_corrupt ? CORRUPTED : 0;
}

static void write_error(Answer *answer, const Request *request, const Behaviour *behaviour) {
  size_t quote_bytes = (size_t)behaviour->quote_bytes;
  if (behaviour->quote_bytes == QUOTE_MIN)
    quote_bytes = request->length - request->icmp_length + ICMP_BYTES;
  size_t icmp_length = build_error(answer->bytes, request, behaviour->error, quote_bytes);
  wrap_message(answer, request, behaviour, icmp_length);
}

// Queues a copy of the answer. False: the queue holds all that it may.
static bool push_answer(Queue *queue, const Answer *answer, int64_t due_ns) {
  Answer *copy = push_item(queue, sizeof *answer + answer->length, due_ns);
  if (copy == NULL)
    return false;
  *copy = *answer;
  copy->bytes = (uint8_t *)(copy + 1);
  memcpy(copy->bytes, answer->bytes, answer->length);
  return true;
}

#endif
