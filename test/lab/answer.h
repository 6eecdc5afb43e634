// Turns a request into the packet that its rule asks for. An answer waits in the queue with all
// that the log will say about it.
#ifndef LAB_ANSWER_H
#define LAB_ANSWER_H

#include "rules.h"
#include <stdio.h>
#include <stdlib.h>

enum { REORDERED = 1, CORRUPTED = 2, TRUNCATED = 4, COOKIE_BYTES = 16 };
static const size_t QUEUE_BYTES_MAX = (size_t)512 << 20;

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

typedef struct {
  int64_t due_ns;
  uint64_t order; // answers due at the same time leave in the order they were made
  Answer *answer;
} Entry;

// A binary heap, the answer that is due first on top.
typedef struct {
  Entry *entries;
  size_t count, room, bytes;
  uint64_t order_next;
} Queue;

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

static bool is_before(const Entry *a, const Entry *b) {
  return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void *claimed(void *memory) {
  if (memory == NULL) {
    fprintf(stderr, "reflector: out of memory\n");
    exit(1);
  }
  return memory;
}

// Queues a copy of the answer. False: the queue holds all that it may.
static bool push_answer(Queue *queue, const Answer *answer, int64_t due_ns) {
  size_t bytes = sizeof *answer + answer->length;
  if (queue->bytes + bytes > QUEUE_BYTES_MAX)
    return false;
  if (queue->count == queue->room) {
    queue->room = queue->room == 0 ? 4096 : queue->room * 2;
    queue->entries = claimed(realloc(queue->entries, queue->room * sizeof(Entry)));
  }
  Answer *copy = claimed(malloc(bytes));
  *copy = *answer;
  copy->bytes = (uint8_t *)(copy + 1);
  memcpy(copy->bytes, answer->bytes, answer->length);
  queue->bytes += bytes;
  Entry entry = {due_ns, queue->order_next++, copy};
  size_t at = queue->count++;
  for (; at > 0 && is_before(&entry, &queue->entries[(at - 1) / 2]); at = (at - 1) / 2)
    queue->entries[at] = queue->entries[(at - 1) / 2];
  queue->entries[at] = entry;
  return true;
}

// The one that is due first; to be freed by the caller.
static Answer *pop_answer(Queue *queue) {
  Answer *answer = queue->entries[0].answer;
  Entry last = queue->entries[--queue->count];
  size_t at = 0;
  for (size_t child = 1; child < queue->count; child = 2 * at + 1) {
    if (child + 1 < queue->count && is_before(&queue->entries[child + 1], &queue->entries[child]))
      child++;
    if (!is_before(&queue->entries[child], &last))
      break;
    queue->entries[at] = queue->entries[child];
    at = child;
  }
  queue->entries[at] = last;
  queue->bytes -= sizeof *answer + answer->length;
  return answer;
}

#endif
